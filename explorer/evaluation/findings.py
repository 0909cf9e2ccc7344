"""Is a finding on the film at all? AUROC, average precision and calibration, intervals by patient.

Letters: N films, F findings, B bootstrap replicates. Labels are 1, 0 or NaN (unknown: left out).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.evaluation.paired import bh_adjusted, holm_adjusted
from explorer.evaluation.statistics import Interval, draws, interval_of

Floats = NDArray[np.float64]
BINS = 10


def auroc(scores: Floats, labels: NDArray[np.bool_], weights: Floats) -> Floats:
    """(B,) area under the ROC curve: chance that a film with the finding scores above one without.

    Args:
        scores: (N,) ties count half.
        labels: (N,)
        weights: (B, N) how often each film counts; NaN where a replicate has one kind only.

    >>> auroc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0, 1, 0, 1], bool), np.ones((1, 4)))
    array([0.875])
    """
    positive, negative = _by_score(scores, labels, weights)
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + 0.5 * negative)).sum(axis=1)
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def average_precision(scores: Floats, labels: NDArray[np.bool_], weights: Floats) -> Floats:
    """(B,) area under the precision-recall curve in steps, as scikit-learn takes it.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1], bool), np.ones((1, 3)))
    array([0.83333333])
    """
    positive, negative = (part[:, ::-1] for part in _by_score(scores, labels, weights))
    found = np.cumsum(positive, axis=1)
    named = found + np.cumsum(negative, axis=1)
    precision = np.divide(found, named, out=np.zeros_like(found), where=named > 0)
    total = positive.sum(axis=1)
    area = (positive * precision).sum(axis=1)
    return np.divide(area, total, out=np.full(len(area), np.nan), where=total > 0)


def rank_findings(
    scores: Floats,
    labels: Floats,
    *,
    findings: Sequence[str],
    patients: Sequence[str],
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """AUROC and AUPRC of every finding and their mean ("macro"), patients drawn whole.

    Args:
        scores: (N, F) higher = rather there.
        labels: (N, F) 1, 0 or NaN.
        findings: F names.
        patients: (N,)
        replicates: Of the bootstrap.
        seed: Of the bootstrap.

    Returns:
        finding -> {"auroc", "auprc": Interval, "positive", "negative"}; a finding that all or no
        films have is left out.
    """
    weights = _weights(patients, replicates=replicates, seed=seed)
    found: dict[str, dict[str, Any]] = {}
    replicated: dict[str, list[Floats]] = {"auroc": [], "auprc": []}
    for number, finding in enumerate(findings):
        known = np.isfinite(labels[:, number])
        truth = labels[known, number] > 0
        if not 0 < truth.sum() < len(truth):
            continue
        entry: dict[str, Any] = {"positive": int(truth.sum()), "negative": int((~truth).sum())}
        for name, area in (("auroc", auroc), ("auprc", average_precision)):
            values = area(scores[known, number], truth, weights[:, known])
            entry[name] = interval_of(float(values[0]), values[1:])
            replicated[name].append(values)
        found[finding] = entry
    if found:
        macro: dict[str, Any] = {"positive": None, "negative": None}
        for name, rows in replicated.items():
            means = _known_mean(np.array(rows))
            macro[name] = interval_of(float(means[0]), means[1:])
        found["macro"] = macro
    return found


def compare_findings(
    first: Floats,
    second: Floats,
    labels: Floats,
    *,
    findings: Sequence[str],
    patients: Sequence[str],
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """AUROC of the second scores minus the first on the same draws of patients.

    p is two-sided, from the bootstrap: twice the smaller share of replicates on either side of 0.

    Returns:
        finding -> {"difference": Interval, "p", "p_holm", "p_bh"}.
    """
    weights = _weights(patients, replicates=replicates, seed=seed)
    spans: dict[str, Interval] = {}
    p_values = []
    for number, finding in enumerate(findings):
        known = np.isfinite(labels[:, number])
        truth = labels[known, number] > 0
        if not 0 < truth.sum() < len(truth):
            continue
        one, other = (auroc(s[known, number], truth, weights[:, known]) for s in (first, second))
        delta = other - one
        spans[finding] = interval_of(float(delta[0]), delta[1:])
        drawn = delta[1:][np.isfinite(delta[1:])]
        tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
        p_values.append(min(1.0, 2 * (1 + tail) / (1 + len(drawn))))
    holm, bh = holm_adjusted(p_values), bh_adjusted(p_values)
    return {
        finding: {
            "difference": spans[finding],
            "p": p_values[i],
            "p_holm": float(holm[i]),
            "p_bh": float(bh[i]),
        }
        for i, finding in enumerate(spans)
    }


def calibration(
    probabilities: Floats, labels: NDArray[np.bool_], *, bins: int = BINS
) -> dict[str, Any]:
    """Do stated probabilities come true? Reliability by bins of equal width, ECE and Brier score.

    ECE: mean distance of stated and observed share, bins weighted by their films. Brier: mean
    squared distance of probability and label.

    >>> calibration(np.array([0.0, 1.0, 1.0]), np.array([0, 1, 0], bool))["brier"]
    0.3333333333333333
    """
    place = np.minimum((probabilities * bins).astype(np.intp), bins - 1)
    counts = np.bincount(place, minlength=bins)
    stated = np.bincount(place, probabilities, minlength=bins)
    observed = np.bincount(place, labels.astype(np.float64), minlength=bins)
    used = np.flatnonzero(counts)
    return {
        "ece": float(np.abs(stated - observed).sum() / max(len(labels), 1)),
        "brier": float(np.mean((probabilities - labels) ** 2)),
        "reliability": [
            {
                "stated": float(stated[i] / counts[i]),
                "observed": float(observed[i] / counts[i]),
                "films": int(counts[i]),
            }
            for i in used
        ],
    }


def _known_mean(rows: Floats) -> Floats:
    """(B,) mean over the findings that a replicate could measure."""
    known = np.isfinite(rows)
    total, count = np.where(known, rows, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def _weights(patients: Sequence[str], *, replicates: int, seed: int) -> Floats:
    """(1 + B, N): every film once, then patients drawn with replacement."""
    names, own = np.unique(np.asarray(patients, dtype=np.str_), return_inverse=True)
    drawn = draws(len(names), replicates=replicates, rng=np.random.default_rng(seed))
    return np.concatenate([np.ones((1, len(own))), drawn[:, own]])


def _by_score(scores: Floats, labels: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    """Weights of films with and without the finding at every distinct score, ascending: (B, U)."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    sorted_weights, truth = weights[:, order], labels[order]
    positive = np.add.reduceat(sorted_weights * truth, starts, axis=1)
    negative = np.add.reduceat(sorted_weights * ~truth, starts, axis=1)
    return positive, negative
