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
        total, inside = np.zeros(thresholds.shape), np.zeros(thresholds.shape)
        # Map by map: what is in between then stays in the cache of the processor.
        for number, limits in enumerate(np.asarray(thresholds, np.float64)):
            steps = self._steps(self._values[number], limits)
            total[number] = steps.above(0, self._rows.count, 0, self._columns.count)
            for first, end, left, right in self._places[number]:
                inside[number] += steps.above(
                    first - self._rows.first,
                    end - self._rows.first,
                    left - self._columns.first,
                    right - self._columns.first,
                )
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

    def _steps(self, values: Floats, limits: Floats) -> "_Steps":
        """Where the rows of pixels of one map step over thresholds (T,)."""
        lines = self._rows.spread(values)  # (N, w + 2)
        above = lines > limits[:, None, None]  # (T, N, w + 2)
        changes = np.zeros(above.shape, np.bool_)
        np.not_equal(above.ravel()[1:], above.ravel()[:-1], out=changes.ravel()[:-1])
        changes[..., -1] = False  # from the end of a row to the next
        line, segment = _divided(np.flatnonzero(changes), lines.shape[1])
        threshold, row = _divided(line, max(len(lines), 1))
        left, right = lines[row, segment], lines[row, segment + 1]
        return _Steps(
            line=line,
            sign=np.where(left > right, 1, -1),
            pixel=self._columns.step_over(segment, left, right, limits[threshold]),
            begins=above[..., 0],
            ends=above[..., -1],
        )


@dataclass(frozen=True, slots=True)
class _Steps:
    """Where each of the N rows of pixels of a map goes above or below T thresholds.

    The pixels of a row that are above are the sum of those at which it goes below, less those at
    which it goes above.

    Attributes:
        line: Place of (threshold, row) in (T, N), rising.
        sign: 1 where the row goes below the threshold, -1 where it goes above it.
        pixel: The first pixel behind the step.
        begins, ends: (T, N) whether the row is above at its left and right end.
    """

    line: NDArray[np.intp]
    sign: NDArray[np.intp]
    pixel: NDArray[np.intp]
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]

    def above(self, first: int, end: int, left: int, right: int) -> Floats:
        """(T,) pixels above, of the rows [first, end) and columns [left, right)."""
        thresholds, rows = self.ends.shape
        starts = np.arange(thresholds) * rows
        summed = np.zeros(len(self.line) + 1, np.intp)
        np.cumsum(self.sign * self.pixel.clip(left, right), out=summed[1:])
        before, until = summed[np.searchsorted(self.line, [starts + first, starts + end])]
        begins, ends = (edge[:, first:end].sum(axis=1) for edge in (self.begins, self.ends))
        return np.asarray(until - before + ends * right - begins * left, np.float64)


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

    def spread(self, values: Floats) -> Floats:
        """A map (cells + 2, w) at the seen pixels of this axis, (N, w)."""
        near, far = values[self._segment], values[self._segment + 1]
        return near + (far - near) * self.share[:, None]  # a constant stays the same

    def step_over(
        self, segment: NDArray[np.intp], left: Floats, right: Floats, limit: Floats
    ) -> NDArray[np.intp]:
        """The first pixel behind the place where a line from left to right steps over a limit."""
        begin = self.share[np.minimum(self.start, max(self.count - 1, 0))]
        crossing = ((limit - left) / (right - left) - begin[segment]) / self.step
        behind = np.where(right > left, np.floor(crossing) + 1, np.ceil(crossing))
        inside = np.minimum(np.maximum(behind, 0), self.per_segment[segment])
        return self.start[segment] + inside.astype(np.intp)


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


def _divided(numbers: NDArray[np.intp], divisor: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Quotient and rest; quicker than `np.divmod`."""
    quotient = numbers // divisor
    return quotient, numbers - quotient * divisor
