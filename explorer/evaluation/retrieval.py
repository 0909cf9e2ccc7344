"""Retrieval metrics with several right answers: recall at k, R-precision, and what chance gives."""

from collections.abc import Hashable, Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]


def relevance(queries: Sequence[Hashable], candidates: Sequence[Hashable]) -> NDArray[np.bool_]:
    """(N, M) True where query and candidate say the same: a duplicate is as right as the match.

    >>> relevance(["a", "b"], ["b", "a", "b"]).tolist()
    [[False, True, False], [True, False, True]]
    """
    names = {value: i for i, value in enumerate(dict.fromkeys([*queries, *candidates]))}
    rows = np.array([names[value] for value in queries])
    columns = np.array([names[value] for value in candidates])
    return rows[:, None] == columns[None, :]


def recall_at(scores: Scores, relevant: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """(N,) whether one of the k best candidates of a query is right, expected over ties.

    Candidates of equal score are taken in every order alike, so the value of a query lies in
    [0, 1]: with all scores equal it is what chance gives.

    Args:
        scores: (N, M), row = query, column = candidate; higher is better.
        relevant: (N, M); every query has at least one right candidate.
        k: At least 1.
    """
    found = np.zeros(len(scores))
    for i, (row, right) in enumerate(zip(scores, relevant, strict=True)):
        edge = np.sort(row)[::-1][min(k, row.size) - 1]
        if (right & (row > edge)).any():
            found[i] = 1.0
            continue
        tied = row == edge
        found[i] = chance_recall(
            int(tied.sum()), int((right & tied).sum()), k - int((row > edge).sum())
        )
    return found


def precision_at(scores: Scores, relevant: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """(N,) share of right ones among the k best candidates, expected over ties.

    Args:
        scores: (N, M), row = query, column = candidate; higher is better.
        relevant: (N, M) e.g. whether a candidate has the label of the query.
        k: At least 1; of fewer candidates all are taken.

    >>> precision_at(np.array([[0.9, 0.5, 0.5, 0.1]]), np.array([[1, 1, 0, 1]], bool), 2)
    array([0.75])
    """
    found = np.zeros(len(scores))
    for i, (row, right) in enumerate(zip(scores, relevant, strict=True)):
        wanted = min(k, row.size)
        edge = np.sort(row)[::-1][wanted - 1]
        above, tied = row > edge, row == edge
        free = wanted - int(above.sum())
        found[i] = ((right & above).sum() + free * (right & tied).sum() / tied.sum()) / wanted
    return found


def r_precision(scores: Scores, relevant: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) share of right ones among the first R candidates, R being how many are right.

    Ties count as in `recall_at`.
    """
    found = np.zeros(len(scores))
    for i, (row, right) in enumerate(zip(scores, relevant, strict=True)):
        wanted = int(right.sum())
        edge = np.sort(row)[::-1][wanted - 1]
        above, tied = row > edge, row == edge
        free = wanted - int(above.sum())
        found[i] = ((right & above).sum() + free * (right & tied).sum() / tied.sum()) / wanted
    return found


def chance_recall(candidates: int, right: int, k: int) -> float:
    """Probability that k of the candidates, drawn without looking, hold a right one.

    >>> chance_recall(4, 1, 2)
    0.5
    """
    k = min(k, candidates)
    return 1.0 - comb(candidates - right, k) / comb(candidates, k)


def label_log_likelihood(
    pooled: Scores, labels: NDArray[np.bool_], *, least: float = 1e-4
) -> NDArray[np.float64]:
    """(N, M) log-likelihood of every label set under the scores of every image.

    L[i, j] = sum_v labels[j, v] ? log pooled[i, v] : log(1 - pooled[i, v]), each label a coin of
    its own. For one image, sets differ by the logits of their labels; the empty set is 0.

    Args:
        pooled: (N, V) calibrated score of every label's phrase on every image, in [0, 1].
        labels: (M, V) which labels a report has.
        least: Scores are kept this far from 0 and 1.
    """
    score = np.clip(pooled.astype(np.float64), least, 1 - least)
    present = labels.astype(np.float64)
    return np.asarray(np.log(score) @ present.T + np.log(1 - score) @ (1 - present).T)
