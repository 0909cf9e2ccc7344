"""k-means on unit vectors: every point in one of K prototypes, as in PCL (Li et al., 2021)."""

import warnings

import numpy as np

from explorer.entities import Float32
from explorer.prototypes.records import Assignments

TITLE = "k-means"
ABOUT = "As many prototypes as asked for; every point belongs to one."
STARTS = 4


def cluster(vectors: Float32, *, granularity: int, seed: int) -> Assignments:
    """(N,) prototype of each unit vector (N, D); the best of four starts."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # Sums of several threads are added in any order: one thread gives the same every time.
    with threadpool_limits(1), warnings.catch_warnings():
        # A sample may hold fewer different points than prototypes; then some stay empty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(granularity, n_init=STARTS, random_state=seed).fit_predict(vectors)
    return np.asarray(found, dtype=np.int32)
