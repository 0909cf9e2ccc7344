"""Figures of maps at every pixel of an image, exact, without making the pixels.

A map is spread over its image by linear interpolation between cell centres, along both axes.
Between two neighbouring centres it is linear along a row, so its extremes, sums, squares and the
pixels above a threshold follow from the grid: the time hardly grows with the size of the image.
Letters: P maps of one frame, h x w cells, T thresholds. Places are disjoint rectangles of pixels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box, ModelFrame

Floats = NDArray[np.float64]
Rectangle = tuple[int, int, int, int]  # first row, end row, first column, end column


@dataclass(frozen=True, slots=True)
class Moments:
    """Means and population variances inside and outside of a place: (P,) each, NaN for none."""

    mean_in: Floats
    mean_out: Floats
    variance_in: Floats
    variance_out: Floats


class Spread:
    """Maps of one frame over the pixels of its image, each beside a place of its own.

    Attributes:
        lowest, highest: (P,) extremes over the seen pixels.
        peaks: (P, 2) row and column of the first maximum in reading order.
        seen: Seen pixels of the image, or of the window.
        inside: (P,) pixels of each place that are seen.
        place: (P,) pixels of each place, seen or not.
    """

    def __init__(
        self,
        values: NDArray[np.floating],
        frame: ModelFrame,
        places: Sequence[Sequence[Rectangle]],
        *,
        window: Rectangle | None = None,
    ) -> None:
        """Prepare the figures.

        Args:
            values: (P, h, w) of `frame.grid_shape`.
            frame: Places the grid in the image.
            places: Rectangles of each map, disjoint; see `rectangles`.
            window: What is looked at of the image; all of it when None.
        """
        height, width = frame.image_shape
        first, end, left, right = window or (0, height, 0, width)
        self._rows = _Axis(frame, axis=0, first=first, end=end)
        self._columns = _Axis(frame, axis=1, first=left, end=right)
        self._values = np.pad(np.asarray(values, np.float64), ((0, 0), (1, 1), (1, 1)), "edge")
        self._places = [[self._cut(r) for r in place] for place in places]
        self.place = np.array([sum(_area(r) for r in place) for place in places], np.float64)
        self.inside = np.array([sum(_area(r) for r in place) for place in self._places], np.float64)
        self.seen = self._rows.count * self._columns.count
        self._find_extremes()

    def moments(self) -> Moments:
        """Means and variances inside and outside of each place, over seen pixels."""
        whole = self._sums(self._values, self._rows.first, self._rows.end,
                           self._columns.first, self._columns.end)  # fmt: skip
        inner = np.zeros_like(whole)
        for number, place in enumerate(self._places):
            for rectangle in place:
                if _area(rectangle):
                    inner[:, number] += self._sums(self._values[number], *rectangle)
        count = np.array([self.inside, self.seen - self.inside])
        sums = np.array([inner[0], whole[0] - inner[0]])
        squares = np.array([inner[1], whole[1] - inner[1]])
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(count > 0, sums / count, np.nan)
            variances = np.maximum(np.where(count > 0, squares / count, np.nan) - means**2, 0.0)
        # Rounding of squares leaves some 1e-16 of a constant map.
        variances[variances < 1e-13 * (1 + means**2)] = 0.0
        return Moments(means[0], means[1], variances[0], variances[1])

    def above(self, thresholds: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """Pixels above thresholds (P, T): in all (P, T), and inside each place (P, T)."""
        limits = np.asarray(thresholds, np.float64)
        corners = self._values
        whole = np.minimum(np.minimum(corners[:, :-1, :-1], corners[:, :-1, 1:]),
                           np.minimum(corners[:, 1:, :-1], corners[:, 1:, 1:]))  # fmt: skip
        some = np.maximum(np.maximum(corners[:, :-1, :-1], corners[:, :-1, 1:]),
                          np.maximum(corners[:, 1:, :-1], corners[:, 1:, 1:]))  # fmt: skip
        full = whole[:, None] > limits[:, :, None, None]  # (P, T, h + 1, w + 1)
        crossed = (some[:, None] > limits[:, :, None, None]) & ~full
        runs = self._runs(crossed, limits)
        cells = full.astype(np.float64)  # products of floats are fast
        total = cells @ self._columns.per_segment.astype(np.float64) @ self._rows.per_segment
        total = total + runs.summed(limits.shape)
        inside = np.zeros(limits.shape)
        for number, place in enumerate(self._places):
            for first, end, left, right in place:
                rows = self._rows.counts(first, end)
                columns = self._columns.counts(left, right)
                inside[number] += (cells[number] @ columns) @ rows
                inside[number] += runs.within(number, (first, end, left, right), limits.shape)
        return total, inside

    def _cut(self, rectangle: Rectangle) -> Rectangle:
        """The part of a rectangle that is seen; empty at the first pixel when none is."""
        first, end, left, right = rectangle
        first, end = max(first, self._rows.first), min(end, self._rows.end)
        left, right = max(left, self._columns.first), min(right, self._columns.end)
        if first >= end or left >= right:
            return self._rows.first, self._rows.first, self._columns.first, self._columns.first
        return first, end, left, right

    def _find_extremes(self) -> None:
        maps = len(self._values)
        self.lowest, self.highest = np.full(maps, np.nan), np.full(maps, np.nan)
        self.peaks = np.full((maps, 2), -1)
        if not self.seen:
            return
        rows, columns = self._rows.ends, self._columns.ends
        found = self._rows.weights[rows] @ self._values @ self._columns.weights[columns].T
        flat = found.reshape(maps, -1)
        best = flat.argmax(axis=1)
        self.lowest, self.highest = flat.min(axis=1), flat.max(axis=1)
        row, column = np.divmod(best, len(columns))
        self.peaks = np.stack(
            [rows[row] + self._rows.first, columns[column] + self._columns.first], axis=1
        )

    def _sums(self, values: Floats, first: int, end: int, left: int, right: int) -> Floats:
        """Sum and sum of squares of maps (..., h, w) over a rectangle: (2, ...)."""
        down, rows = self._rows.part(first, end)
        across, columns = self._columns.part(left, right)
        near = values[..., down, across]  # only these cells reach into the rectangle
        sums = near @ columns.sum(axis=0) @ rows.sum(axis=0)
        squares = (((rows.T @ rows) @ near @ (columns.T @ columns)) * near).sum(axis=(-2, -1))
        return np.array([sums, squares])

    def _runs(self, crossed: NDArray[np.bool_], limits: Floats) -> "_Runs":
        """The pixels above a threshold in every row of every cell that its contour crosses."""
        number, threshold, i, j = np.nonzero(crossed)
        per_row = self._rows.per_segment[i].astype(np.intp)
        cell = np.repeat(np.arange(len(i)), per_row)
        starts = np.cumsum(per_row) - per_row
        row = self._rows.start[i][cell] + np.arange(len(cell)) - starts[cell]
        number, threshold, i, j = number[cell], threshold[cell], i[cell], j[cell]
        share = self._rows.share[row]
        values = self._values
        left = values[number, i, j] * (1 - share) + values[number, i + 1, j] * share
        right = values[number, i, j + 1] * (1 - share) + values[number, i + 1, j + 1] * share
        low, high = self._columns.above(j, left, right, limits[number, threshold])
        return _Runs(number, threshold, row + self._rows.first, low, high)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs [low, high) of pixels above a threshold, one a row and cell; (N,) each."""

    number: NDArray[np.intp]
    threshold: NDArray[np.intp]
    row: NDArray[np.intp]
    low: NDArray[np.intp]
    high: NDArray[np.intp]

    def summed(self, shape: tuple[int, ...]) -> Floats:
        """(P, T) pixels of all runs."""
        slot = self.number * shape[1] + self.threshold
        counted = np.bincount(slot, self.high - self.low, minlength=shape[0] * shape[1])
        return np.asarray(counted.reshape(shape), np.float64)

    def within(self, number: int, rectangle: Rectangle, shape: tuple[int, ...]) -> Floats:
        """(T,) pixels of the runs of one map inside a rectangle."""
        own = slice(*np.searchsorted(self.number, [number, number + 1]))
        first, end, left, right = rectangle
        row = self.row[own]
        length = np.minimum(self.high[own], right) - np.maximum(self.low[own], left)
        length = np.where((row >= first) & (row < end), np.maximum(length, 0), 0)
        counted = np.bincount(self.threshold[own], length, minlength=shape[1])
        return np.asarray(counted, np.float64)


class _Axis:
    """Where the seen pixels of one axis lie between the centres of the cells.

    A cell more stands on either side, so that the outermost values hold up to the edge. Pixels are
    counted from `first`.

    Attributes:
        share: (N,) place of each pixel between the two centres around it, [0, 1).
        weights: (N, cells + 2) what each cell adds to each pixel.
        start, per_segment: First pixel and number of pixels between two centres.
        ends: First and last pixel of every segment.
    """

    def __init__(self, frame: ModelFrame, *, axis: int, first: int, end: int) -> None:
        cells = frame.grid_shape[axis]
        scale, offset = (
            (frame.scale_y, frame.offset_y) if axis == 0 else (frame.scale_x, frame.offset_x)
        )
        per_cell = cells / frame.input_shape[axis]
        position = (np.arange(first, end) + 0.5) * (scale * per_cell) + offset * per_cell
        kept = np.flatnonzero((position >= 0) & (position < cells))
        self.first = first + int(kept[0]) if len(kept) else first
        self.count = len(kept)
        self.end = self.first + self.count
        self.step = scale * per_cell
        placed = position[kept] + 0.5
        segment = np.floor(placed).astype(np.intp)
        self.share = placed - segment
        self.weights = np.zeros((self.count, cells + 2))
        every = np.arange(self.count)
        self.weights[every, segment] = 1 - self.share
        self.weights[every, segment + 1] = self.share
        self._segment = segment
        self.per_segment = np.bincount(segment, minlength=cells + 1)
        self.start = np.searchsorted(segment, np.arange(cells + 1))
        used = np.flatnonzero(self.per_segment)
        last = self.start[used] + self.per_segment[used] - 1
        self.ends = np.unique(np.concatenate([self.start[used], last]))

    def part(self, first: int, end: int) -> tuple[slice, Floats]:
        """The cells that reach into the pixels [first, end) of the image, and their weights."""
        own = self._segment[first - self.first : end - self.first]
        cells = slice(int(own[0]), int(own[-1]) + 2) if len(own) else slice(0, 0)
        return cells, self.weights[first - self.first : end - self.first, cells]

    def counts(self, first: int, end: int) -> Floats:
        """(segments,) pixels of [first, end) in each segment."""
        own = self._segment[first - self.first : end - self.first]
        return np.bincount(own, minlength=len(self.per_segment)).astype(np.float64)

    def above(
        self, segment: NDArray[np.intp], left: Floats, right: Floats, limit: Floats
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Pixels [low, high) of the image at which a line from left to right is above a limit."""
        pixels = self.per_segment[segment]
        start = self.start[segment]
        begin = self.share[np.minimum(start, max(self.count - 1, 0))]
        slope = right - left
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = ((limit - left) / slope - begin) / self.step
        crossing = np.nan_to_num(crossing, nan=-1.0, posinf=1e9, neginf=-1e9)
        crossing = np.clip(crossing, -1.0, pixels + 1.0)
        low = np.where(slope > 0, np.minimum(np.floor(crossing) + 1, pixels), 0)
        high = np.where(slope < 0, np.clip(np.ceil(crossing), 0, pixels), pixels)
        high = np.where((slope == 0) & (left <= limit), 0, high)
        low = np.minimum(np.maximum(low, 0), high)
        begin_pixel = start + self.first
        return begin_pixel + low.astype(np.intp), begin_pixel + high.astype(np.intp)


def rectangles(boxes: Iterable[Box], image_shape: tuple[int, int]) -> list[Rectangle]:
    """Every pixel that any of the boxes touches, as disjoint rectangles inside the image."""
    found = []
    for box in boxes:
        rows, columns = box.as_slices()
        found.append((rows.start, rows.stop, columns.start, columns.stop))
    return disjoint(found, image_shape)


def disjoint(overlapping: Sequence[Rectangle], image_shape: tuple[int, int]) -> list[Rectangle]:
    """The union of rectangles as disjoint ones, cut at the edges of the image.

    >>> disjoint([(0, 4, 0, 4), (2, 6, 2, 9)], (5, 8))
    [(0, 2, 0, 4), (2, 4, 0, 8), (4, 5, 2, 8)]
    """
    height, width = image_shape
    cut = [(max(a, 0), min(b, height), max(c, 0), min(d, width)) for a, b, c, d in overlapping]
    cut = [r for r in cut if _area(r) > 0]
    if len(cut) < 2:
        return cut
    edges = sorted({edge for a, b, _, _ in cut for edge in (a, b)})
    found: list[Rectangle] = []
    for first, end in pairwise(edges):
        spans = sorted((c, d) for a, b, c, d in cut if a <= first and end <= b)
        joined: list[list[int]] = []
        for left, right in spans:
            if joined and left <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], right)
            else:
                joined.append([left, right])
        found += [(first, end, left, right) for left, right in joined]
    return found


def _area(rectangle: Rectangle) -> int:
    first, end, left, right = rectangle
    return max(end - first, 0) * max(right - left, 0)
