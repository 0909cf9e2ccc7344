"""Several rankings as one: reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CONSTANT = 60.0


def fuse(
    rankings: Sequence[NDArray[np.floating]],
    *,
    among: Sequence[NDArray[np.floating]] | None = None,
) -> NDArray[np.float64]:
    """Fused score of each of N candidates: sum over rankings of 1 / (60 + rank).

    Args:
        rankings: Scores (N,) each, higher is better; NaN where a ranking does not know one.
        among: All scores of each ranking, where the candidates are some of many; else None.

    >>> fuse([np.array([3.0, 1.0]), np.array([np.nan, 2.0])]).round(4).tolist()
    [0.0164, 0.0325]
    """
    total = np.zeros(len(rankings[0]))
    for scores, others in zip(rankings, among or rankings, strict=True):
        known = np.flatnonzero(~np.isnan(scores))
        values = scores[known]
        # Equal scores share the better rank, so that the order of rows decides nothing.
        better = np.sort(-others[~np.isnan(others)])
        rank = 1 + np.searchsorted(better, -values, side="left")
        total[known] += 1 / (CONSTANT + rank)
    return total
