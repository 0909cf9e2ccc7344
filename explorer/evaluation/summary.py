"""Tables of a run and of two runs side by side, with intervals; plain values, ready for a file."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from explorer.errors import DataSetError
from explorer.evaluation.baselines import ROWS
from explorer.evaluation.findings import calibration
from explorer.evaluation.kept import Run
from explorer.evaluation.listing import Listed, PlacedProtocol, stamp
from explorer.evaluation.paired import Difference, paired_differences
from explorer.evaluation.samples import MODEL, SAID, column
from explorer.evaluation.statistics import Interval, grouped_means

MACRO = "macro"
NO_FINDING = "(no finding named)"


def summarise(
    run: Run, protocol: PlacedProtocol, *, replicates: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Figures of one protocol by row, finding and metric, with intervals by patient.

    Returns:
        {"protocol", "metrics", "rows": {row: {finding or "macro": {metric: {"mean", "low", "high",
        "n"}}}}}; a value that was not measured is None.
    """
    check_columns(run, protocol)
    return table_of_samples(run.samples, protocol, replicates=replicates, seed=seed)


def table_of_samples(
    samples: pd.DataFrame, protocol: Listed, *, replicates: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """As `summarise`, of samples that are in no run."""
    rows: dict[str, Any] = {}
    for row in (MODEL, *ROWS):
        own = samples[samples["row"] == row]
        if len(own):
            rows[row] = _by_finding(own, protocol, replicates=replicates, seed=seed)
    return {
        "protocol": protocol.ID,
        "title": protocol.TITLE,
        "metrics": {name: metric.title for name, metric in protocol.METRICS.items()},
        "rows": rows,
        "intervals": {"level": 0.95, "replicates": replicates, "resampled": "patients"},
    }


def reliability(run: Run) -> dict[str, Any] | None:
    """Do the scores of a run come true? Every phrase by its score and whether it is there.

    Returns:
        {"ece", "brier", "phrases", "present", "reliability"}, see
        `explorer.evaluation.findings.calibration`; None where scores are not calibrated.
    """
    own = run.samples[run.samples["row"] == MODEL]
    own = own[np.isfinite(own[SAID].to_numpy(np.float64))]
    if not run.card["about"]["calibrated"] or own.empty:
        return None
    there = own["present"].to_numpy(np.bool_)
    found = calibration(own[SAID].to_numpy(np.float64), there)
    return {**found, "phrases": len(own), "present": int(there.sum())}


def compare(
    first: Run,
    second: Run,
    protocol: PlacedProtocol,
    *,
    metrics: Sequence[str] | None = None,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Paired differences second - first on the samples of both.

    Returns:
        {"protocol", "first", "second", "samples", "metrics": {metric: {finding or "macro":
        {"first", "second", "mean", "low", "high", "p", "p_holm", "p_bh", "samples",
        "patients"}}}}.

    Raises:
        DataSetError: The runs are of other data sets, lack the protocol or share no sample.
    """
    for run in (first, second):
        check_columns(run, protocol)
    both = shared_samples(first, second)
    found: dict[str, Any] = {}
    for name in metrics or protocol.METRICS:
        key = column(protocol, name)
        known = both[np.isfinite(both[f"{key} 1"]) & np.isfinite(both[f"{key} 2"])]
        if len(known):
            found[name] = _differences(known, key, replicates=replicates, seed=seed)
    return {
        "protocol": protocol.ID,
        "first": first.name,
        "second": second.name,
        "samples": len(both),
        "titles": {name: metric.title for name, metric in protocol.METRICS.items()},
        "metrics": found,
        "test": "flips of sign by patient; p_holm and p_bh corrected over findings",
    }


def _differences(
    known: pd.DataFrame, key: str, *, replicates: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Differences of one figure by finding, and of the mean over findings."""
    values = known[[f"{key} 1", f"{key} 2"]].set_axis(["first", "second"], axis=1)
    groups = _findings(known)
    by_finding, macro = paired_differences(
        values["first"].to_numpy(),
        values["second"].to_numpy(),
        groups=groups,
        clusters=known["patient"].tolist(),
        replicates=replicates,
        seed=seed,
    )
    levels = values.assign(finding=groups).groupby("finding").mean()
    entries = {
        finding: _difference(found, levels["first"][finding], levels["second"][finding])
        for finding, found in by_finding.items()
    }
    entries[MACRO] = _difference(macro, levels["first"].mean(), levels["second"].mean())
    return entries


def shared_samples(first: Run, second: Run) -> pd.DataFrame:
    """Samples of both runs, figures of the first named "... 1", of the second "... 2".

    Raises:
        DataSetError: The runs are of other data sets, or share no sample.
    """
    digests = [run.card["key"].get("corpus") for run in (first, second)]
    if digests[0] != digests[1]:
        raise DataSetError(
            f"Runs are compared on one data set, {first.name!r} and {second.name!r} are of two. "
            "Run both checkpoints on the same data set and split."
        )
    names = ["image", "key"]
    tables = [run.samples[run.samples["row"] == MODEL] for run in (first, second)]
    both = tables[0].merge(tables[1], on=names, suffixes=(" 1", " 2"), validate="one_to_one")
    if not len(both):
        raise DataSetError(f"{first.name!r} and {second.name!r} share no sample.")
    kept = ("patient", "finding", "phrase", "present", "placed")
    return both.rename(columns={f"{name} 1": name for name in kept}).drop(
        columns=[f"{name} 2" for name in kept]
    )


def most_apart(
    first: Run, second: Run, protocol: PlacedProtocol, metric: str, *, order: str = "apart"
) -> pd.DataFrame:
    """Images by how much two runs differ on them: one row an image, the first the most.

    Args:
        first: A run.
        second: Another on the same data set.
        protocol: Names the figures.
        metric: Of the protocol.
        order: "apart", "lost" (the second is worse) or "won" (it is better).

    Returns:
        Columns image, finding, phrase, first, second, difference: those of the phrase of the image
        that differs most; and mean, over all phrases of the image.
    """
    signs = {"apart": None, "lost": 1.0, "won": -1.0}
    if order not in signs:
        raise DataSetError(f"The order must be one of {', '.join(signs)}, got {order!r}.")
    check_columns(first, protocol)
    both, key = shared_samples(first, second), column(protocol, metric)
    table = both[["image", "key", "finding", "phrase"]].assign(
        first=both[f"{key} 1"], second=both[f"{key} 2"]
    )
    table["difference"] = table["second"] - table["first"]
    table = table[np.isfinite(table["difference"])]
    sign = signs[order]
    table["rank"] = (
        table["difference"].abs().mul(-1) if sign is None else sign * table["difference"]
    )
    table["mean"] = table.groupby("image")["difference"].transform("mean")
    ordered = table.sort_values(["rank", "image", "key"], kind="stable")
    return ordered.drop_duplicates("image").drop(columns="rank").reset_index(drop=True)


def check_columns(run: Run, protocol: PlacedProtocol) -> None:
    """Refuse a run that was not measured with a protocol, or with an older definition of it.

    Raises:
        DataSetError: It was not.
    """
    stamped = {s.split()[0]: s for s in run.card["key"].get("protocols", [])}
    if protocol.ID not in stamped:
        raise DataSetError(
            f"The run {run.name!r} was measured with {', '.join(stamped) or 'nothing'}, not with "
            f"{protocol.ID}. Run it again with that protocol."
        )
    if stamped[protocol.ID] != stamp(protocol):
        raise DataSetError(
            f"The run {run.name!r} was measured with another wording of {protocol.ID} "
            f"({stamped[protocol.ID]}, now {stamp(protocol)}). Run it again."
        )


def forest(summary: Mapping[str, Any], metric: str) -> list[dict[str, Any]]:
    """What a forest plot draws: a line a finding and row, macro last."""
    lines = []
    for row, findings in summary["rows"].items():
        for finding, figures in findings.items():
            value = figures[metric]
            if value["mean"] is not None:
                lines.append({"row": row, "finding": finding, **value})
    return lines


def _by_finding(
    own: pd.DataFrame, protocol: Listed, *, replicates: int, seed: int
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    groups, clusters = _findings(own), own["patient"].tolist()
    for name in protocol.METRICS:
        values = own[column(protocol, name)].to_numpy(np.float64)
        known = np.isfinite(values)
        # One seed for all: rows and metrics are then resampled by the same draws.
        by_finding, macro = grouped_means(
            values,
            groups=groups,
            clusters=clusters,
            replicates=replicates,
            rng=np.random.default_rng(seed),
        )
        measured = own[known].assign(group=np.array(groups)[known])
        patients = measured.groupby("group")["patient"].nunique()
        counts = measured["group"].value_counts()
        for finding, interval in by_finding.items():
            several = patients.get(finding, 0) > 1
            entry = _entry(interval, int(counts.get(finding, 0)), spread=several)
            found.setdefault(finding, {})[name] = entry
        several = measured["patient"].nunique() > 1
        found.setdefault(MACRO, {})[name] = _entry(macro, int(known.sum()), spread=several)
    found[MACRO] = found.pop(MACRO)
    return found


def _findings(samples: pd.DataFrame) -> list[str]:
    return [finding or NO_FINDING for finding in samples["finding"].tolist()]


def _entry(interval: Interval, count: int, *, spread: bool) -> dict[str, Any]:
    """Plain values; one patient alone has a mean and no interval."""
    return {
        "mean": finite(interval.mean),
        "low": finite(interval.low) if spread else None,
        "high": finite(interval.high) if spread else None,
        "n": count,
    }


def _difference(found: Difference, first: float, second: float) -> dict[str, Any]:
    return {
        "first": finite(first),
        "second": finite(second),
        "mean": finite(found.interval.mean),
        "low": finite(found.interval.low) if found.patients > 1 else None,
        "high": finite(found.interval.high) if found.patients > 1 else None,
        "p": finite(found.p),
        "p_holm": finite(found.p_holm),
        "p_bh": finite(found.p_bh),
        "samples": found.samples,
        "patients": found.patients,
    }


def finite(value: float) -> float | None:
    """The value, or None where it says nothing."""
    return float(value) if math.isfinite(value) else None
