"""The location prior: where a finding usually is, with no image looked at; the bar to beat."""

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import numpy as np

from explorer.entities import Box, Float32
from explorer.evaluation.grounding import box_mask
from explorer.evaluation.protocols.nih_boxes import BoxedImage
from explorer.grounding.geometry import fit_frame, map_to_image

PRIOR_SIDE = 512  # cells of the unit image along each axis
BUNDLED = "protocols/nih_location_prior.json"


def location_prior(images: Iterable[BoxedImage], *, side: int = PRIOR_SIDE) -> dict[str, Float32]:
    """Average the boxes of each finding on an image of unit size.

    Args:
        images: Of the training split; their pixels are never read.
        side: Cells along each axis of the unit image.

    Returns:
        (side, side) float32 in [0, 1] by finding: the share of its boxes that touch a cell.
    """
    totals: dict[str, Float32] = {}
    counts: dict[str, int] = {}
    for image in images:
        height, width = image.image_shape
        for finding, box in image.boxes:
            unit = Box(
                box.x_min * side / width,
                box.y_min * side / height,
                box.x_max * side / width,
                box.y_max * side / height,
            )
            total = totals.setdefault(finding, np.zeros((side, side), np.float32))
            total += box_mask([unit], image_shape=(side, side))
            counts[finding] = counts.get(finding, 0) + 1
    return {finding: totals[finding] / np.float32(counts[finding]) for finding in sorted(totals)}


@cache
def bundled_prior() -> dict[str, Float32]:
    """The prior of the NIH training boxes at 32 x 32 cells, for tables without a training split."""
    text = files("explorer.evaluation").joinpath(BUNDLED).read_text(encoding="utf-8")
    data = json.loads(text)
    return {
        finding: np.asarray(rows, dtype=np.float32) * np.float32(data["unit"])
        for finding, rows in data["maps"].items()
    }


def prior_image(prior: Float32, *, image_shape: tuple[int, int]) -> Float32:
    """(H, W) prior stretched over an image, in [0, 1]."""
    cells = (prior.shape[0], prior.shape[1])
    frame = fit_frame(image_shape, input_shape=cells, grid_shape=cells, mode="squash")
    return map_to_image(prior, frame)
