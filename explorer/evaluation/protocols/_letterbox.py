"""The frame that AFLoc's scorer and its followers measure in: a padded square without margin."""

from dataclasses import dataclass

import numpy as np

from explorer.entities import Box, ModelFrame
from explorer.evaluation.asked import THRESHOLDS, Asked, Floats, share
from explorer.evaluation.spread import Rectangle, Spread, disjoint
from explorer.evaluation.surface import contrast

SIGMA = 1.5
CROP, RESIZE = 448, 512


@dataclass(frozen=True, slots=True)
class Measured:
    """(P,) figures in the square; NaN where nothing can be measured."""

    iou: Floats
    dice: Floats
    cnr: Floats
    pointing: Floats


def measure_in_square(asked: Asked, *, side: int, sigma: float = SIGMA) -> Measured:
    """Figures of `asked` in a square of `side` pixels, inside its central 448 / 512.

    Places are boxes, rounded down as the published code does; masks are not measured.
    """
    frame = square_frame(asked.frame, side=side)
    places = [
        disjoint([square_box(box, asked.frame.image_shape, side=side) for box in case.boxes],
                 (side, side))
        for case in asked.cases
    ]  # fmt: skip
    found = Spread(asked.smoothed(sigma), frame, places, window=window(side))
    spans = found.highest - found.lowest
    # On the map rescaled to [-1, 1].
    shares = (np.array(THRESHOLDS) + 1) / 2
    total, inside = found.above(found.lowest[:, None] + spans[:, None] * shares)
    union = total + found.inside[:, None] - inside
    some = (total > 0) & (found.inside[:, None] > 0)
    overlap = np.where(some, share(inside, union), np.nan)
    dice = np.where(some, share(2 * inside, total + found.inside[:, None]), np.nan)
    # A map without contrast cannot be rescaled.
    known = asked.placed & (found.inside > 0) & (spans > 0)
    peaks = found.peaks.tolist()
    hit = [
        any(a <= row < b and c <= column < d for a, b, c, d in place)
        for place, (row, column) in zip(places, peaks, strict=True)
    ]
    return Measured(
        *(
            np.where(known, figure, np.nan)
            for figure in (
                overlap.mean(axis=1),
                dice.mean(axis=1),
                np.nan_to_num(contrast(found.moments()), posinf=0.0, neginf=0.0),
                np.array(hit, np.float64),
            )
        )
    )


def square_frame(frame: ModelFrame, *, side: int) -> ModelFrame:
    """The same grid placed in the padded square instead of the original.

    The image is resized to whole pixels, boxes by the exact scale: as published.
    """
    scale, left, top = _placement(frame.image_shape, side)
    longer = max(frame.image_shape)
    down, across = (
        (side if length == longer else max(int(length * scale), 1)) / length
        for length in frame.image_shape
    )
    return ModelFrame(
        image_shape=(side, side),
        input_shape=frame.input_shape,
        grid_shape=frame.grid_shape,
        scale_x=frame.scale_x / across,
        scale_y=frame.scale_y / down,
        offset_x=frame.offset_x - left * frame.scale_x / across,
        offset_y=frame.offset_y - top * frame.scale_y / down,
    )


def square_box(box: Box, image_shape: tuple[int, int], *, side: int) -> Rectangle:
    """A box of the original in the square: place and size each rounded down."""
    scale, left, top = _placement(image_shape, side)
    x, y, width, height = box.to_xywh()
    column, row = int(np.floor(x * scale + left)), int(np.floor(y * scale + top))
    return row, row + int(height * scale), column, column + int(width * scale)


def window(side: int) -> Rectangle:
    """The central part that is scored."""
    inner = CROP * side // RESIZE
    first = (side - inner) // 2
    return first, first + inner, first, first + inner


def _placement(image_shape: tuple[int, int], side: int) -> tuple[float, int, int]:
    """Scale, left and top of the original in the square."""
    height, width = image_shape
    scale = side / max(image_shape)
    left = (side - int(width * scale)) // 2 if height >= width else 0
    top = (side - int(height * scale)) // 2 if width > height else 0
    return scale, left, top
