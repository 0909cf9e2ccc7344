"""Similarity maps: the numbers of a published reference, and one product for any phrases."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from explorer.embeddings import Scoring
from explorer.entities import ModelFrame, PatchGrid
from explorer.grounding.geometry import fit_frame, map_to_image
from explorer.grounding.similarity import (
    cosine_image,
    cosines,
    score_image,
    similarity_maps,
    smooth,
)

# Patches, a text and maps computed by the released BioViL code (ECCV 2022); numbers only.
REFERENCE = np.load(Path(__file__).parent.parent / "data" / "biovil_grounding.npz")


def reference_grid() -> PatchGrid:
    frame = fit_frame((30, 20), input_shape=(70, 60), grid_shape=(7, 6), mode="squash")
    return PatchGrid(values=REFERENCE["patches"].astype(np.float32), frame=frame)


def maps_of(text, **options):
    grid = reference_grid()
    return similarity_maps(
        cosines(grid, text),
        [f"phrase {i}" for i in range(len(text))],
        frame=grid.frame,
        scoring=Scoring(10.0, -2.0, "max"),
        **options,
    )


def test_cosines_equal_the_reference():
    (found,) = maps_of(REFERENCE["text"])
    assert_allclose(found.cosine, REFERENCE["raw"], atol=1e-6)


def test_smoothing_by_one_and_a_half_patches_equals_the_reference():
    (found,) = maps_of(REFERENCE["text"], smoothing_sigma=1.5)
    assert_allclose(found.cosine, REFERENCE["smooth"], atol=1e-6)


def test_map_without_a_crop_equals_the_reference():
    (found,) = maps_of(REFERENCE["text"], smoothing_sigma=1.5)
    assert_allclose(cosine_image(found), REFERENCE["resized_no_crop_bilinear"], atol=1e-6)


def test_map_inside_a_crop_equals_the_reference_and_is_nan_outside():
    # The reference crops 25 x 25 of 30 x 40 pixels; an odd rest goes to the right and below.
    frame = ModelFrame((30, 40), (25, 25), (7, 6), 1.0, 1.0, offset_x=-7.0, offset_y=-2.0)
    image = map_to_image(REFERENCE["smooth"], frame)
    assert_allclose(image, REFERENCE["resized_crop_bilinear"], atol=1e-6, equal_nan=True)


def test_nearest_map_equals_the_reference_but_for_its_half_pixel():
    # The reference looks up a pixel at its upper left corner, this project at its centre: shifted
    # by half a pixel (and a hair against rounding) the two agree.
    scale_x, scale_y = 6 / 20, 7 / 30
    offset_x, offset_y = 1e-9 - scale_x / 2, 1e-9 - scale_y / 2
    frame = ModelFrame((30, 20), (7, 6), (7, 6), scale_x, scale_y, offset_x, offset_y)
    image = map_to_image(REFERENCE["smooth"], frame, interpolation="nearest")
    assert_allclose(image, REFERENCE["resized_no_crop_nearest"], atol=1e-6)


def test_many_phrases_at_once_equal_one_by_one():
    rng = np.random.default_rng(0)
    text = rng.normal(size=(12, 8)).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    together = maps_of(text)
    assert [found.phrase for found in together] == [f"phrase {i}" for i in range(12)]
    for row, found in zip(text, together, strict=True):
        assert_allclose(found.cosine, maps_of(row[None])[0].cosine, atol=1e-6)


def test_no_phrase_gives_no_map():
    assert maps_of(np.zeros((0, 8), np.float32)) == ()


def test_a_patch_and_its_own_vector_have_cosine_one_and_never_more():
    text = reference_grid().values[2, 3][None]
    (found,) = maps_of(text)
    assert_allclose(found.cosine[2, 3], 1.0, atol=1e-6)
    assert found.cosine.max() <= 1.0


def test_score_is_the_sigmoid_of_scaled_cosine():
    (found,) = maps_of(REFERENCE["text"])
    expected = 1 / (1 + np.exp(-(10.0 * REFERENCE["raw"] - 2.0)))
    assert_allclose(found.score, expected, atol=1e-6)
    assert_allclose(found.score_of(found.cosine), found.score, atol=1e-6)
    image = score_image(found)
    assert image.min() >= 0
    assert image.max() <= 1


def test_a_huge_scale_saturates_without_warning():
    (found,) = maps_of(REFERENCE["text"])
    steep = np.array([-1e6, 0.2, 1e6], np.float32)
    assert_allclose(found.score_of(steep), [0.0, 0.5, 1.0], atol=1e-6)


def test_smoothing_keeps_a_constant_and_refuses_a_negative_width():
    assert_array_equal(smooth(np.ones((4, 5)), sigma=0), np.ones((4, 5), np.float32))
    assert_allclose(smooth(np.ones((4, 5)), sigma=2.0), 1.0, rtol=1e-6)
    with pytest.raises(ValueError, match="0 or more patches"):
        smooth(np.ones((2, 2)), sigma=-1)


def test_wrong_shapes_and_nan_are_named():
    with pytest.raises(ValueError, match=r"\(phrases, 8\)"):
        maps_of(np.ones((1, 5), np.float32))
    with pytest.raises(ValueError, match="must be finite"):
        maps_of(np.full((1, 8), np.nan, np.float32))
