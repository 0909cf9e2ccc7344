"""One way to ask for figures of maps over pixels, whether the places are boxes or exact masks.

Boxes are answered from the grid alone (`explorer.evaluation.spread`); for masks, pixels are made.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.entities import ModelFrame
from explorer.evaluation.asked import Floats
from explorer.evaluation.spread import Moments, Spread, rectangles
from explorer.grounding.geometry import map_to_image
from explorer.placed import PlacedPhrase


def surface(
    values: NDArray[np.floating], frame: ModelFrame, cases: Sequence[PlacedPhrase]
) -> "Spread | Pixels":
    """Figures of maps (P, h, w) over the pixels of the truth, each beside its own place."""
    if any(case.mask is not None for case in cases):
        return Pixels(values, frame, [place_mask(case) for case in cases])
    return Spread(values, frame, [rectangles(case.boxes, frame.image_shape) for case in cases])


def place_mask(case: PlacedPhrase) -> NDArray[np.bool_]:
    """(H, W) bool, the place of a phrase in pixels of the truth."""
    if case.mask is not None:
        return case.mask.mask()
    mask = np.zeros(case.image_shape, dtype=np.bool_)
    for first, end, left, right in rectangles(case.boxes, case.image_shape):
        mask[first:end, left:right] = True
    return mask


class Pixels:
    """As `Spread`, for places of any shape: every pixel is made."""

    def __init__(
        self,
        values: NDArray[np.floating],
        frame: ModelFrame,
        masks: Sequence[NDArray[np.bool_]],
    ) -> None:
        """Spread the maps (P, h, w) over the image."""
        self._images = [map_to_image(map, frame) for map in values]
        self._masks = masks
        known = np.isfinite(self._images[0]) if self._images else np.zeros((0, 0), bool)
        self._known = known
        self.seen = int(known.sum())
        self.place = np.array([mask.sum() for mask in masks], np.float64)
        self.inside = np.array([(mask & known).sum() for mask in masks], np.float64)
        some = self.seen > 0
        self.lowest = np.array([np.nanmin(i) if some else np.nan for i in self._images])
        self.highest = np.array([np.nanmax(i) if some else np.nan for i in self._images])
        self.peaks = np.array(
            [np.unravel_index(np.nanargmax(i), i.shape) if some else (-1, -1) for i in self._images]
        ).reshape(-1, 2)

    def moments(self) -> Moments:
        """Means and variances inside and outside of each place, over seen pixels."""
        rows = []
        for image, mask in zip(self._images, self._masks, strict=True):
            inner = image[mask & self._known].astype(np.float64)
            outer = image[~mask & self._known].astype(np.float64)
            rows.append([f(part) if part.size else np.nan
                         for f in (np.mean, np.var) for part in (inner, outer)])  # fmt: skip
        found = np.array(rows, np.float64).reshape(-1, 4)
        return Moments(found[:, 0], found[:, 1], found[:, 2], found[:, 3])

    def above(self, thresholds: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """Pixels above thresholds (P, T): in all (P, T), and inside each place (P, T)."""
        total, inside = np.zeros(thresholds.shape), np.zeros(thresholds.shape)
        for p, (image, mask) in enumerate(zip(self._images, self._masks, strict=True)):
            for t, limit in enumerate(thresholds[p]):
                above = np.where(self._known, image, -np.inf) > limit
                total[p, t], inside[p, t] = above.sum(), (above & mask).sum()
        return total, inside


def hits(found: "Spread | Pixels", cases: Sequence[PlacedPhrase]) -> Floats:
    """(P,) 1 where the first maximum lies in the place, else 0."""
    answers = []
    for case, (row, column) in zip(cases, found.peaks.tolist(), strict=True):
        if row < 0:
            answers.append(0.0)
        elif case.mask is not None:
            answers.append(float(case.mask.mask()[row, column]))
        else:
            places = rectangles(case.boxes, case.image_shape)
            answers.append(float(any(a <= row < b and c <= column < d for a, b, c, d in places)))
    return np.array(answers, np.float64)


def contrast(found: Moments) -> Floats:
    """(P,) (mean_in - mean_out) / sqrt(variance_in + variance_out), signed.

    0 where both sides are one constant, infinite where they are two.
    """
    difference = found.mean_in - found.mean_out
    noise = np.sqrt(found.variance_in + found.variance_out)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((noise == 0) & (difference == 0), 0.0, difference / noise)
