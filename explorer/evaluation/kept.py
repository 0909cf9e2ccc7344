"""Runs on disk: a card and a table of samples, written piece by piece, so that a kill costs one.

    RUN/card.json        what was measured with what; `complete` when nothing is missing
    RUN/part-00000.parquet ...   samples so far; joined into samples.parquet at the end

A run goes on only with what it was begun with. It holds phrases and digests of image names and
patients, no name, path or pixel.
"""

import json
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.errors import DataSetError
from explorer.evaluation.samples import FLAGS, SAID, TEXTS, Sample

SCHEMA = "evaluation-run/1"
CARD, SAMPLES, BASELINES = "card.json", "samples.parquet", "baselines.parquet"
_FILES = (CARD, SAMPLES, BASELINES, "part-*.parquet", "*.part")  # all that is in a run's folder


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was read back.

    Attributes:
        card: See the module.
        samples: One row a sample and row of the table; NaN = not measured.
    """

    folder: Path
    card: dict[str, Any]
    samples: pd.DataFrame

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def complete(self) -> bool:
        """Whether every image was measured."""
        return bool(self.card.get("complete"))


class RunFolder:
    """A run that is being written."""

    def __init__(self, folder: Path, *, key: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Begin a run, or go on with it.

        Args:
            folder: Made where it is not there.
            key: What decides the figures; plain values.
            about: What else the card says.

        Raises:
            DataSetError: The folder holds another run, or something else.
        """
        self.folder = folder
        wanted = json.loads(json.dumps(dict(key)))
        if (folder / CARD).exists():
            self.card = read_card(folder)
            if self.card["key"] != wanted:
                differing = [k for k in wanted if self.card["key"].get(k) != wanted[k]]
                raise DataSetError(
                    f"A run goes on with what it was begun with, {folder.name!r} was begun with "
                    f"another {' and '.join(differing) or 'key'}. Give another folder."
                )
        elif folder.exists() and any(folder.iterdir()):
            raise DataSetError(
                f"A run needs a folder of its own, {folder.name!r} holds something else."
            )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self.card = {"schema": SCHEMA, "key": wanted, "about": dict(about), "complete": False}
            self._write_card()
        self._parts = sorted(folder.glob("part-*.parquet"))
        self.done = {image for part in self._tables() for image in part["image"].to_pylist()}

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return bool(self.card["complete"])

    def append(self, samples: Sequence[Sample], columns: Sequence[str]) -> None:
        """Keep the samples of whole images; written whole or not at all."""
        if samples:
            path = self.folder / f"part-{len(self._parts):05d}.parquet"
            _write_table(as_table(samples, columns), path)
            self._parts.append(path)
            self.done |= {sample["image"] for sample in samples}

    def append_baselines(self, pieces: Iterable[Sequence[Sample]], columns: Sequence[str]) -> None:
        """Keep the rows that look at no image; those of an earlier, killed try are dropped."""
        schema = as_table([], columns).schema
        with pq.ParquetWriter(self.folder / f"{BASELINES}.part", schema) as file:
            for samples in pieces:
                file.write_table(as_table(samples, columns))
        (self.folder / f"{BASELINES}.part").rename(self.folder / BASELINES)

    def finish(self, **about: Any) -> None:
        """Join the pieces into one table and mark the run as complete."""
        if not self._parts:
            raise DataSetError("A run must have measured something, it has not.")
        paths = [*self._parts, *self.folder.glob(BASELINES)]
        _write_table(pa.concat_tables(map(_read_table, paths)), self.folder / SAMPLES)
        self.card["about"] |= about
        self.card["complete"] = True
        self._write_card()
        for path in paths:
            path.unlink()
        self._parts = []

    def _tables(self) -> list[pa.Table]:
        whole = self.folder / SAMPLES
        paths = [whole] if self.card["complete"] else self._parts
        return [_read_table(path) for path in paths]

    def _write_card(self) -> None:
        path = self.folder / f"{CARD}.part"
        path.write_text(json.dumps(self.card, indent=2) + "\n", encoding="utf-8")
        path.rename(self.folder / CARD)


def as_table(samples: Sequence[Sample], columns: Sequence[str]) -> pa.Table:
    """Samples as an Arrow table with figures as 64-bit numbers."""
    schema = pa.schema(
        [(name, pa.string()) for name in TEXTS]
        + [(name, pa.bool_()) for name in FLAGS]
        + [(name, pa.float64()) for name in (SAID, *columns)]
    )
    return pa.Table.from_pylist(list(samples), schema=schema)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a run.

    Raises:
        DataSetError: There is none, or it is of another kind.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        if card["schema"] != SCHEMA or not isinstance(card["key"], dict):
            raise ValueError(card["schema"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataSetError(
            f"A run has a {CARD} of schema {SCHEMA}, {folder.name!r} has none. Give the folder "
            "that `explorer evaluate run` wrote."
        ) from error
    return dict(card)


def read_run(folder: Path) -> Run:
    """Read a run back, finished or not.

    Raises:
        DataSetError: It is none, holds no sample yet, or a file cannot be read.
    """
    card = read_card(folder)
    paths = [folder / SAMPLES] if card["complete"] else sorted(folder.glob("part-*.parquet"))
    if not paths:
        raise DataSetError(f"The run {folder.name!r} has measured nothing yet. Go on with it.")
    table = pa.concat_tables([_read_table(path) for path in paths])
    return Run(folder, card, table.to_pandas())


def list_runs(root: Path) -> list[dict[str, Any]]:
    """Cards of all runs below a folder, newest first, each with its `folder`."""
    found = []
    for path in root.glob(f"*/{CARD}"):
        try:
            found.append({**read_card(path.parent), "folder": path.parent})
        except DataSetError:
            continue
    return sorted(found, key=lambda card: str(card["about"].get("date", "")), reverse=True)


def delete_run(folder: Path) -> None:
    """Delete a run, finished or not; nothing brings it back.

    Raises:
        DataSetError: It is none, or its folder holds something else as well.
    """
    read_card(folder)
    foreign = [p for p in folder.iterdir() if not any(map(p.match, _FILES))]
    if foreign:
        raise DataSetError(
            f"A run is deleted with its folder, which may hold nothing else; {folder.name!r} holds "
            f"{len(foreign)} other files or folders. Move them elsewhere."
        )
    # Out of the way first, then the card: whatever is cut short leaves no half run in the list.
    aside = folder.rename(folder.with_name(f".deleted-{secrets.token_hex(4)}"))
    (aside / CARD).unlink()
    shutil.rmtree(aside)


def run_size(folder: Path) -> int:
    """Bytes that a run takes on disk."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def export_run(run: Run, path: Path) -> None:
    """Write the samples as csv, json or parquet, by the suffix.

    Raises:
        DataSetError: The suffix is another.
    """
    if path.suffix == ".csv":
        run.samples.to_csv(path, index=False)
    elif path.suffix == ".json":
        path.write_text(as_json(run), encoding="utf-8")
    elif path.suffix == ".parquet":
        _write_table(pa.Table.from_pandas(run.samples, preserve_index=False), path)
    else:
        raise DataSetError(f"A run is written as .csv, .json or .parquet, got {path.suffix!r}.")


def as_json(run: Run) -> str:
    """Card and samples; what was not measured is null."""
    samples = json.loads(run.samples.to_json(orient="records", double_precision=15))
    return json.dumps({"card": run.card, "samples": samples}, indent=1) + "\n"


def _write_table(table: pa.Table, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    pq.write_table(table, part)
    part.rename(path)


def _read_table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataSetError(
            f"{path.name!r} of the run {path.parent.name!r} cannot be read. Delete it, run again."
        ) from error
