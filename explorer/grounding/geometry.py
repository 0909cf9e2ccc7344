"""The one affine between original pixels, model input and patch grid, and what moves through it.

Points are (x, y) with pixel edges at integers, so the centre of the first pixel is (0.5, 0.5).
Every frame made here has a whole number of resized pixels and whole-pixel offsets: resizing and
pasting then agree with the affine exactly, at the price of an aspect error below half a pixel.
"""

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from explorer.entities import Box, Float32, ModelFrame

Interpolation = Literal["linear", "nearest"]
FRAME_MODES = ("letterbox", "squash", "center crop")


def fit_frame(
    image_shape: tuple[int, int],
    *,
    input_shape: tuple[int, int],
    grid_shape: tuple[int, int],
    mode: str = "letterbox",
    resize: int | None = None,
) -> ModelFrame:
    """Place an original of any shape in a model input of fixed shape.

    Args:
        image_shape: (H, W) of the original in pixels.
        input_shape: (rows, columns) of the model input.
        grid_shape: (h, w) of the patch grid.
        mode: "letterbox" keeps the aspect and pads both sides equally; "squash" fills the input
            and changes the aspect; "center crop" resizes the shorter side and keeps the middle.
        resize: Length of the shorter side before the crop; default: the longer input side,
            so that the crop has no padding. Read for "center crop" only: BioViL resizes to 512
            and keeps the middle 480.

    Raises:
        ValueError: A side is below 1 or the mode is unknown.
    """
    sides = (*image_shape, *input_shape, *grid_shape, 1 if resize is None else resize)
    if min(sides) < 1:
        raise ValueError(f"Every side of a frame must be at least 1 pixel, got {sides}.")
    height, width = image_shape
    rows, columns = input_shape
    if mode == "squash":
        new_height, new_width = rows, columns
    elif mode == "letterbox":
        scale = min(rows / height, columns / width)
        new_height = min(rows, max(1, round(height * scale)))
        new_width = min(columns, max(1, round(width * scale)))
    elif mode == "center crop":
        # The shorter side is exact and the longer one is cut down, as image libraries do it.
        shorter = max(rows, columns) if resize is None else resize
        new_height = shorter * height // min(height, width)
        new_width = shorter * width // min(height, width)
    else:
        raise ValueError(f"Unknown frame mode {mode!r}. Available: {', '.join(FRAME_MODES)}.")
    return ModelFrame(
        image_shape=(height, width),
        input_shape=(rows, columns),
        grid_shape=grid_shape,
        scale_x=new_width / width,
        scale_y=new_height / height,
        offset_x=float((columns - new_width) // 2),
        offset_y=float((rows - new_height) // 2),
    )


def to_model_input(pixels: NDArray[np.floating], frame: ModelFrame, *, pad_value: float) -> Float32:
    """Resample an original into the model input.

    Shrinking averages over areas (no aliasing), growing interpolates linearly.

    Args:
        pixels: (H, W) of `frame.image_shape`.
        frame: From `fit_frame`.
        pad_value: Written where the input lies outside the original.

    Returns:
        (rows, columns) float32.
    """
    if pixels.shape != frame.image_shape:
        raise ValueError(
            f"The frame was fitted to an image of {frame.image_shape}, got pixels {pixels.shape}."
        )
    shrunk = _shrink(np.asarray(pixels, dtype=np.float32), frame)
    rows, columns = frame.input_shape
    height, width = frame.image_shape
    # Position of every input pixel centre along the axes of the shrunk original.
    y = (np.arange(rows) + 0.5 - frame.offset_y) / (frame.scale_y * height / shrunk.shape[0])
    x = (np.arange(columns) + 0.5 - frame.offset_x) / (frame.scale_x * width / shrunk.shape[1])
    model_input = _sample(_sample(shrunk, y).T, x).T
    model_input[(y < 0) | (y >= shrunk.shape[0]), :] = pad_value
    model_input[:, (x < 0) | (x >= shrunk.shape[1])] = pad_value
    return np.ascontiguousarray(model_input)


Window = tuple[slice, slice]  # rows and columns of an image
WHOLE: Window = (slice(None), slice(None))


def map_to_image(
    values: NDArray[np.floating],
    frame: ModelFrame,
    *,
    interpolation: Interpolation = "linear",
    window: Window = WHOLE,
) -> Float32:
    """Spread grid values over the original image.

    Linear interpolation runs between cell centres and holds the outermost value up to the edge.

    Args:
        values: (h, w) of `frame.grid_shape`.
        frame: Places the grid in the original.
        interpolation: "linear" or "nearest".
        window: Part of the original that is wanted.

    Returns:
        (H, W) float32 or its window; NaN at pixels whose centre the model did not see.
    """
    if values.shape != frame.grid_shape:
        raise ValueError(f"Map values must be (h, w) = {frame.grid_shape}, got {values.shape}.")
    values = np.asarray(values, dtype=np.float32)
    y, x = _grid_centers(frame)
    y, x = y[window[0]], x[window[1]]
    if interpolation == "nearest":
        image = values[_cell(y, values.shape[0])[:, None], _cell(x, values.shape[1])[None, :]]
    elif interpolation == "linear":
        of_rows, of_columns = _linear(frame)
        image = of_rows[window[0]] @ values @ of_columns[window[1]].T
    else:
        raise ValueError(f"Unknown interpolation {interpolation!r}. Available: linear, nearest.")
    image[(y < 0) | (y >= values.shape[0]), :] = np.nan
    image[:, (x < 0) | (x >= values.shape[1])] = np.nan
    return image


def seen_mask(frame: ModelFrame) -> NDArray[np.bool_]:
    """(H, W) bool, True at pixels whose centre lies in the model input."""
    y, x = _grid_centers(frame)
    h, w = frame.grid_shape
    return ((y >= 0) & (y < h))[:, None] & ((x >= 0) & (x < w))[None, :]


def seen_pixels(frame: ModelFrame) -> int:
    """How many pixels of the original have their centre in the model input."""
    y, x = _grid_centers(frame)
    h, w = frame.grid_shape
    return int(((y >= 0) & (y < h)).sum()) * int(((x >= 0) & (x < w)).sum())


def seen_part(frame: ModelFrame) -> Box:
    """The part of the original that lies in the model input."""
    rows, columns = frame.input_shape
    height, width = frame.image_shape
    whole = box_to_image(Box(0, 0, columns, rows), frame)
    return Box(
        max(0.0, whole.x_min), max(0.0, whole.y_min),
        min(float(width), whole.x_max), min(float(height), whole.y_max),
    )  # fmt: skip


def window_of_cells(cells: NDArray[np.bool_], frame: ModelFrame) -> Window:
    """The part of the original on which linear interpolation uses any of some cells (h, w)."""
    y, x = _grid_centers(frame)
    return _reach(y, np.flatnonzero(cells.any(axis=1))), _reach(
        x, np.flatnonzero(cells.any(axis=0))
    )


def to_input(points: ArrayLike, frame: ModelFrame) -> NDArray[np.float64]:
    """Move (..., 2) points (x, y) of the original into the model input."""
    scale, offset = _affine(frame)
    return np.asarray(points, dtype=np.float64) * scale + offset


def to_image(points: ArrayLike, frame: ModelFrame) -> NDArray[np.float64]:
    """Move (..., 2) points (x, y) of the model input into the original."""
    scale, offset = _affine(frame)
    return (np.asarray(points, dtype=np.float64) - offset) / scale


def to_grid(points: ArrayLike, frame: ModelFrame) -> NDArray[np.float64]:
    """Move (..., 2) points (x, y) of the original into the grid; cell (0, 0) is [0, 1)^2."""
    return to_input(points, frame) / _cell_size(frame)


def grid_to_image(points: ArrayLike, frame: ModelFrame) -> NDArray[np.float64]:
    """Move (..., 2) points (x, y) of the grid into the original: the inverse of `to_grid`."""
    return to_image(np.asarray(points, dtype=np.float64) * _cell_size(frame), frame)


def box_to_input(box: Box, frame: ModelFrame) -> Box:
    """Move a box of the original into the model input; it may reach outside."""
    corners = to_input([[box.x_min, box.y_min], [box.x_max, box.y_max]], frame)
    return Box(*corners.ravel().tolist())


def box_to_image(box: Box, frame: ModelFrame) -> Box:
    """Move a box of the model input into the original: the inverse of `box_to_input`."""
    corners = to_image([[box.x_min, box.y_min], [box.x_max, box.y_max]], frame)
    return Box(*corners.ravel().tolist())


def box_to_grid(box: Box, frame: ModelFrame) -> Float32:
    """Share of every grid cell that a box of the original covers.

    Returns:
        (h, w) float32 in [0, 1]; the sum is the box area in cells, less what the model
        does not see. `box_to_grid(...) >= 0.5` is the usual mask.
    """
    corners = to_grid([[box.x_min, box.y_min], [box.x_max, box.y_max]], frame)
    (x_min, y_min), (x_max, y_max) = corners.tolist()
    h, w = frame.grid_shape
    return np.outer(_covered(y_min, y_max, h), _covered(x_min, x_max, w)).astype(np.float32)


def with_image_shape(frame: ModelFrame, image_shape: tuple[int, int]) -> ModelFrame:
    """The same placement for a smaller or larger copy of the original."""
    height, width = frame.image_shape
    return ModelFrame(
        image_shape=image_shape,
        input_shape=frame.input_shape,
        grid_shape=frame.grid_shape,
        scale_x=frame.scale_x * width / image_shape[1],
        scale_y=frame.scale_y * height / image_shape[0],
        offset_x=frame.offset_x,
        offset_y=frame.offset_y,
    )


def _affine(frame: ModelFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.array([frame.scale_x, frame.scale_y]),
        np.array([frame.offset_x, frame.offset_y]),
    )


def _cell_size(frame: ModelFrame) -> NDArray[np.float64]:
    """(2,) width and height of a grid cell in model-input pixels."""
    (rows, columns), (h, w) = frame.input_shape, frame.grid_shape
    return np.array([columns / w, rows / h])


# Every phrase of a film asks for the same frame: what depends on it alone is kept for a few.
@lru_cache(maxsize=8)
def _grid_centers(frame: ModelFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Grid coordinates of the pixel centres of the original: rows (H,) and columns (W,)."""
    height, width = frame.image_shape
    (rows, columns), (h, w) = frame.input_shape, frame.grid_shape
    per_row, per_column = frame.scale_y * (h / rows), frame.scale_x * (w / columns)
    y = (np.arange(height, dtype=np.float64) + 0.5) * per_row + frame.offset_y * (h / rows)
    x = (np.arange(width, dtype=np.float64) + 0.5) * per_column + frame.offset_x * (w / columns)
    return y, x


def _reach(position: NDArray[np.float64], cells: NDArray[np.intp]) -> slice:
    """Pixels within one cell of the centre of a cell of `cells`; both increase."""
    if cells.size == 0:
        return slice(0, 0)
    first, last = np.searchsorted(position, [cells[0] - 0.5, cells[-1] + 1.5])
    return slice(int(first), int(last))


@lru_cache(maxsize=8)
def _linear(frame: ModelFrame) -> tuple[Float32, Float32]:
    """Interpolation weights of the rows (H, h) and columns (W, w) of the original."""
    y, x = _grid_centers(frame)
    h, w = frame.grid_shape
    return _weights(y, h), _weights(x, w)


def _cell(position: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    return np.clip(np.floor(position), 0, count - 1).astype(np.intp)


def _weights(position: NDArray[np.float64], count: int) -> Float32:
    """(N, count) linear interpolation weights between cell centres; every row sums to 1."""
    centered = np.clip(position - 0.5, 0, count - 1)
    below = np.minimum(np.floor(centered).astype(np.intp), max(count - 2, 0))
    share = (centered - below).astype(np.float32)
    weights = np.zeros((position.size, count), dtype=np.float32)
    index = np.arange(position.size)
    weights[index, below] = 1 - share
    weights[index, np.minimum(below + 1, count - 1)] += share
    return weights


def _covered(start: float, stop: float, count: int) -> NDArray[np.float64]:
    """(count,) length of [start, stop) inside each unit cell."""
    edges = np.arange(count + 1, dtype=np.float64)
    return np.clip(np.minimum(stop, edges[1:]) - np.maximum(start, edges[:-1]), 0.0, 1.0)


def _shrink(pixels: Float32, frame: ModelFrame) -> Float32:
    """Average over areas along the axes that the frame shrinks; leave the others alone."""
    height, width = frame.image_shape
    rows = max(1, round(height * frame.scale_y)) if frame.scale_y < 1 else height
    columns = max(1, round(width * frame.scale_x)) if frame.scale_x < 1 else width
    if (rows, columns) == (height, width):
        return pixels
    return np.asarray(cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA))


def _sample(pixels: Float32, position: NDArray[np.float64]) -> Float32:
    """Rows of `pixels` at positions counted from the first edge, linear between row centres."""
    last = pixels.shape[0] - 1
    centered = np.clip(position - 0.5, 0, last)
    below = np.floor(centered).astype(np.intp)
    share = (centered - below).astype(np.float32)[:, None]
    return pixels[below] * (1 - share) + pixels[np.minimum(below + 1, last)] * share
