"""HDBSCAN (Campello et al., 2013): dense groups of any number; what is sparse stays outside.

Densities mean little in hundreds of dimensions, so they are taken after a principal component
analysis. Beyond `MOST` points a sample is clustered, and the others join the nearest group.
"""

import numpy as np

from explorer.embeddings import unit
from explorer.entities import Float32
from explorer.prototypes.records import NOWHERE, Assignments

TITLE = "HDBSCAN"
ABOUT = "Finds the number of prototypes itself; points in sparse parts belong to none."
DIMENSIONS = 12
MOST = 20_000
_LEAST = 5  # points of a group


def least_size(count: int, granularity: int) -> int:
    """Points of the smallest group: a quarter of what even groups would have.

    >>> least_size(4800, 48), least_size(30, 48)
    (25, 5)
    """
    return max(_LEAST, count // (4 * granularity))


def cluster(vectors: Float32, *, granularity: int, seed: int) -> Assignments:
    """(N,) group of each unit vector (N, D), or `NOWHERE`."""
    from sklearn.cluster import HDBSCAN
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    dimensions = min(DIMENSIONS, *vectors.shape)
    rows = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:MOST])
    with threadpool_limits(1):
        reduced = PCA(dimensions, random_state=seed).fit_transform(vectors)
        least = min(least_size(len(rows), granularity), len(rows))
        found = HDBSCAN(min_cluster_size=max(2, least), min_samples=_LEAST, copy=True).fit_predict(
            reduced[rows]
        )
    if len(rows) == len(vectors):
        return np.asarray(found, dtype=np.int32)
    groups = np.unique(found[found != NOWHERE])
    everywhere = np.full(len(vectors), NOWHERE, dtype=np.int32)
    if groups.size:
        centres = unit(np.stack([vectors[rows][found == g].mean(axis=0) for g in groups]))
        everywhere[:] = groups[(vectors @ centres.T).argmax(axis=1)]
    everywhere[rows] = found
    return everywhere
