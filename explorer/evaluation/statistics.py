"""Means with bootstrap intervals, resampled by patient, whose images are not independent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the percentile bootstrap interval around it; all NaN when there is no value."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Table:
    """Values summed by cluster and group: (clusters, groups) each; unknown values are left out."""

    groups: tuple[str, ...]
    clusters: tuple[str, ...]
    sums: NDArray[np.float64]
    counts: NDArray[np.float64]


def grouped_means(
    values: ArrayLike,
    *,
    groups: Sequence[str],
    clusters: Sequence[str],
    replicates: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[dict[str, Interval], Interval]:
    """Mean of every group and the mean over groups (macro), each with its interval.

    Whole clusters are drawn with replacement. A replicate in which a group has no value leaves
    that group out of its macro mean.

    Args:
        values: (N,) one number a sample; NaN or infinity counts as not measured.
        groups: (N,) the finding of each sample.
        clusters: (N,) the patient of each sample.
        replicates: Bootstrap replicates; 0 gives intervals of NaN.
        level: Coverage, in (0, 1).
        rng: Source of the resampling.

    Returns:
        Interval by group, in sorted order, and the macro interval.
    """
    if not 0 < level < 1 or replicates < 0:
        raise ValueError(
            f"level must be between 0 and 1 and replicates 0 or more, got {level} and {replicates}."
        )
    table = table_of(values, groups=groups, clusters=clusters)
    once = np.ones((1, len(table.clusters)))
    means = _means(once, table.sums, table.counts)  # (1, G)
    drawn = draws(len(table.clusters), replicates=replicates, rng=rng)
    replicated = _means(drawn, table.sums, table.counts)  # (B, G)
    by_group = {
        name: _interval(means[0, i], replicated[:, i], level) for i, name in enumerate(table.groups)
    }
    macro = _interval(_row_means(means)[0], _row_means(replicated), level)
    return by_group, macro


def table_of(values: ArrayLike, *, groups: Sequence[str], clusters: Sequence[str]) -> Table:
    """Sum values (N,) by cluster and group; groups and clusters in sorted order."""
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers) == len(groups) == len(clusters):
        raise ValueError(
            "values, groups and clusters must have one length, "
            f"got {len(numbers)}, {len(groups)} and {len(clusters)}."
        )
    names, group_index = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True)
    patients, cluster_index = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    known = np.isfinite(numbers)
    sums = np.zeros((len(patients), len(names)))
    counts = np.zeros((len(patients), len(names)))
    np.add.at(sums, (cluster_index[known], group_index[known]), numbers[known])
    np.add.at(counts, (cluster_index[known], group_index[known]), 1)
    return Table(tuple(map(str, names)), tuple(map(str, patients)), sums, counts)


def draws(clusters: int, *, replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(replicates, clusters) how often each cluster is drawn, with replacement."""
    shares = np.full(clusters, 1 / max(1, clusters))
    return rng.multinomial(clusters, shares, size=replicates).astype(np.float64)


def interval_of(mean: float, replicated: NDArray[np.float64], *, level: float = 0.95) -> Interval:
    """A figure with the percentile interval of its bootstrap replicates."""
    return _interval(mean, replicated, level)


def _means(
    weights: NDArray[np.float64], sums: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(B, G) weighted means of every group, NaN where a group has no sample."""
    total, number = weights @ sums, weights @ counts
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


def _row_means(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) mean over the groups that have a value; NaN when none has."""
    known = np.isfinite(means)
    number = known.sum(axis=1)
    total = np.where(known, means, 0.0).sum(axis=1)
    return np.divide(total, number, out=np.full(len(means), np.nan), where=number > 0)


def _interval(mean: float, replicated: NDArray[np.float64], level: float) -> Interval:
    known = replicated[np.isfinite(replicated)]
    if known.size == 0:
        return Interval(float(mean), math.nan, math.nan)
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(float(mean), float(low), float(high))
