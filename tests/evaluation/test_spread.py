"""Figures without pixels are those of the pixels: compared with maps that were spread."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import Box
from explorer.evaluation.grounding import box_mask
from explorer.evaluation.spread import Spread, disjoint, rectangles
from explorer.grounding.geometry import fit_frame, map_to_image

MODES = ("letterbox", "squash", "center crop")


def scene(seed: int):
    """Two maps in some frame, whole numbers in some of them, each with up to three boxes."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(3, 80, 2))
    h, w = (int(n) for n in rng.integers(1, 11, 2))
    shape = (h * int(rng.integers(1, 9)), w * int(rng.integers(1, 9)))
    frame = fit_frame((height, width), input_shape=shape, grid_shape=(h, w), mode=MODES[seed % 3])
    values = rng.normal(size=(2, h, w))
    if seed % 5 == 0:
        values = np.round(values)
    corners = rng.uniform(0, [width - 1, height - 1], (2, 3, 2))
    sizes = rng.uniform(0.2, [width, height], (2, 3, 2))
    boxes = [
        [Box(*c, *(c + s)) for c, s in zip(corners[p], sizes[p], strict=True)][: seed % 4]
        for p in range(2)
    ]
    return frame, values, boxes, rng.normal(size=(2, 4))


@pytest.mark.parametrize("seed", range(60))
def test_every_figure_is_that_of_the_pixels(seed: int) -> None:
    frame, values, boxes, limits = scene(seed)
    found = Spread(values, frame, [rectangles(b, frame.image_shape) for b in boxes])
    total, inside = found.above(limits)
    moments = found.moments()
    for p in range(2):
        image = map_to_image(values[p], frame).astype(np.float64)
        mask, seen = box_mask(boxes[p], image_shape=frame.image_shape), np.isfinite(image)
        assert (found.seen, found.place[p]) == (seen.sum(), mask.sum())
        assert found.inside[p] == (mask & seen).sum()
        assert_allclose(
            [found.lowest[p], found.highest[p]], [np.nanmin(image), np.nanmax(image)], atol=1e-5
        )
        assert_allclose(image[tuple(found.peaks[p])], np.nanmax(image), atol=1e-5)
        for t in range(4):
            above = np.where(seen, image, -9.0) > limits[p, t]
            # The pixels are in single precision: one may fall to the other side.
            assert abs(total[p, t] - above.sum()) <= 1
            assert abs(inside[p, t] - (above & mask).sum()) <= 1
        for values_of, mean, variance in (
            (image[mask & seen], moments.mean_in[p], moments.variance_in[p]),
            (image[~mask & seen], moments.mean_out[p], moments.variance_out[p]),
        ):
            if values_of.size:
                assert_allclose([mean, variance], [values_of.mean(), values_of.var()], atol=1e-5)
            else:
                assert np.isnan(mean)


def test_by_hand_on_two_cells() -> None:
    # Cells 0 and 8 over 4 pixels: pixel centres at 0.25, 0.75, 1.25, 1.75 cells give 0, 2, 6, 8.
    frame = fit_frame((1, 4), input_shape=(1, 2), grid_shape=(1, 2), mode="squash")
    found = Spread(np.array([[[0.0, 8.0]]]), frame, [[(0, 1, 2, 4)]])
    moments = found.moments()
    assert (moments.mean_in[0], moments.mean_out[0]) == (7.0, 1.0)
    assert (moments.variance_in[0], moments.variance_out[0]) == (1.0, 1.0)
    total, inside = found.above(np.array([[1.0, 2.0, 6.0, 8.0]]))
    assert total.tolist() == [[3.0, 2.0, 1.0, 0.0]]
    assert inside.tolist() == [[2.0, 2.0, 1.0, 0.0]]
    assert found.peaks.tolist() == [[0, 3]]


def test_a_pixel_at_the_threshold_is_not_above_it() -> None:
    frame = fit_frame((2, 2), input_shape=(2, 2), grid_shape=(2, 2), mode="squash")
    found = Spread(np.array([[[1.0, 1.0], [2.0, 2.0]]]), frame, [[(0, 1, 0, 2)]])
    total, inside = found.above(np.array([[0.5, 1.0, 2.0]]))
    assert total.tolist() == [[4.0, 2.0, 0.0]]
    assert inside.tolist() == [[2.0, 0.0, 0.0]]


def test_the_first_maximum_in_reading_order_counts() -> None:
    frame = fit_frame((4, 4), input_shape=(2, 2), grid_shape=(2, 2), mode="squash")
    found = Spread(np.array([[[0.0, 1.0], [1.0, 0.0]], [[5.0, 5.0], [5.0, 5.0]]]), frame, [[], []])
    assert found.peaks.tolist() == [[0, 3], [0, 0]]


def test_a_window_is_all_that_is_looked_at() -> None:
    frame = fit_frame((4, 4), input_shape=(2, 2), grid_shape=(2, 2), mode="squash")
    values = np.array([[[9.0, 0.0], [0.0, 0.0]]])
    place = [[(0, 3, 0, 3)]]
    found = Spread(values, frame, place, window=(1, 3, 1, 3))
    image = map_to_image(values[0], frame)[1:3, 1:3]
    assert (found.seen, found.place[0], found.inside[0]) == (4, 9, 4)
    assert_allclose(found.highest[0], image.max(), atol=1e-6)
    assert_allclose(found.moments().mean_in[0], image.mean(), atol=1e-6)


def test_a_place_that_was_not_seen_has_no_mean() -> None:
    frame = fit_frame((4, 8), input_shape=(2, 2), grid_shape=(2, 2), mode="center crop")
    found = Spread(np.ones((1, 2, 2)), frame, [[(0, 4, 0, 2)]])
    assert (found.place[0], found.inside[0]) == (8, 0)
    assert np.isnan(found.moments().mean_in[0])
    assert found.above(np.array([[0.5]]))[1].tolist() == [[0.0]]


def test_overlapping_rectangles_become_disjoint_ones_of_the_same_pixels() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        first, left = rng.integers(0, 8, (2, 4))
        given = [
            (int(a), int(a + rng.integers(1, 6)), int(c), int(c + rng.integers(1, 6)))
            for a, c in zip(first, left, strict=True)
        ]
        expected, made = np.zeros((10, 9), int), np.zeros((10, 9), int)
        for a, b, c, d in given:
            expected[a:b, c:d] = 1
        for a, b, c, d in disjoint(given, (10, 9)):
            made[a:b, c:d] += 1
        assert (made == expected).all()
