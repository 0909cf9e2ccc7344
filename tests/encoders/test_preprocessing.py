"""Standardising pixels: over the radiograph alone, 0 around it, never a division by nothing."""

import numpy as np

from explorer.encoders.preprocessing import standardise

INSIDE = np.zeros((4, 6), dtype=bool)
INSIDE[:, 1:5] = True


def test_mean_is_zero_and_deviation_one_inside_the_radiograph() -> None:
    pixels = np.random.default_rng(0).random((4, 6))
    found = standardise(pixels, INSIDE)
    assert found.dtype == np.float32
    assert abs(found[INSIDE].mean()) < 1e-6
    assert abs(found[INSIDE].std() - 1) < 0.01  # 0.001 is added to the deviation


def test_padding_is_zero_and_does_not_count() -> None:
    pixels = np.random.default_rng(0).random((4, 6))
    changed = np.where(INSIDE, pixels, 1e6)
    found = standardise(changed, INSIDE)
    assert (found[~INSIDE] == 0).all()
    np.testing.assert_array_equal(found, standardise(pixels, INSIDE))


def test_a_constant_image_is_all_zero() -> None:
    np.testing.assert_array_equal(standardise(np.full((3, 3), 0.4)), np.zeros((3, 3)))


def test_an_image_that_is_all_padding_is_all_zero() -> None:
    found = standardise(np.full((3, 3), np.nan), np.zeros((3, 3), dtype=bool))
    np.testing.assert_array_equal(found, np.zeros((3, 3), np.float32))


def test_the_input_is_left_as_it_was() -> None:
    pixels = np.random.default_rng(0).random((4, 6))
    before = pixels.copy()
    standardise(pixels, INSIDE)
    np.testing.assert_array_equal(pixels, before)
