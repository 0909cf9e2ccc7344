"""How doubtful it is that a point belongs to its prototype and not to the next one."""

import numpy as np
from numpy.typing import NDArray

from explorer.prototypes.records import NOWHERE, Clustering, Points

ABOUT = "distance to its own prototype over distance to the nearest other one; 1 lies between two"


def doubts(points: Points, clustering: Clustering) -> NDArray[np.float32]:
    """(N,) doubt of each point in [0, 1]; NaN for points in no prototype, and where there is one.

    The distance to the centre of the own prototype over that to the nearest other centre, at most
    1: near 0 in the middle of a prototype, 1 half-way to another. One minus the simplified
    silhouette, with centres in place of all points.

    Args:
        points: What was clustered.
        clustering: Its prototypes.
    """
    ids = [prototype.id for prototype in clustering.prototypes]
    found = np.full(len(points), np.nan, dtype=np.float32)
    if len(ids) < 2:
        return found
    centres = np.stack([prototype.centre for prototype in clustering.prototypes])
    inside = np.flatnonzero(clustering.assignments != NOWHERE)
    cosines = points.centred[inside] @ centres.T
    # Of unit vectors: squared distance = 2 - 2 cosine.
    far = np.sqrt(np.maximum(2 - 2 * cosines, 0))
    place = {number: k for k, number in enumerate(ids)}
    own = np.array([place[int(number)] for number in clustering.assignments[inside]], dtype=int)
    rows = np.arange(len(inside))
    to_own = far[rows, own].copy()
    far[rows, own] = np.inf
    found[inside] = np.minimum(1, to_own / np.maximum(far.min(axis=1), 1e-9))
    return found
