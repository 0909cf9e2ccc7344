"""Grounding metrics of one map against one mask: pointing game, signed CNR, IoU and mIoU."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box

MIOU_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)


def box_mask(boxes: Iterable[Box], *, image_shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) bool, True at every pixel that any of the boxes touches."""
    mask = np.zeros(image_shape, dtype=np.bool_)
    for box in boxes:
        mask[box.as_slices()] = True
    return mask


def pointing_game_hit(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> bool:
    """Is the map's maximum inside the mask?

    The first maximum in reading order counts, so a constant map hits the upper left corner only.
    Pixels that are NaN (not seen) are never the maximum; a map of NaN only is a miss.
    """
    _check_shapes(values, mask)
    if not np.isfinite(values).any():
        return False
    return bool(mask.flat[int(np.nanargmax(values))])


def signed_cnr(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> float:
    """Contrast-to-noise ratio, (mean_in - mean_out) / sqrt(var_in + var_out).

    Population variances; no absolute value, so a map that avoids the mask is negative. The same
    for any `a * values + b` with a > 0. NaN pixels are left out.

    Returns:
        No unit. NaN when one side has no seen pixel; 0 when both sides are one constant.
    """
    _check_shapes(values, mask)
    seen = np.isfinite(values)
    inside = values[mask & seen].astype(np.float64)
    outside = values[~mask & seen].astype(np.float64)
    if inside.size == 0 or outside.size == 0:
        return math.nan
    contrast = float(inside.mean() - outside.mean())
    noise = math.sqrt(float(inside.var() + outside.var()))
    if noise == 0:
        return 0.0 if contrast == 0 else math.copysign(math.inf, contrast)
    return contrast / noise


def iou(values: NDArray[np.floating], mask: NDArray[np.bool_], *, threshold: float) -> float:
    """Overlap of the mask with the pixels above a threshold, in [0, 1].

    Strictly above. NaN pixels are not above any threshold but still count in the mask: what the
    model does not look at is missed. 0 when both are empty.
    """
    _check_shapes(values, mask)
    above = np.where(np.isfinite(values), values, -np.inf) > threshold
    union = int((above | mask).sum())
    return int((above & mask).sum()) / union if union else 0.0


def miou(
    score: NDArray[np.floating],
    mask: NDArray[np.bool_],
    *,
    thresholds: Sequence[float] = MIOU_THRESHOLDS,
) -> float:
    """Mean of the IoU at several thresholds of a score in [0, 1]; the map is not rescaled."""
    return float(np.mean([iou(score, mask, threshold=t) for t in thresholds]))


def _check_shapes(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> None:
    if values.shape != mask.shape:
        raise ValueError(f"Map and mask must have one shape, got {values.shape} and {mask.shape}.")
