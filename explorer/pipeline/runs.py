"""Kept evaluation runs: tables, comparisons and exports, with protocols by name."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pandas as pd

from explorer.corpora.predicted_boxes import read_predicted
from explorer.evaluation import summary
from explorer.evaluation.kept import (
    Run,
    as_json,
    delete_run,
    export_run,
    list_runs,
    read_run,
    run_size,
)
from explorer.evaluation.listing import DEFAULT, Listed, definitions, named, placed_protocols
from explorer.evaluation.protocols import box_iou
from explorer.evaluation.samples import MODEL
from explorer.evaluation.summary import reliability
from explorer.placed import PlacedCorpus
from explorer.wheel_data import user_cache

__all__ = [
    "DEFAULT",
    "Run",
    "as_json",
    "compare_runs",
    "definitions",
    "delete_run",
    "describe_cards",
    "evaluate_boxes",
    "export_run",
    "list_runs",
    "most_apart",
    "protocol_names",
    "read_run",
    "reliability",
    "run_bytes",
    "run_size",
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


def evaluate_boxes(
    corpus: PlacedCorpus, predictions: Path, *, numbers: str, replicates: int = 1000
) -> dict[str, Any]:
    """Table of boxes that another program predicted; see `protocols.box_iou`.

    Args:
        corpus: What was asked.
        predictions: JSON; see `explorer.corpora.predicted_boxes`.
        numbers: "pixels", "unit", "maira2" or "percent".
        replicates: Of the bootstrap, by patient.

    Raises:
        DataSetError: The file cannot be used, or matches nothing that was asked.
    """
    predicted = read_predicted(predictions, corpus.phrases, numbers=numbers)
    figures = box_iou.measure_boxes(corpus.phrases, predicted)
    samples = pd.DataFrame(
        {
            "row": MODEL,
            "patient": [phrase.patient_key for phrase in corpus.phrases],
            "finding": [phrase.finding for phrase in corpus.phrases],
            **{f"{box_iou.ID}:{name}": values for name, values in figures.items()},
        }
    )
    return summary.table_of_samples(samples, cast(Listed, box_iou), replicates=replicates)


def runs_root() -> Path:
    """Where runs are kept when no folder is named: in the user's cache."""
    return user_cache() / "evaluations"
