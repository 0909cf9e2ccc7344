"""The modality gap: how far kinds of vectors of one space lie apart (Liang et al., 2022).

Image and text encoders put their vectors into cones of their own. On a map of several kinds most
of what one sees may be that gap, so it is told in numbers, and can be closed for the eye.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from explorer.embeddings import unit
from explorer.entities import Float32

APART = 0.9  # share of points nearer to the centroid of their own kind above which kinds are apart


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two kinds of unit vectors lie apart.

    Attributes:
        kinds: Their names.
        distance: Euclidean distance of their centroids, [0, 2]; 0 means no gap.
        spread: Mean distance of a point to the centroid of its own kind, over both kinds alike.
        own: Share of points that are nearer to the centroid of their own kind, over both kinds
            alike: 0.5 is mixed, 1 is wholly apart.
    """

    kinds: tuple[str, str]
    distance: float
    spread: float
    own: float

    @property
    def words(self) -> str:
        """What the numbers mean."""
        first, second = self.kinds
        told = (
            f"{first.capitalize()} and {second}: centroids {self.distance:.2f} apart, points lie "
            f"{self.spread:.2f} from their own on average; {100 * self.own:.0f} % are "
            "nearer to their own."
        )
        if self.own >= APART:
            return f"{told} The kinds lie apart: far on the map says little between them."
        return f"{told} The kinds mix: near and far may be read between them."


def modality_gaps(groups: Mapping[str, Float32]) -> tuple[Gap, ...]:
    """The gap of every two kinds.

    Args:
        groups: Kind -> its (N, D) unit rows, at least one.
    """
    return tuple(_gap((a, b), groups[a], groups[b]) for a, b in combinations(groups, 2))


def close_gap(groups: Sequence[Float32]) -> list[Float32]:
    """Every kind about its own centroid, as unit rows: what sets kinds apart is taken away."""
    return [unit(vectors - vectors.mean(axis=0)) for vectors in groups]


def _gap(kinds: tuple[str, str], first: Float32, second: Float32) -> Gap:
    centroids = np.stack([first.mean(axis=0), second.mean(axis=0)])
    spread, own = [], []
    for number, vectors in enumerate((first, second)):
        far = np.linalg.norm(vectors[:, None] - centroids, axis=-1)  # (N, 2)
        spread.append(far[:, number].mean())
        own.append((far[:, number] < far[:, 1 - number]).mean())
    distance = float(np.linalg.norm(centroids[0] - centroids[1]))
    return Gap(kinds, distance, float(np.mean(spread)), float(np.mean(own)))
