"""Regions of a similarity map: a threshold with a reason, then its connected parts."""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box, Float32, ModelFrame, Region, SimilarityMap
from explorer.grounding.geometry import WHOLE, seen_pixels, window_of_cells, with_image_shape
from explorer.grounding.similarity import score_image

# Regions are found on a copy of at most this many pixels on the longer side: the grid behind it
# has some tens of cells, so more pixels add time and no detail.
WORK_SIDE = 320
# Smaller parts are noise of the interpolation: 0.0005 of a 35 x 43 cm film is a disc of 1 cm.
MIN_AREA_FRACTION = 0.0005


def find_regions(
    map: SimilarityMap,
    *,
    rule: str = "calibrated",
    threshold: float | None = None,
    calibrated: float | None = None,
    min_area_fraction: float = MIN_AREA_FRACTION,
) -> tuple[float, tuple[Region, ...]]:
    """Cut the calibrated score at a threshold and return its connected parts.

    Args:
        map: Of one phrase.
        rule: "calibrated" takes `calibrated`, the checkpoint's threshold from null phrases;
            "fixed" takes `threshold`; "otsu" splits the scores of this map in two.
        threshold: Calibrated score in [0, 1] for "fixed".
        calibrated: Calibrated score in [0, 1] for "calibrated".
        min_area_fraction: Share of the seen image below which a part is dropped, in [0, 1].

    Returns:
        The threshold in use and the regions above it, highest peak first; none is an answer too.

    Raises:
        ValueError: The rule is unknown, or the threshold it needs is missing or not in [0, 1].
    """
    frame, seen = _work_frame(map.frame)
    small = replace(map, frame=frame)
    window = WHOLE
    if rule == "otsu":
        score = score_image(small)
        cut = choose_threshold(score[np.isfinite(score)], rule=rule)
    else:
        score = map.score
        cut = choose_threshold(score, rule=rule, threshold=threshold, calibrated=calibrated)
        above = score > cut
        if not above.any():  # most sentences; interpolation exceeds no grid value
            return cut, ()
        window = window_of_cells(above, small.frame)
        score = score_image(small, window=window)
    top, left = (part.start or 0 for part in window)
    work = _Work(score, top, left, small.frame.image_shape, seen)
    return cut, _parts_above(cut, work, map=map, smallest=min_area_fraction * seen)


@dataclass(frozen=True, slots=True)
class _Work:
    """Scores of a part of the smaller copy, whose first pixel lies at (top, left) of the copy.

    `shape` is that of the copy, `seen` how many of its pixels the model saw.
    """

    score: Float32
    top: int
    left: int
    shape: tuple[int, int]
    seen: int


def _parts_above(
    cut: float, work: _Work, *, map: SimilarityMap, smallest: float
) -> tuple[Region, ...]:
    """Connected parts above a threshold of at least some pixels, highest peak first."""
    # What was not seen is NaN, and above nothing.
    above = (work.score > cut).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        above, connectivity=8, ltype=cv2.CV_16U
    )
    regions = [
        _region(label, np.asarray(labels), stats[label], work, map=map)
        for label in range(1, count)
        if stats[label, cv2.CC_STAT_AREA] >= smallest
    ]
    return tuple(sorted(regions, key=lambda region: -region.peak))


def choose_threshold(
    scores: NDArray[np.floating],
    *,
    rule: str,
    threshold: float | None = None,
    calibrated: float | None = None,
) -> float:
    """Return the calibrated score above which a pixel belongs to a region, in [0, 1]."""
    if rule == "otsu":
        return otsu_threshold(scores)
    if rule not in ("fixed", "calibrated"):
        raise ValueError(f"Unknown threshold rule {rule!r}. Available: calibrated, otsu, fixed.")
    value = threshold if rule == "fixed" else calibrated
    if value is None or not 0 <= value <= 1:
        raise ValueError(f"The rule {rule!r} needs a threshold between 0 and 1, got {value}.")
    return float(value)


def otsu_threshold(scores: NDArray[np.floating], *, bins: int = 256) -> float:
    """Split values in two classes with the largest variance between them (Otsu, 1979, eq. 12).

    Returns:
        The upper edge of the last bin of the lower class; the value itself when all are equal.
    """
    values = np.asarray(scores, dtype=np.float64).ravel()
    if values.size == 0:
        raise ValueError("Otsu needs at least one value, got none.")
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-7:
        return high
    counts, edges = np.histogram(values, bins=bins, range=(low, high))
    centers = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = values.size - below
    sums = np.cumsum(counts * centers)
    mean_below, mean_above = sums[:-1] / below, (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    between = below * above * (mean_below - mean_above) ** 2
    return float(edges[int(np.argmax(between)) + 1])


@lru_cache(maxsize=8)
def _work_frame(frame: ModelFrame) -> tuple[ModelFrame, int]:
    """Of the smaller copy, and how many of its pixels the model saw."""
    height, width = frame.image_shape
    shrink = min(1.0, WORK_SIDE / max(height, width))
    shape = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    small = with_image_shape(frame, shape)
    return small, max(1, seen_pixels(small))


def _region(
    label: int,
    labels: NDArray[np.integer],
    stats: NDArray[np.integer],
    work: _Work,
    *,
    map: SimilarityMap,
) -> Region:
    left, top, width, height, area = (int(value) for value in stats)
    rows, columns = slice(top, top + height), slice(left, left + width)
    part = labels[rows, columns] == label
    peak = float(work.score[rows, columns][part].max())
    left, top = left + work.left, top + work.top
    # Work pixels to original pixels, per axis.
    scale = np.array(map.frame.image_shape[::-1]) / np.array(work.shape[::-1])
    x_min, y_min = np.array([left, top]) * scale
    x_max, y_max = np.array([left + width, top + height]) * scale
    return Region(
        box=Box(float(x_min), float(y_min), float(x_max), float(y_max)),
        contour=((_outline(part) + np.array([left, top])) * scale).astype(np.float32),
        peak=peak,
        area_fraction=area / work.seen,
    )


def _outline(part: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N, 2) polygon of (x, y) along the outer pixel edges of one connected part."""
    # Twice the size, so that an outline through pixel centres lies a quarter pixel from the edge;
    # then stretched about the middle onto the bounding box.
    doubled = np.repeat(np.repeat(part.astype(np.uint8), 2, axis=0), 2, axis=1)
    outlines, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(outlines, key=len)
    points = cv2.approxPolyDP(longest, 0.8, closed=True)[:, 0].astype(np.float64)
    size = np.array(doubled.shape[::-1], dtype=np.float64)
    return points / np.maximum(size - 1, 1) * (size / 2)
