"""Boxes of tables, which must lie inside their image."""

from collections.abc import Sequence

from explorer.entities import Box
from explorer.errors import DataSetError

OWN_PIXELS = "Give boxes in pixels of the image file, or correct the row."
"""Remedy for the tables that a person writes for training."""

# Published boxes are rounded; what reaches out further is a mistake. Share of a side, and pixels.
_SLACK, _SLACK_PIXELS = 0.01, 2.0


def box_inside(
    corners: Sequence[object],
    shape: tuple[int, int],
    *,
    xywh: bool,
    where: str,
    remedy: str = "Boxes must be in pixels of the published image.",
) -> Box:
    """A box in pixels of an image (H, W), cut at its edges.

    Args:
        corners: x, y, width, height, or x_min, y_min, x_max, y_max.
        shape: Of the image.
        xywh: Which of both.
        where: What the message says of its place: "row 3 of 'boxes.csv'".
        remedy: What to do about one that reaches out.

    Raises:
        DataSetError: It is no box, has no size, or reaches out of the image.
    """
    height, width = shape
    try:
        a, b, c, d = (float(str(corner)) for corner in corners)
        box = Box.from_xywh(a, b, c, d) if xywh else Box(a, b, c, d)
    except ValueError as error:
        said = ", ".join(str(corner) for corner in corners)
        raise DataSetError(
            f"A box needs four numbers and a size above 0, {where} has ({said}). Correct it."
        ) from error
    cut = (max(box.x_min, 0), max(box.y_min, 0), min(box.x_max, width), min(box.y_max, height))
    if _reaches_out(box, shape) or cut[0] >= cut[2] or cut[1] >= cut[3]:
        raise DataSetError(
            f"A box must lie inside its image of {width} x {height} pixels, {where} reaches from "
            f"({box.x_min:g}, {box.y_min:g}) to ({box.x_max:g}, {box.y_max:g}). {remedy}"
        )
    return Box(*cut)


def _reaches_out(box: Box, shape: tuple[int, int]) -> bool:
    """Whether a box ends further outside of its image than rounding explains."""
    height, width = shape
    slack_x, slack_y = (max(_SLACK_PIXELS, _SLACK * side) for side in (width, height))
    return (
        min(box.x_min + slack_x, box.y_min + slack_y) < 0
        or box.x_max > width + slack_x
        or box.y_max > height + slack_y
    )
