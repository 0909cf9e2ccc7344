"""Published preprocessing: the same pixels as the published code, and a frame that leads back."""

import cv2
import numpy as np
import pytest

from explorer.adapters._preprocessing import (
    OPENAI_MEAN,
    OPENAI_STD,
    Preprocessing,
)
from explorer.entities import Float32
from explorer.grounding.geometry import to_image, to_input

SHAPES = [(60, 47), (47, 60), (101, 80), (31, 40), (50, 50)]
CLIP = Preprocessing((32, 32), "shorter side", "bicubic", 40, OPENAI_MEAN, OPENAI_STD)
GLORIA = Preprocessing((28, 28), "longer side", "area", 32, nearest_half=True)
SQUASH = Preprocessing((24, 32), "both sides", "bilinear")
PADDED = Preprocessing((24, 24), "pad to square", "bilinear")
ALL = [CLIP, GLORIA, SQUASH, PADDED]


def film(shape: tuple[int, int]) -> Float32:
    """Smooth, in whole steps of 1/255 as an 8-bit file has them."""
    noise = np.random.default_rng(3).random(shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.round((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.float32) / 255


@pytest.mark.parametrize("shape", SHAPES)
def test_clip_preprocessing_is_that_of_transformers(shape: tuple[int, int]) -> None:
    from transformers import CLIPImageProcessorPil

    pixels = film(shape)
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32}
    )
    eight_bit = np.repeat(np.round(pixels * 255).astype(np.uint8)[..., None], 3, axis=-1)
    expected = processor(eight_bit, return_tensors="np")["pixel_values"]
    frame = CLIP.frame(*shape, grid_shape=(4, 4))
    found = CLIP.network_input([CLIP.model_input(pixels, frame)])
    # They round to 8 bits after each of two passes, and .26 is the deviation.
    assert np.abs(found - expected).max() < 1.25 / 255 / 0.26
    assert np.abs(found - expected).mean() < 0.4 / 255 / 0.26


@pytest.mark.parametrize("shape", SHAPES)
def test_letterbox_of_gloria(shape: tuple[int, int]) -> None:
    """Longer side to 32 with cv2.INTER_AREA, black to a square, middle 28, (x - .5) / .5."""
    pixels = film(shape)
    longest = max(shape)
    height, width = (int(side * (32 / longest)) for side in shape)
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((32, 32), np.float32)
    top, left = (32 - height) // 2, (32 - width) // 2
    canvas[top : top + height, left : left + width] = resized
    expected = (canvas[2:30, 2:30] - 0.5) / 0.5
    frame = GLORIA.frame(*shape, grid_shape=(4, 4))
    found = GLORIA.network_input([GLORIA.model_input(pixels, frame)])
    assert found.shape == (1, 3, 28, 28)
    np.testing.assert_allclose(found[0], np.stack([expected] * 3), atol=1e-6)


@pytest.mark.parametrize("preprocessing", ALL, ids=lambda p: p.resize)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_bright_square_is_found_again_in_the_original(
    preprocessing: Preprocessing, shape: tuple[int, int]
) -> None:
    """The centre of brightness of the input, led back through the frame, is that of the square."""
    pixels = np.zeros(shape, np.float32)
    top, left = shape[0] // 2 - 9, shape[1] // 2 + 3
    pixels[top : top + 6, left : left + 6] = 1.0
    frame = preprocessing.frame(*shape, grid_shape=(4, 4))
    seen = np.nan_to_num(preprocessing.model_input(pixels, frame))
    rows, columns = np.indices(seen.shape) + 0.5
    x, y = to_image(np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum(), frame)
    assert abs(x - (left + 3)) < 0.1
    assert abs(y - (top + 3)) < 0.1


@pytest.mark.parametrize("preprocessing", ALL, ids=lambda p: p.resize)
@pytest.mark.parametrize("shape", SHAPES)
def test_padding_is_marked_exactly_where_the_frame_says(
    preprocessing: Preprocessing, shape: tuple[int, int]
) -> None:
    frame = preprocessing.frame(*shape, grid_shape=(4, 4))
    seen = preprocessing.model_input(np.ones(shape, np.float32), frame)
    rows, columns = preprocessing.input_shape
    centres = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), -1)
    x, y = np.moveaxis(to_image(centres, frame), -1, 0)
    inside = (x > 0) & (x < shape[1]) & (y > 0) & (y < shape[0])
    differs = np.isnan(seen) == inside
    if preprocessing.resize == "pad to square":  # the smoothing reaches half a pixel further
        edge = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5))) - inside
        differs &= edge == 0
    assert not differs.any()
    np.testing.assert_allclose(to_input(to_image(centres, frame), frame), centres, atol=1e-9)


def test_padding_is_black_before_mean_and_deviation() -> None:
    found = CLIP.network_input([np.full((32, 32), np.nan, np.float32)])
    np.testing.assert_allclose(found[0, :, 0, 0], -np.array(OPENAI_MEAN) / OPENAI_STD, rtol=1e-6)


def test_odd_margins_are_halved_as_published() -> None:
    """47 to 40 rows of 43: transformers cuts 1 of 3 above, torchvision rounds 1.5 to 2."""
    shape = (43, 40)
    theirs = Preprocessing((40, 40), "shorter side", "bilinear", 40)
    even = Preprocessing((40, 40), "shorter side", "bilinear", 40, nearest_half=True)
    assert theirs.frame(*shape, grid_shape=(4, 4)).offset_y == -1
    assert even.frame(*shape, grid_shape=(4, 4)).offset_y == -2


def test_the_steps_are_said_in_order() -> None:
    assert CLIP.steps()[0] == "shorter side to 40 px (bicubic)"
    assert GLORIA.steps()[1].startswith("middle 28 x 28 px")
    assert len(SQUASH.steps()) == 2
