"""Differences between two checkpoints on the same samples: intervals, tests, and many findings.

A difference is taken sample by sample, patients are drawn whole for its interval, and its sign is
flipped patient by patient for the test. Many findings are corrected for together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explorer.evaluation.statistics import Interval, grouped_means, table_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more the second has than the first.

    Attributes:
        interval: Mean difference with its bootstrap interval.
        p: Two-sided, from flips of sign by patient; NaN when there is nothing to compare.
        p_holm, p_bh: The same corrected over the findings of the table: for any false finding
            (Holm), for the share of false findings (Benjamini and Hochberg).
        samples, patients: Compared.
    """

    interval: Interval
    p: float
    p_holm: float
    p_bh: float
    samples: int
    patients: int


def paired_differences(
    first: ArrayLike,
    second: ArrayLike,
    *,
    groups: Sequence[str],
    clusters: Sequence[str],
    replicates: int = 1000,
    seed: int = 0,
) -> tuple[dict[str, Difference], Difference]:
    """Difference second - first of every group, and of the mean over groups (macro).

    Args:
        first: (N,) figures of samples.
        second: (N,) of the same samples; one that is not finite in either is left out.
        groups: (N,) the finding of each sample.
        clusters: (N,) the patient of each sample.
        replicates: Of bootstrap and of flips.
        seed: Of both.

    Returns:
        By group, corrected over the groups; and macro, a claim of its own, not corrected.
    """
    delta = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    by_group, macro = grouped_means(
        delta,
        groups=groups,
        clusters=clusters,
        replicates=replicates,
        rng=np.random.default_rng(seed),
    )
    table = table_of(delta, groups=groups, clusters=clusters)
    p_values, p_macro = _flip_test(table.sums, table.counts, replicates=replicates, seed=seed)
    holm, bh = holm_adjusted(p_values), bh_adjusted(p_values)
    counted = table.counts.sum(axis=0), (table.counts > 0).sum(axis=0)
    found = {
        name: Difference(
            by_group[name],
            float(p_values[i]),
            float(holm[i]),
            float(bh[i]),
            int(counted[0][i]),
            int(counted[1][i]),
        )
        for i, name in enumerate(table.groups)
    }
    some = int((table.counts.sum(axis=1) > 0).sum())
    whole = Difference(macro, p_macro, p_macro, p_macro, int(table.counts.sum()), some)
    return found, whole


def _flip_test(sums: Floats, counts: Floats, *, replicates: int, seed: int) -> tuple[Floats, float]:
    """Two-sided p of group means and of their mean, were the sign of each patient a coin."""
    rng = np.random.default_rng([seed, 1])
    total = counts.sum(axis=0)
    known = total > 0
    divisor = np.where(known, total, 1.0)
    signs = rng.choice([-1.0, 1.0], size=(replicates, len(sums)))
    flipped, seen = signs @ sums / divisor, sums.sum(axis=0) / divisor
    p = _share_as_far(np.abs(flipped), np.abs(seen))
    if not known.any():
        return np.full(len(total), np.nan), float("nan")
    whole = _share_as_far(
        np.abs(flipped[:, known].mean(axis=1, keepdims=True)), np.abs(seen[known].mean())
    )
    return np.where(known, p, np.nan), float(whole[0])


def _share_as_far(flipped: Floats, seen: ArrayLike) -> Floats:
    # A hair of slack: the same sum in another order is as far.
    as_far = flipped >= np.asarray(seen) * (1 - 1e-12) - 1e-15
    return np.asarray((1 + as_far.sum(axis=0)) / (1 + len(flipped)), dtype=np.float64)


def holm_adjusted(p: ArrayLike) -> Floats:
    """Holm's step-down correction: below .05 with a chance of .05 that any is false.

    >>> holm_adjusted([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjusted(p, lambda ordered, m: np.maximum.accumulate(ordered * np.arange(m, 0, -1)))


def bh_adjusted(p: ArrayLike) -> Floats:
    """Correct as Benjamini and Hochberg: of those below .05, a share of .05 is false at most.

    >>> bh_adjusted([0.01, 0.04, 0.03, 0.005]).tolist()
    [0.02, 0.04, 0.04, 0.02]
    """

    def step_up(ordered: Floats, m: int) -> Floats:
        return np.minimum.accumulate((ordered * m / np.arange(1, m + 1))[::-1])[::-1]

    return _adjusted(p, step_up)


def _adjusted(p: ArrayLike, rule: Callable[[Floats, int], Floats]) -> Floats:
    values = np.asarray(p, np.float64)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    result = np.full(len(values), np.nan)
    if len(order):
        result[order] = np.minimum(rule(values[order], len(order)), 1.0)
    return result
