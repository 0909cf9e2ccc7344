"""Means with intervals by cluster, as result files and pages have them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.evaluation.statistics import grouped_means


def interval(
    values: Sequence[float] | NDArray[np.float64], clusters: Sequence[str], *, seed: int
) -> dict[str, Any]:
    """Mean with its 95 % interval by cluster."""
    _, entry = grouped_means(
        np.asarray(values),
        groups=["all"] * len(values),
        clusters=list(clusters),
        rng=np.random.default_rng(seed),
    )
    return {
        "mean": round(entry.mean, 4),
        "interval": [round(entry.low, 4), round(entry.high, 4)],
        "n": len(values),
    }


def cell(entry: dict[str, Any]) -> str:
    """Such an entry in a table."""
    low, high = entry["interval"]
    return f"{entry['mean']:.2f} [{low:.2f}, {high:.2f}]"
