"""Regions: thresholds by three rules, boxes and contours in original pixels."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import Box, SimilarityMap
from explorer.grounding.geometry import box_to_grid, fit_frame
from explorer.grounding.regions import find_regions, otsu_threshold

SCALE, BIAS = 20.0, -10.0  # cosine .5 is a score of .5, cosine 1 is almost 1, cosine 0 almost 0


def map_of(*boxes: Box, shape=(512, 512), mode="squash", values=None) -> SimilarityMap:
    frame = fit_frame(shape, input_shape=(256, 256), grid_shape=(32, 32), mode=mode)
    cosine = sum((box_to_grid(box, frame) for box in boxes), np.zeros((32, 32), np.float32))
    if values is not None:
        cosine = np.full((32, 32), values, np.float32)
    return SimilarityMap("a phrase", np.clip(cosine, -1, 1), SCALE, BIAS, frame)


def test_one_box_comes_back_within_half_a_cell():
    box = Box(96, 160, 224, 288)
    threshold, (region,) = find_regions(map_of(box), rule="fixed", threshold=0.5)
    assert threshold == 0.5
    found = [region.box.x_min, region.box.y_min, region.box.x_max, region.box.y_max]
    assert_allclose(found, [96, 160, 224, 288], atol=8)
    assert region.peak > 0.99
    assert_allclose(region.area_fraction, box.area / 512**2, rtol=0.1)


def test_two_boxes_give_two_regions_and_a_flat_map_none():
    two = map_of(Box(64, 64, 160, 160), Box(320, 320, 448, 480))
    assert len(find_regions(two, rule="fixed", threshold=0.5)[1]) == 2
    for rule in ("fixed", "otsu", "calibrated"):
        flat = map_of(values=0.0)
        assert find_regions(flat, rule=rule, threshold=0.5, calibrated=0.5)[1] == ()


def test_the_highest_peak_comes_first():
    frame_map = map_of(Box(64, 64, 160, 160))
    cosine = frame_map.cosine.copy()
    cosine[20:26, 20:26] = 0.6
    both = SimilarityMap("a phrase", cosine, SCALE, BIAS, frame_map.frame)
    first, second = find_regions(both, rule="fixed", threshold=0.5)[1]
    assert first.peak > second.peak
    assert first.box.x_max < 200 < second.box.x_min


@pytest.mark.parametrize("shape", [(3000, 2000), (201, 333), (512, 40)])
@pytest.mark.parametrize("mode", ["squash", "letterbox", "center crop"])
def test_boxes_and_contours_are_in_original_pixels(shape, mode):
    height, width = shape
    # The middle third of the shorter side is seen in every mode.
    half = max(0.5, min(shape) / 6)
    box = Box(width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half)
    _, regions = find_regions(map_of(box, shape=shape, mode=mode), rule="otsu")
    (region,) = regions
    slack = max(height, width) / 32 + 1
    assert abs(region.box.center[0] - width / 2) <= slack
    assert abs(region.box.center[1] - height / 2) <= slack
    assert 0 <= region.box.x_min < region.box.x_max <= width
    assert 0 <= region.box.y_min < region.box.y_max <= height
    assert_allclose(region.contour.min(axis=0), [region.box.x_min, region.box.y_min], atol=0.01)
    assert_allclose(region.contour.max(axis=0), [region.box.x_max, region.box.y_max], atol=0.01)


@pytest.mark.parametrize("mode", ["squash", "letterbox"])
@pytest.mark.parametrize("shape", [(3000, 2000), (600, 1500)])
def test_a_box_off_the_middle_of_a_film_that_is_not_square_comes_back(shape, mode):
    """Columns 10 % to 30 %, rows 60 % to 90 %: no edge is where another one could be."""
    height, width = shape
    box = Box(0.1 * width, 0.6 * height, 0.3 * width, 0.9 * height)
    _, (region,) = find_regions(map_of(box, shape=shape, mode=mode), rule="fixed", threshold=0.5)
    found = [region.box.x_min, region.box.y_min, region.box.x_max, region.box.y_max]
    cell = max(shape) / 32
    assert_allclose(found, [box.x_min, box.y_min, box.x_max, box.y_max], atol=cell)


@pytest.mark.parametrize("shape", [(1000, 3), (7, 900), (201, 333), (3001, 2003)])
def test_a_map_that_is_bright_everywhere_is_the_whole_film_to_the_pixel(shape):
    """Regions are found on a smaller copy; each axis has a scale of its own, by its rounding."""
    _, (region,) = find_regions(map_of(values=1.0, shape=shape), rule="fixed", threshold=0.5)
    found = [region.box.x_min, region.box.y_min, region.box.x_max, region.box.y_max]
    assert_allclose(found, [0, 0, shape[1], shape[0]], atol=1e-3)
    assert_allclose(region.contour.max(axis=0), [shape[1], shape[0]], atol=1e-3)


def test_contour_encloses_the_area_of_its_region():
    _, (region,) = find_regions(map_of(Box(96, 160, 224, 288)), rule="fixed", threshold=0.5)
    assert region.contour.dtype == np.float32
    assert_allclose(cv2.contourArea(region.contour), region.area_fraction * 512 * 512, rtol=0.03)


@pytest.mark.parametrize("mode", ["letterbox", "center crop"])
@pytest.mark.parametrize("shape", [(300, 200), (90, 700)])
def test_looking_near_high_cells_alone_finds_what_looking_everywhere_finds(mode, shape):
    """Otsu looks at every pixel; the same threshold, given, looks only where cells exceed it."""
    values = np.random.default_rng(3).normal(0.4, 0.15, (32, 32)).astype(np.float32)
    values[0, :3], values[-1, -1], values[10:20, 12:18] = 0.9, 0.9, 0.9
    frame = fit_frame(shape, input_shape=(256, 256), grid_shape=(32, 32), mode=mode)
    map = SimilarityMap("a phrase", values, SCALE, BIAS, frame)
    cut, everywhere = find_regions(map, rule="otsu")
    _, near = find_regions(map, rule="fixed", threshold=cut)
    assert len(near) == len(everywhere) > 1
    for one, other in zip(near, everywhere, strict=True):
        assert one.box == other.box
        assert_allclose(one.contour, other.contour)
        assert_allclose([one.peak, one.area_fraction], [other.peak, other.area_fraction], atol=1e-6)


def test_a_speck_is_dropped():
    frame = fit_frame((512, 512), input_shape=(512, 512), grid_shape=(512, 512), mode="squash")
    cosine = np.zeros((512, 512), np.float32)
    cosine[100:103, 100:103] = 1  # 9 pixels, below .0005 of 262,144
    cosine[300:340, 300:340] = 1
    found = find_regions(
        SimilarityMap("a phrase", cosine, SCALE, BIAS, frame), rule="fixed", threshold=0.5
    )[1]
    assert len(found) == 1
    assert found[0].box.iou(Box(300, 300, 340, 340)) > 0.9


def test_unseen_parts_are_never_in_a_region():
    _, (region,) = find_regions(
        map_of(values=1.0, shape=(100, 200), mode="center crop"), rule="fixed", threshold=0.5
    )
    assert region.box == Box(50, 0, 150, 100)
    assert region.area_fraction == 1.0


def test_a_single_pixel_is_a_region_of_its_own():
    _, (region,) = find_regions(map_of(values=1.0, shape=(1, 1)), rule="fixed", threshold=0.5)
    assert region.box == Box(0, 0, 1, 1)


def test_otsu_separates_two_heaps():
    values = np.array([0.1, 0.12, 0.14] * 20 + [0.8, 0.82] * 5)
    assert 0.14 < otsu_threshold(values) <= 0.8
    assert otsu_threshold(np.full(9, 0.3)) == 0.3


def test_missing_and_wrong_thresholds_are_named():
    with pytest.raises(
        ValueError, match="'calibrated' needs a threshold between 0 and 1, got None"
    ):
        find_regions(map_of(values=0.5))
    with pytest.raises(ValueError, match=r"got 1\.5"):
        find_regions(map_of(values=0.5), rule="fixed", threshold=1.5)
    with pytest.raises(ValueError, match="Available: calibrated, otsu, fixed"):
        find_regions(map_of(values=0.5), rule="best")
