"""Kept evaluation runs: tables, comparisons and exports, with protocols by name."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from explorer.evaluation import summary
from explorer.evaluation.kept import Run, as_json, export_run, list_runs, read_run
from explorer.evaluation.listing import DEFAULT, definitions, named, placed_protocols
from explorer.wheel_data import user_cache

__all__ = [
    "DEFAULT",
    "Run",
    "as_json",
    "compare_runs",
    "definitions",
    "describe_cards",
    "export_run",
    "list_runs",
    "most_apart",
    "protocol_names",
    "read_run",
    "run_bytes",
    "runs_root",
    "summarise_run",
]


def protocol_names() -> dict[str, str]:
    """Title of every protocol of placed phrases by its name."""
    return {name: protocol.TITLE for name, protocol in placed_protocols().items()}


def summarise_run(
    run: Run, *, protocol: str, replicates: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Table of a run with one protocol; see `explorer.evaluation.summary.summarise`."""
    (chosen,) = named([protocol]).values()
    return summary.summarise(run, chosen, replicates=replicates, seed=seed)


def compare_runs(
    first: Run, second: Run, *, protocol: str, replicates: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Paired differences of two runs; see `explorer.evaluation.summary.compare`."""
    (chosen,) = named([protocol]).values()
    return summary.compare(first, second, chosen, replicates=replicates, seed=seed)


def most_apart(
    first: Run, second: Run, *, protocol: str, metric: str, order: str = "apart"
) -> pd.DataFrame:
    """Images by how much two runs differ; see `explorer.evaluation.summary.most_apart`."""
    (chosen,) = named([protocol]).values()
    return summary.most_apart(first, second, chosen, metric, order=order)


def describe_cards(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a list of runs shows of each."""
    return [
        {
            "run": card["folder"].name,
            "checkpoint": card["about"]["checkpoint"]["name"],
            "precision": card["about"]["checkpoint"]["precision"],
            "pooling": card["key"]["pooling"],
            "data set": card["about"]["corpus"]["title"],
            "images": card["about"]["corpus"]["images"],
            "protocols": ", ".join(card["key"]["protocols"]),
            "date": card["about"]["date"],
            "complete": card["complete"],
        }
        for card in cards
    ]


def run_bytes(folder: Path, suffix: str) -> bytes:
    """A run as the bytes of a .csv, .json or .parquet file."""
    with TemporaryDirectory() as place:
        path = Path(place) / f"run{suffix}"
        export_run(read_run(folder), path)
        return path.read_bytes()


def runs_root() -> Path:
    """Where runs are kept when no folder is named: in the user's cache."""
    return user_cache() / "evaluations"
