"""Pose and contrast of a training study: where the pixels go, the mask goes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from explorer.training.augment import Augmented, _warp, augment, plain_view
from explorer.training.samples import MASK_SIDE, STORED_SIDE

from .studies import square_study

SIDE, GRID = 128, 16


def view(seed: int, *, mirror: float, column: int = 64) -> Augmented:
    rng = np.random.default_rng(seed)
    return augment(square_study(column=column), rng, side=SIDE, grid=GRID, mirror=mirror)


def bright_share(pixels: np.ndarray) -> np.ndarray:
    """Share of each grid cell that is bright."""
    middle = (np.quantile(pixels, 0.995) + np.median(pixels)) / 2
    cells = (pixels > middle).astype(np.float32)
    return np.asarray(cv2.resize(cells, (GRID, GRID), interpolation=cv2.INTER_AREA))


def centre(share: np.ndarray) -> np.ndarray:
    """(row, column) of the centre of mass in cells."""
    rows, columns = np.mgrid[: share.shape[0], : share.shape[1]] + 0.5
    return np.array([(share * rows).sum(), (share * columns).sum()]) / share.sum()


@pytest.mark.parametrize("mirror", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(12))
def test_the_mask_covers_the_bright_square_wherever_it_went(seed: int, mirror: float) -> None:
    found = view(seed, mirror=mirror)
    bright, mask = bright_share(found.pixels), found.masks[0]
    assert np.abs(centre(bright) - centre(mask)).max() < 0.35  # cells
    assert np.minimum(bright, mask).sum() / np.maximum(bright, mask).sum() > 0.75


@pytest.mark.parametrize(("size", "side"), [(STORED_SIDE, SIDE), (MASK_SIDE, 2 * GRID), (32, 64)])
def test_the_middle_stays_in_the_middle_at_every_size(size: int, side: int) -> None:
    """A square in the middle looks the same from all sides; half a pixel aside it would not."""
    square = np.zeros((size, size), np.uint8)
    square[size // 4 : -size // 4, size // 4 : -size // 4] = 255
    for matrix in (np.eye(3)[:2], np.array([[-1.0, 0, 1], [0, 1, 0]])):  # as it is, mirrored
        warped = _warp(square, matrix, size=size, side=side).astype(int)
        for other in (warped[::-1], warped[:, ::-1], warped.T):
            assert np.abs(warped - other).max() <= 2


def test_masks_lie_on_their_pixels_without_a_drift() -> None:
    """Over many poses the mean distance of their centres is below a fiftieth of a cell."""
    views = [view(seed, mirror=seed % 2) for seed in range(40)]
    apart = [centre(bright_share(v.pixels)) - centre(v.masks[0]) for v in views]
    assert np.abs(np.mean(apart, axis=0)).max() < 1 / 50


@pytest.mark.parametrize("seed", range(4))
def test_mirroring_takes_the_square_to_the_other_side(seed: int) -> None:
    kept, turned = view(seed, mirror=0.0), view(seed, mirror=1.0)
    assert (kept.mirrored, turned.mirrored) == (False, True)
    assert centre(kept.masks[0])[1] < GRID / 2 < centre(turned.masks[0])[1]


def test_the_same_seed_gives_the_same_view() -> None:
    one, two, other = (view(s, mirror=0.5) for s in (3, 3, 4))
    np.testing.assert_array_equal(one.pixels, two.pixels)
    np.testing.assert_array_equal(one.masks, two.masks)
    assert not np.array_equal(one.pixels, other.pixels)


def test_masks_are_shares_and_pixels_are_standardised() -> None:
    found = view(0, mirror=0.5)
    assert found.masks.shape == (1, GRID, GRID)
    assert found.masks.min() >= 0
    assert found.masks.max() <= 1
    assert abs(found.pixels.mean()) < 0.7
    assert 0.5 < found.pixels.std() < 1.5


def test_padding_of_a_narrow_radiograph_stays_zero() -> None:
    narrow = replace(square_study(column=200), content=(STORED_SIDE, 224))
    found = augment(narrow, np.random.default_rng(0), side=SIDE, grid=GRID, mirror=0.0)
    assert (found.pixels[:, :8] == 0).all()
    assert (found.pixels[:, -8:] == 0).all()


def test_the_plain_view_is_exact() -> None:
    """Columns 64-160 of 448 are cells 2.29-5.71 of 16; rows 160-256 are 5.71-9.14."""
    found = plain_view(square_study(), side=SIDE, grid=GRID)
    assert found.masks[0].sum() == pytest.approx((96 / 448 * GRID) ** 2, rel=0.01)
    np.testing.assert_allclose(centre(found.masks[0]), [208 / 28, 112 / 28], atol=0.02)
    assert not found.mirrored
