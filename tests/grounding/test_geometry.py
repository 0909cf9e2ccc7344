"""The affine: what goes into the model comes back to where it was."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from explorer.entities import Box, ModelFrame
from explorer.grounding.geometry import (
    box_to_grid,
    box_to_image,
    box_to_input,
    fit_frame,
    grid_to_image,
    map_to_image,
    seen_mask,
    to_grid,
    to_image,
    to_input,
    to_model_input,
    with_image_shape,
)

SHAPES = [(512, 512), (300, 200), (201, 333), (2544, 3056), (7, 1001), (1, 1), (33, 31)]
MODES = ["letterbox", "squash", "center crop"]


def frame_of(shape, mode, *, side=256, cells=32, resize=None):
    return fit_frame(
        shape, input_shape=(side, side), grid_shape=(cells, cells), mode=mode, resize=resize
    )


def test_letterbox_of_a_wide_image_pads_top_and_bottom_equally():
    frame = frame_of((100, 200), "letterbox")
    assert (frame.scale_x, frame.scale_y) == (1.28, 1.28)
    assert (frame.offset_x, frame.offset_y) == (0.0, 64.0)


def test_squash_fills_the_input_with_two_scales():
    frame = frame_of((100, 200), "squash")
    assert (frame.scale_x, frame.scale_y) == (1.28, 2.56)
    assert (frame.offset_x, frame.offset_y) == (0.0, 0.0)


def test_center_crop_resizes_the_shorter_side_then_keeps_the_middle():
    # 600 x 1200 with the shorter side at 512: 512 x 1024, of which the middle 480 x 480 is seen.
    frame = frame_of((600, 1200), "center crop", side=480, cells=15, resize=512)
    assert frame.scale_y == 512 / 600
    assert frame.scale_x == 1024 / 1200
    assert (frame.offset_x, frame.offset_y) == (-272.0, -16.0)


def test_unknown_mode_and_empty_side_are_refused():
    with pytest.raises(ValueError, match="Available: letterbox, squash, center crop"):
        frame_of((10, 10), "stretch")
    with pytest.raises(ValueError, match="at least 1 pixel"):
        frame_of((0, 10), "squash")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_points_and_boxes_round_trip(shape, mode):
    frame = frame_of(shape, mode)
    points = np.array([[0.0, 0.0], [shape[1], shape[0]], [0.3 * shape[1], 0.7 * shape[0]]])
    assert_allclose(to_image(to_input(points, frame), frame), points, atol=1e-9)
    assert_allclose(grid_to_image(to_grid(points, frame), frame), points, atol=1e-9)
    box = Box(0.1 * shape[1], 0.2 * shape[0], 0.4 * shape[1], 0.9 * shape[0])
    back = box_to_image(box_to_input(box, frame), frame)
    assert_allclose(
        [back.x_min, back.y_min, back.x_max, back.y_max],
        [box.x_min, box.y_min, box.x_max, box.y_max],
        atol=1e-9,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_frame_has_whole_offsets_and_a_whole_resized_size(shape, mode):
    frame = frame_of(shape, mode)
    assert frame.offset_x % 1 == frame.offset_y % 1 == 0
    assert_allclose(shape[0] * frame.scale_y, round(shape[0] * frame.scale_y))
    assert_allclose(shape[1] * frame.scale_x, round(shape[1] * frame.scale_x))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_model_input_of_a_constant_image_is_constant_inside_and_padded_outside(shape, mode):
    frame = frame_of(shape, mode)
    model_input = to_model_input(np.full(shape, 0.25, np.float32), frame, pad_value=-1.0)
    assert model_input.shape == (256, 256)
    assert model_input.dtype == np.float32
    rows, columns = np.mgrid[:256, :256] + 0.5
    x, y = np.moveaxis(to_image(np.stack([columns, rows], axis=-1), frame), -1, 0)
    inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
    assert_allclose(model_input[inside], 0.25, atol=1e-6)
    assert_array_equal(model_input[~inside], -1.0)


def test_halving_averages_blocks_of_two_by_two():
    pixels = np.arange(16, dtype=np.float32).reshape(4, 4)
    frame = fit_frame((4, 4), input_shape=(2, 2), grid_shape=(1, 1), mode="squash")
    expected = [[2.5, 4.5], [10.5, 12.5]]
    assert_allclose(to_model_input(pixels, frame, pad_value=0.0), expected)


def test_same_size_is_copied_exactly():
    pixels = np.random.default_rng(0).random((31, 17), dtype=np.float32)
    frame = fit_frame((31, 17), input_shape=(31, 17), grid_shape=(1, 1), mode="letterbox")
    assert_array_equal(to_model_input(pixels, frame, pad_value=0.0), pixels)


def test_crop_of_same_size_is_a_slice():
    pixels = np.random.default_rng(0).random((20, 30), dtype=np.float32)
    frame = fit_frame(
        (20, 30), input_shape=(10, 10), grid_shape=(1, 1), mode="center crop", resize=20
    )
    assert_array_equal(to_model_input(pixels, frame, pad_value=0.0), pixels[5:15, 10:20])


def test_a_ramp_keeps_its_place_at_any_scale():
    # The value of a pixel is its own x, so the input must hold the x it shows.
    for shape, side in [((100, 150), 60), ((100, 150), 400), ((333, 201), 128)]:
        ramp = np.broadcast_to(np.arange(shape[1], dtype=np.float32) + 0.5, shape)
        frame = fit_frame(shape, input_shape=(side, side), grid_shape=(4, 4), mode="center crop")
        shown = to_model_input(ramp, frame, pad_value=-1.0)
        x = to_image(np.stack([np.arange(side) + 0.5, np.zeros(side)], axis=-1), frame)[:, 0]
        assert_allclose(
            shown[side // 2], x, atol=0.51 / frame.scale_x if frame.scale_x < 1 else 1e-3
        )


def test_a_very_long_image_is_cropped_without_a_huge_copy():
    frame = frame_of((20_000, 2), "center crop")
    model_input = to_model_input(np.ones((20_000, 2), np.float32), frame, pad_value=0.0)
    assert_array_equal(model_input, np.ones((256, 256), np.float32))


def test_a_frame_with_fractions_interpolates_between_pixels():
    frame = ModelFrame((1, 4), (1, 3), (1, 1), scale_x=1.0, scale_y=1.0, offset_x=-0.5, offset_y=0)
    shown = to_model_input(np.array([[0.0, 2.0, 4.0, 6.0]], np.float32), frame, pad_value=9.0)
    assert_allclose(shown, [[1.0, 3.0, 5.0]])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(512, 512), (300, 200), (201, 333), (640, 480)])
def test_an_impulse_comes_back_within_half_a_cell(shape, mode):
    frame = frame_of(shape, mode, side=128, cells=16)
    cell = 8 / min(frame.scale_x, frame.scale_y)
    for y, x in [(shape[0] // 2, shape[1] // 2), (shape[0] // 3, shape[1] // 3)]:
        pixels = np.zeros(shape, np.float32)
        pixels[y, x] = 1.0
        model_input = to_model_input(pixels, frame, pad_value=0.0)
        grid = model_input.reshape(16, 8, 16, 8).sum(axis=(1, 3))
        back = map_to_image(grid, frame)
        row, column = np.unravel_index(np.nanargmax(back), shape)
        # The cell's centre stands for all of it: half a cell, and one pixel of rounding.
        assert abs(row - y) <= cell / 2 + 1
        assert abs(column - x) <= cell / 2 + 1


@pytest.mark.parametrize("shape", SHAPES)
def test_letterbox_and_squash_see_every_pixel(shape):
    for mode in ("letterbox", "squash"):
        frame = frame_of(shape, mode)
        assert seen_mask(frame).all()
        assert np.isfinite(map_to_image(np.ones((32, 32)), frame)).all()


def test_map_is_nan_outside_the_crop():
    frame = frame_of((100, 200), "center crop")
    image = map_to_image(np.ones((32, 32)), frame)
    assert image.shape == (100, 200)
    assert np.isnan(image[:, :50]).all()
    assert np.isnan(image[:, 150:]).all()
    assert_allclose(image[:, 50:150], 1.0, rtol=1e-6)
    assert_array_equal(seen_mask(frame), np.isfinite(image))


def test_linear_map_runs_between_cell_centres_and_holds_the_edge():
    frame = fit_frame((1, 8), input_shape=(1, 8), grid_shape=(1, 2), mode="squash")
    image = map_to_image(np.array([[0.0, 1.0]]), frame)
    # Cell centres lie at x = 2 and x = 6; pixel centres at .5, 1.5, 2.5 ...
    assert_allclose(image[0], [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1], atol=1e-6)


def test_nearest_map_repeats_the_cell():
    frame = fit_frame((2, 4), input_shape=(2, 4), grid_shape=(1, 2), mode="squash")
    image = map_to_image(np.array([[3.0, 7.0]]), frame, interpolation="nearest")
    assert_array_equal(image, [[3, 3, 7, 7], [3, 3, 7, 7]])


def test_box_on_cell_edges_covers_exactly_those_cells():
    frame = frame_of((256, 256), "squash")
    covered = box_to_grid(Box(8, 16, 24, 40), frame)
    expected = np.zeros((32, 32))
    expected[2:5, 1:3] = 1
    assert_allclose(covered, expected, atol=1e-6)


def test_box_area_is_kept_in_cells():
    frame = frame_of((300, 200), "letterbox")
    box = Box(31.5, 12.25, 77.0, 200.5)
    expected = box.area * frame.scale_x * frame.scale_y / 64
    assert_allclose(box_to_grid(box, frame).sum(), expected, rtol=1e-5)


def test_a_smaller_copy_of_the_image_lands_on_the_same_input():
    frame = frame_of((400, 300), "letterbox")
    small = with_image_shape(frame, (200, 150))
    assert_allclose(to_input([30.0, 50.0], frame), to_input([15.0, 25.0], small))


def test_wrong_shapes_are_named():
    frame = frame_of((10, 10), "squash")
    with pytest.raises(ValueError, match=r"fitted to an image of \(10, 10\)"):
        to_model_input(np.zeros((9, 10), np.float32), frame, pad_value=0.0)
    with pytest.raises(ValueError, match=r"\(h, w\) = \(32, 32\)"):
        map_to_image(np.zeros((4, 4)), frame)
