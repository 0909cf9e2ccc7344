"""Two checkpoints' maps of the same points, one laid over the other, and what moved most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import procrustes

from explorer.entities import Float32
from explorer.errors import PrototypeError

NEAR = 10  # neighbours of a point that are compared
FEWEST = 3  # points that two maps can be laid over each other with
_BLOCK = 2048  # points whose likenesses are held at a time


@dataclass(frozen=True, slots=True)
class Moves:
    """The same N points on the maps of two checkpoints.

    Attributes:
        here: (N, 2) map of one, about its middle and of unit size.
        there: (N, 2) map of the other, turned, mirrored and scaled to lie over the first.
        disparity: Share of the first map that the second does not explain, [0, 1]; 0 is the same.
        relative: (N,) how far each point moved, over the median of all; 2 is twice the usual.
        kept: (N,) share of the nearest neighbours of each point that are the same in both spaces.
        near: How many neighbours that were.
    """

    here: NDArray[np.float64]
    there: NDArray[np.float64]
    disparity: float
    relative: NDArray[np.float64]
    kept: NDArray[np.float64]
    near: int

    @property
    def overlap(self) -> float:
        """Mean of `kept`: neighbour overlap@k, [0, 1]; chance is k / (N - 1)."""
        return float(self.kept.mean())

    @property
    def order(self) -> NDArray[np.intp]:
        """Points, what moved most first."""
        return np.argsort(-self.relative, kind="stable")


def moves_of(
    here: tuple[Float32, Float32], there: tuple[Float32, Float32], *, near: int = NEAR
) -> Moves:
    """Lay two maps of the same points over each other (ordinary Procrustes).

    Args:
        here: (N, D) unit rows of one checkpoint, and their (N, 2) map.
        there: (N, E) unit rows of the other one for the same points, and their map.
        near: Neighbours that are compared, of all other points at most.

    Raises:
        PrototypeError: There are too few points, or all of a map lie in one place.
    """
    count = len(here[0])
    if count < FEWEST:
        raise PrototypeError(
            f"Two maps need at least {FEWEST} points in common, got {count}. Build both indices "
            "from the same files, and compare films."
        )
    try:
        first, second, disparity = procrustes(here[1], there[1])
    except ValueError as error:
        raise PrototypeError(
            "A map on which all points lie in one place cannot be laid over another. Choose "
            "another level."
        ) from error
    distance = np.linalg.norm(first - second, axis=1)
    middle = float(np.median(distance))
    near = min(near, count - 1)
    neighbours = [_neighbours(vectors, near) for vectors in (here[0], there[0])]
    kept = [len(np.intersect1d(a, b)) / near for a, b in zip(*neighbours, strict=True)]
    return Moves(
        here=first,
        there=second,
        disparity=float(disparity),
        relative=distance / middle if middle > 1e-9 else np.zeros(count),
        kept=np.array(kept),
        near=near,
    )


def matched(first: Sequence[str], second: Sequence[str]) -> tuple[list[int], list[int]]:
    """Rows of two lists that hold the same name, each name once, in the order of the first.

    >>> matched(["a", "b", "b", "c"], ["c", "b", "x"])
    ([1, 3], [1, 0])
    """
    other: dict[str, int] = {}
    for row, name in enumerate(second):
        other.setdefault(name, row)
    own: dict[str, int] = {}
    for row, name in enumerate(first):
        if name in other:
            own.setdefault(name, row)
    return list(own.values()), [other[name] for name in own]


def _neighbours(vectors: Float32, near: int) -> NDArray[np.intp]:
    """(N, near) rows of the points most like each one, itself left out."""
    found = np.empty((len(vectors), near), dtype=np.intp)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        likeness = block @ vectors.T
        likeness[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
        found[start : start + len(block)] = np.argpartition(-likeness, near - 1, axis=1)[:, :near]
    return found
