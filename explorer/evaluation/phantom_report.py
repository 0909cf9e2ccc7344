"""The figures of the phantom benchmark as plain values: means, intervals, counts, chance."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.evaluation.phantom_benchmark import Measured, SampleScore
from explorer.evaluation.protocols.phantom_cxr import GROUPS, PROTOCOL, ROWS, Label, group_of
from explorer.evaluation.retrieval import (
    chance_recall,
    label_log_likelihood,
    r_precision,
    recall_at,
    relevance,
)
from explorer.evaluation.statistics import Interval, grouped_means

METRICS = ("pointing", "cnr", "miou")
RECALLS = (1, 5, 10)
QUESTIONS = (
    "named side",
    "swap moves",
    "mirror follows",
    "denied abstains",
    "absent abstains",
    "present stands",
)
Of = Callable[[SampleScore], str]


def as_report(
    found: Measured, *, vocabulary: Sequence[Label], replicates: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Turn measurements into plain values for JSON; what cannot be measured is None.

    Args:
        found: All measurements.
        vocabulary: Labels in the order of the columns of `found.pooled`.
        replicates: Bootstrap replicates, whole studies drawn with replacement.
        seed: Of the bootstrap.
    """

    def means(values: Sequence[float], groups: Sequence[str], studies: Sequence[int]) -> Any:
        # One seed for all: every figure is resampled by the same draws.
        return grouped_means(
            values,
            groups=groups,
            clusters=[str(study) for study in studies],
            replicates=replicates,
            rng=np.random.default_rng(seed),
        )

    scopes = _scopes(found.scores, means)
    return {
        "protocol": PROTOCOL,
        **{scope: _values(entry, _mean) for scope, entry in scopes.items()},
        "intervals": {
            "level": 0.95,
            "replicates": replicates,
            "seed": seed,
            "resampled": "studies",
            **{scope: _values(entry, _span) for scope, entry in scopes.items()},
        },
        "n": _counts(found),
        "trust": _trust(found, means),
        "retrieval": _retrieval(found, vocabulary, means),
    }


def _scopes(scores: Sequence[SampleScore], means: Callable[..., Any]) -> dict[str, Any]:
    """Intervals by scope, then name (but for macro and overall), row and metric."""
    scopes: dict[str, Any] = {"macro": {}, "overall": {}, "groups": {}, "findings": {}}
    for row in ROWS:
        of_row = [s for s in scores if s.row == row]
        if not of_row:
            continue
        for metric in METRICS:
            by_finding, macro = _means(of_row, metric, means)
            _put(scopes["macro"], row, metric, macro)
            _put(scopes["overall"], row, metric, _means(of_row, metric, means, whole=True)[1])
            for finding, interval in by_finding.items():
                _put(scopes["findings"].setdefault(finding, {}), row, metric, interval)
            for group in GROUPS:
                inside = [s for s in of_row if group_of(s.finding, s.kind) == group]
                if inside:
                    mean = _means(inside, metric, means)[1]
                    _put(scopes["groups"].setdefault(group, {}), row, metric, mean)
    return scopes


def _means(
    scores: Sequence[SampleScore], metric: str, means: Callable[..., Any], *, whole: bool = False
) -> tuple[dict[str, Interval], Interval]:
    values = [getattr(s, metric) for s in scores]
    groups = ["all" if whole else s.finding for s in scores]
    found: tuple[dict[str, Interval], Interval] = means(values, groups, [s.study for s in scores])
    return found


def _put(rows: dict[str, Any], row: str, metric: str, interval: Interval) -> None:
    rows.setdefault(row, {})[metric] = interval


def _values(entry: Any, of: Callable[[Interval], Any]) -> Any:
    """The same tree with every interval turned into plain values."""
    if isinstance(entry, Interval):
        return of(entry)
    return {name: _values(part, of) for name, part in entry.items()}


def _counts(found: Measured) -> dict[str, Any]:
    """Samples that are measured, by row; the prior of a finding seen once is not."""
    known = [s for s in found.scores if math.isfinite(s.pointing)]

    def by(of: Of) -> dict[str, dict[str, int]]:
        names = sorted({of(s) for s in known})
        return {n: {r: sum(s.row == r and of(s) == n for s in known) for r in ROWS} for n in names}

    return {
        "studies": len(found.labels),
        "samples": {row: sum(s.row == row for s in known) for row in ROWS},
        "groups": by(lambda s: group_of(s.finding, s.kind)),
        "findings": by(lambda s: s.finding),
    }


def _trust(found: Measured, means: Callable[..., Any]) -> dict[str, Any]:
    answers = {}
    for question in QUESTIONS:
        asked = found.trust.get(question, [])
        values, studies = [float(a) for _, a in asked], [study for study, _ in asked]
        interval = means(values, ["all"] * len(values), studies)[1] if asked else None
        answers[question] = {
            "share": _mean(interval) if interval else None,
            "interval": _span(interval) if interval else [None, None],
            "n": len(values),
        }
    return answers


def _retrieval(
    found: Measured, vocabulary: Sequence[Label], means: Callable[..., Any]
) -> dict[str, Any]:
    """Images against reports as findings, both ways; reports of equal findings are equally right.

    Only labels that some report of the run has enter the likelihood.
    """
    used = [i for i, label in enumerate(vocabulary) if any(label in s for s in found.labels)]
    table = np.array([[vocabulary[i] in s for i in used] for s in found.labels], dtype=bool)
    table = table.reshape(len(found.labels), len(used))
    pooled = np.stack(found.pooled)[:, used] if found.pooled else np.zeros((0, 0))
    scores = label_log_likelihood(pooled, table)
    relevant = relevance(found.labels, found.labels)
    return {
        "studies": len(found.labels),
        "distinct_reports": len(set(found.labels)),
        "labels": len(used),
        "image to report": _ways(scores, relevant, means),
        "report to image": _ways(scores.T, relevant, means),
    }


def _ways(
    scores: NDArray[np.float64], relevant: NDArray[np.bool_], means: Callable[..., Any]
) -> dict[str, Any]:
    count = len(scores)
    right = relevant.sum(axis=1)
    figures = {
        f"recall_at_{k}": (
            recall_at(scores, relevant, k),
            [chance_recall(count, int(r), min(k, count)) for r in right],
        )
        for k in RECALLS
    }
    figures["r_precision"] = (r_precision(scores, relevant), list(right / max(count, 1)))
    summary = {}
    for name, (values, chance) in figures.items():
        interval = means(list(values), ["all"] * count, list(range(count)))[1]
        summary[name] = {
            "mean": _mean(interval),
            "interval": _span(interval),
            "chance": _finite(float(np.mean(chance))) if count else None,
        }
    return summary


def _mean(interval: Interval) -> float | None:
    return _finite(interval.mean)


def _span(interval: Interval) -> list[float | None]:
    return [_finite(interval.low), _finite(interval.high)]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
