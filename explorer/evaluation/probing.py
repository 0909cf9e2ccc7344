"""What a simple reader makes of vectors: linear probe, nearest neighbours, spread and agreement.

Vectors (N, D) of films, labels (N, L) with 1 present, 0 absent and NaN unknown. Scores are larger
where a finding is more likely.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from explorer.entities import Float32

Float64 = NDArray[np.float64]
_BLOCK = 512  # replicates that are worked out at once


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """One logistic regression a finding, on vectors whose every number was standardised.

    Attributes:
        mean, spread: (D,) of the vectors it learned from.
        weights: (L, D); NaN for a finding that it could not learn.
        bias: (L,).
    """

    mean: Float64
    spread: Float64
    weights: Float64
    bias: Float64

    def logits(self, vectors: Float32) -> Float64:
        """Logits (N, L); NaN for findings that it could not learn."""
        standard = (vectors.astype(np.float64) - self.mean) / self.spread
        return np.asarray(standard @ self.weights.T + self.bias)

    @property
    def learned(self) -> NDArray[np.bool_]:
        """(L,) findings of which it saw both kinds."""
        return np.isfinite(self.bias)


def fit_linear(vectors: Float32, labels: Float32, *, strength: float = 0.01) -> LinearProbe:
    """Fit a probe.

    Args:
        vectors: (N, D).
        labels: (N, L); a film whose label is unknown is left out for that finding.
        strength: Inverse of the L2 penalty, C of scikit-learn.
    """
    scaler = StandardScaler().fit(vectors.astype(np.float64))
    standard = scaler.transform(vectors.astype(np.float64))
    weights = np.full((labels.shape[1], vectors.shape[1]), np.nan)
    bias = np.full(labels.shape[1], np.nan)
    for k, column in enumerate(labels.T):
        known = np.isfinite(column)
        if len(np.unique(column[known])) == 2:
            fit = LogisticRegression(C=strength, max_iter=500)
            fit.fit(standard[known], column[known])
            weights[k], bias[k] = fit.coef_[0], fit.intercept_[0]
    return LinearProbe(scaler.mean_, scaler.scale_, weights, bias)


def nearest_scores(
    vectors: Float32, labels: Float32, asked: Float32, *, count: int = 20, temperature: float = 0.07
) -> Float64:
    """(M, L) mean label of the nearest films by cosine, each by exp(cosine / temperature).

    Wu et al., CVPR 2018. NaN for a finding of which none of the neighbours is known.

    Args:
        vectors: (N, D) of films with labels.
        labels: (N, L).
        asked: (M, D).
        count: Neighbours.
        temperature: Of the weights.
    """
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (asked, vectors)]
    cosine = (unit[0] @ unit[1].T).astype(np.float64)
    near = np.argsort(-cosine, axis=1, kind="stable")[:, :count]
    weight = np.exp((np.take_along_axis(cosine, near, 1) - 1) / temperature)[..., None]
    found = labels[near].astype(np.float64)  # (M, count, L)
    known = np.isfinite(found)
    total = (weight * known).sum(1)
    summed = (weight * np.where(known, found, 0.0)).sum(1)
    return np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0)


def auroc(scores: Float64, labels: Float32, *, weight: Float64 | None = None) -> Float64:
    """(B, L) area under the ROC curve of every finding; ties count half.

    NaN where a finding has one kind of film only, or no score.

    Args:
        scores: (N, L).
        labels: (N, L).
        weight: (B, N) how often each film counts in each of B replicates; once when None.
    """
    weight = np.ones((1, len(scores))) if weight is None else weight
    found = np.full((len(weight), scores.shape[1]), np.nan)
    for k in range(scores.shape[1]):
        known = np.isfinite(labels[:, k]) & np.isfinite(scores[:, k])
        if known.any():
            found[:, k] = _auroc(scores[known, k], labels[known, k] > 0, weight[:, known])
    return found


def _auroc(scores: Float64, present: NDArray[np.bool_], weight: Float64) -> Float64:
    values, place = np.unique(scores, return_inverse=True)
    area = np.empty(len(weight))
    for first in range(0, len(weight), _BLOCK):
        block = weight[first : first + _BLOCK]
        sums = [np.zeros((len(block), len(values))) for _ in range(2)]
        for total, kind in zip(sums, (present, ~present), strict=True):
            np.add.at(total.T, place[kind], block[:, kind].T)
        below = sums[1].cumsum(1) - sums[1] / 2  # absent films below, ties by half
        pairs = sums[0].sum(1) * sums[1].sum(1)
        won = (sums[0] * below).sum(1)
        area[first : first + _BLOCK] = np.divide(
            won, pairs, out=np.full(len(block), np.nan), where=pairs > 0
        )
    return area


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas under the ROC curve.

    Attributes:
        findings: (L,) of each finding; NaN where it cannot be measured.
        replicates: (B,) mean over findings in each bootstrap replicate.
    """

    findings: Float64
    replicates: Float64

    @property
    def macro(self) -> float:
        """Mean over findings."""
        return float(_mean_of_known(self.findings[None])[0])

    @property
    def interval(self) -> tuple[float, float]:
        """95 % percentile interval of the mean; NaN without replicates."""
        known = self.replicates[np.isfinite(self.replicates)]
        if known.size == 0:
            return float("nan"), float("nan")
        low, high = np.quantile(known, [0.025, 0.975])
        return float(low), float(high)


def areas(
    scores: Float64, labels: Float32, *, patients: Sequence[str], replicates: int, seed: int
) -> Areas:
    """Area of each finding, and the bootstrap of their mean.

    Whole patients are drawn with replacement; a replicate in which a finding has one kind of film
    only leaves that finding out of its mean. The same seed draws the same patients.

    Args:
        scores: (N, L).
        labels: (N, L).
        patients: (N,).
        replicates: Of the bootstrap.
        seed: Of the bootstrap.
    """
    names, owner = np.unique(np.asarray(patients, dtype=np.str_), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    weight = drawn[:, owner].astype(np.float64)
    return Areas(auroc(scores, labels)[0], _mean_of_known(auroc(scores, labels, weight=weight)))


def mean_areas(several: Sequence[Areas]) -> Areas:
    """Mean over repeated draws of the training films, replicate by replicate."""
    return Areas(
        _mean_of_known(np.stack([a.findings for a in several], axis=1)),
        np.mean([a.replicates for a in several], axis=0),
    )


def _mean_of_known(values: Float64) -> Float64:
    known = np.isfinite(values)
    number = known.sum(1)
    total = np.where(known, values, 0.0).sum(1)
    return np.divide(total, number, out=np.full(len(values), np.nan), where=number > 0)


def share_of_patients(
    patients: Sequence[str], share: float, *, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Rows of a share of the patients drawn at random, at least one; all of them for 1.

    >>> share_of_patients(["a", "a", "b"], 1.0, rng=np.random.default_rng(0)).tolist()
    [0, 1, 2]
    """
    names = np.unique(np.asarray(patients, dtype=np.str_))
    kept = rng.permutation(names)[: max(1, round(share * len(names)))]
    return np.flatnonzero(np.isin(np.asarray(patients, dtype=np.str_), kept))


def alignment(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Mean squared distance of vectors (N, D) that belong together: 0 is best, 4 the largest.

    Wang and Isola, ICML 2020.
    """
    return float(np.square(first - second).sum(1).mean())


def uniformity(vectors: NDArray[np.floating]) -> float:
    """Log of the mean of exp(-2 d^2) over all pairs of vectors (N, D): 0 is worst, less is better.

    Wang and Isola, ICML 2020.
    """
    values = np.asarray(vectors, dtype=np.float64)
    square = np.square(values).sum(1)
    distance = square[:, None] + square[None] - 2 * values @ values.T
    above = np.triu_indices(len(values), 1)
    return float(np.log(np.exp(-2 * distance[above]).mean()))
