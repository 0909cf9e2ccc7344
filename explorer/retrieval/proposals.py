"""Which regions of a film are worth an entry of their own in an index.

Three sources, the best first: regions of the report's sentences that claim a finding; regions
where a vocabulary of findings stands out; and connected segments of the patch grid, so that every
part of the film can be found. All is done on the grid: an index is built at the encoder's speed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import unit
from explorer.entities import Box, Float32, ModelFrame, PatchGrid
from explorer.grounding.geometry import grid_to_image
from explorer.retrieval.records import RegionSource

SEGMENTS = 8
MOST = 24  # regions of a film
# Two regions that share more than this of their union are one.
_SAME = 0.6
_LEAST_CELLS = 2
# On training phantoms, nearest regions showed the same finding in .25 with 0, .28 with 4.
_STEEPNESS = 4
_ROUNDS = 8
_PLACE_WEIGHT = 0.6  # how much a segment keeps together in space, against in content


@dataclass(frozen=True, slots=True)
class Proposal:
    """A region of the grid: `mask` (h, w) bool and what found it.

    Attributes:
        weights: (h, w) how much each cell counts in the region's vector; 0 outside.
        label: Phrase; "" for a segment.
        score: Calibrated peak score, [0, 1]; 0 for a segment.
    """

    mask: NDArray[np.bool_]
    weights: Float32
    label: str
    source: RegionSource
    score: float


def propose(
    grid: PatchGrid,
    *,
    sentences: Sequence[tuple[str, Float32]],
    vocabulary: Sequence[tuple[str, Float32]],
    threshold: float,
) -> tuple[Proposal, ...]:
    """Regions of one film, the better source first, at most `MOST`.

    Args:
        grid: Patch embeddings.
        sentences: (text, calibrated score map (h, w)) of sentences that claim a finding.
        vocabulary: The same of the vocabulary phrases that stand out on this film.
        threshold: Calibrated score above which a cell belongs to a region.
    """
    seen = seen_cells(grid.frame)
    sources: tuple[tuple[RegionSource, Sequence[tuple[str, Float32]]], ...] = (
        ("sentence", sentences),
        ("vocabulary", vocabulary),
    )
    said = [
        part
        for source, maps in sources
        for text, score in maps
        for part in _parts(score, seen, threshold=threshold, label=text, source=source)
    ]
    # A sentence's own region first, then whatever peaks highest.
    said.sort(key=lambda part: (part.source != "sentence", -part.score))
    kept = _distinct(said)[: MOST - SEGMENTS]
    return (*kept, *_distinct([*kept, *_segments(grid, seen)])[len(kept) : MOST])


def seen_cells(frame: ModelFrame) -> NDArray[np.bool_]:
    """(h, w) bool, False where the centre of a cell lies in the padding."""
    h, w = frame.grid_shape
    rows, columns = np.mgrid[0:h, 0:w] + 0.5
    points = grid_to_image(np.stack([columns, rows], axis=-1), frame)
    height, width = frame.image_shape
    x, y = points[..., 0], points[..., 1]
    return np.asarray((x >= 0) & (x < width) & (y >= 0) & (y < height))


def region_vectors(grid: PatchGrid, proposals: Sequence[Proposal]) -> Float32:
    """(N, D) weighted means of the patch embeddings under each proposal, unit rows."""
    values = grid.values.reshape(-1, grid.values.shape[-1])
    if not proposals:
        return np.zeros((0, values.shape[1]), np.float32)
    weights = np.stack([proposal.weights.ravel() for proposal in proposals])
    return unit((weights @ values).astype(np.float32))


def boxes_of_masks(masks: Sequence[NDArray[np.bool_]], frame: ModelFrame) -> list[Box]:
    """Bounding boxes of grid masks in original pixels, cut at the edge of the original."""
    corners = np.array([_corners(mask) for mask in masks]).reshape(-1, 2, 2)
    limit = np.array(frame.image_shape[::-1], dtype=np.float64)
    moved = np.clip(grid_to_image(corners, frame), 0.0, limit)
    return [Box(*edges) for edges in moved.reshape(-1, 4).tolist()]


def box_of_mask(mask: NDArray[np.bool_], frame: ModelFrame) -> Box:
    """As `boxes_of_masks`, of one."""
    return boxes_of_masks([mask], frame)[0]


def _corners(mask: NDArray[np.bool_]) -> list[list[int]]:
    """First and last corner (x, y) of the cells of a mask."""
    rows, columns = (np.asarray(mask.any(axis=axis)) for axis in (1, 0))
    h, w = mask.shape
    first = [int(columns.argmax()), int(rows.argmax())]
    return [first, [w - int(columns[::-1].argmax()), h - int(rows[::-1].argmax())]]


def _parts(
    score: Float32, seen: NDArray[np.bool_], *, threshold: float, label: str, source: RegionSource
) -> list[Proposal]:
    """Connected parts of a map above the threshold."""
    above = ((score > threshold) & seen).astype(np.uint8)
    if not above.any():
        return []
    count, labels = cv2.connectedComponents(above, connectivity=8)
    masks = [np.asarray(labels == k) for k in range(1, count)]
    return [
        Proposal(mask, _peaked(score, mask), label, source, float(score[mask].max()))
        for mask in masks
        if mask.sum() >= _LEAST_CELLS
    ]


def _peaked(score: Float32, mask: NDArray[np.bool_]) -> Float32:
    """Weights that follow the score steeply: the heart of a region says what it is."""
    weights = np.zeros_like(score, dtype=np.float32)
    weights[mask] = score[mask] ** _STEEPNESS
    return weights


def _segment(mask: NDArray[np.bool_]) -> Proposal:
    return Proposal(mask, mask.astype(np.float32), "", "segment", 0.0)


def _distinct(proposals: Sequence[Proposal]) -> list[Proposal]:
    """The first of every group that covers nearly the same cells."""
    if not proposals:
        return []
    # Cells that two share, of all pairs at once: a film has hundreds of pairs.
    masks = np.stack([proposal.mask.ravel() for proposal in proposals]).astype(np.float32)
    shared, cells = masks @ masks.T, masks.sum(axis=1)
    union = cells[:, None] + cells - shared
    same = shared > _SAME * union
    same[union == 0] = True
    kept: list[int] = []
    for row in range(len(proposals)):
        if not same[row, kept].any():
            kept.append(row)
    return [proposals[row] for row in kept]


def _segments(grid: PatchGrid, seen: NDArray[np.bool_]) -> list[Proposal]:
    """Connected segments: k-means on content and place from fixed seeds, the same every time."""
    rows, columns = np.nonzero(seen)
    if rows.size < SEGMENTS:
        return [_segment(seen)] if rows.size else []
    h, w = seen.shape
    place = np.stack([rows / h, columns / w], axis=1) * _PLACE_WEIGHT * 2
    points = np.concatenate([grid.values[rows, columns], place.astype(np.float32)], axis=1)
    centres = points[np.linspace(0, len(points) - 1, SEGMENTS).astype(int)]
    nearest = np.full(len(points), -1)
    for _ in range(_ROUNDS):
        was, nearest = nearest, _nearest(points, centres)
        if np.array_equal(was, nearest):
            break  # further rounds change nothing
        own = (nearest == np.arange(SEGMENTS)[:, None]).astype(np.float32)
        count = own.sum(axis=1, keepdims=True)
        centres = np.where(count > 0, own @ points / np.maximum(count, 1), centres)
    found = []
    for k in range(SEGMENTS):
        member = np.zeros((h, w), np.uint8)
        member[rows[nearest == k], columns[nearest == k]] = 1
        found += _largest_part(member)
    return found


def _nearest(points: Float32, centres: Float32) -> NDArray[np.intp]:
    """Row of the nearest centre of each point."""
    # Squared distance but for the norm of the point, which is the same for all centres.
    distance = (centres**2).sum(axis=1) - points @ (2 * centres).T
    return np.asarray(distance.argmin(axis=1))


def _largest_part(member: NDArray[np.uint8]) -> list[Proposal]:
    if not member.any():
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(member, connectivity=4)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return [_segment(np.asarray(labels == largest))]
