"""Films with labels from any table: `findings` joined by a bar, or one column of 1 and 0 a label.

Columns: path (or Path, image), relative to the folder of the table; findings ("No Finding" =
none), or labels as columns of 1, 0, -1 (uncertain) and empty (unknown), as CheXpert writes them;
and any of patient, split. Without a patient column, "patient123" in the path names one, else the
film is alone.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from explorer.corpora.layouts import NO_FINDING, read_table
from explorer.corpora.placed._reading import ImageFiles
from explorer.errors import DataSetError

_PATHS = ("path", "Path", "image")
_CHEXPERT = re.compile(r"patient\d+")


@dataclass(frozen=True, slots=True)
class LabelledFilms:
    """N films with F labels.

    Attributes:
        labels: (N, F) 1, 0 or NaN = unknown.
    """

    paths: tuple[Path, ...]
    patients: tuple[str, ...]
    findings: tuple[str, ...]
    labels: NDArray[np.float64]


def read_labelled(
    table: Path,
    *,
    images: Path | None = None,
    split: str = "all",
    findings: list[str] | None = None,
) -> LabelledFilms:
    """Read films and labels.

    Args:
        table: CSV.
        images: Folder of the images; that of the table when None.
        split: Keep only this one.
        findings: Keep only these labels, in this order.

    Raises:
        DataSetError: The table lacks columns, holds no such label or split, or images are missing.
    """
    rows = read_table(table, needed=())
    name = next((c for c in _PATHS if c in rows.columns), None)
    if name is None:
        raise DataSetError(f"{table.name!r} needs a column path, it has none.")
    if split != "all":
        if "split" not in rows.columns:
            raise DataSetError(f"{table.name!r} has no column split. Leave the split out.")
        rows = rows[rows["split"] == split]
    listed = "findings" in rows.columns
    rows = rows[rows["findings"] != ""] if listed else rows
    if rows.empty:
        raise DataSetError(f"{table.name!r} has no labelled film in the split {split!r}.")
    labels = _listed(rows["findings"]) if listed else _columns(rows, but=name)
    unknown = [f for f in findings or () if f not in labels]
    if unknown or not labels:
        raise DataSetError(
            f"{table.name!r} has the labels {', '.join(labels) or 'none'}, got "
            f"{', '.join(unknown) or 'no label column'}."
        )
    files = ImageFiles(images or table.parent)
    paths = [files.find(str(path)) for path in rows[name]]
    files.check(of=table.name)
    chosen = findings or sorted(labels)
    return LabelledFilms(
        tuple(path for path in paths if path is not None),
        tuple(_patient(row, str(row[name])) for _, row in rows.iterrows()),
        tuple(chosen),
        np.stack([labels[finding] for finding in chosen], axis=1),
    )


def _listed(cells: pd.Series) -> dict[str, NDArray[np.float64]]:
    sets = [{word.strip() for word in str(cell).split("|")} - NO_FINDING for cell in cells]
    return {f: np.array([float(f in s) for s in sets]) for f in sorted(set().union(*sets))}


def _columns(rows: pd.DataFrame, *, but: str) -> dict[str, NDArray[np.float64]]:
    """Columns that hold nothing but 1, 0, -1 and blanks, with a 1 somewhere."""
    found = {}
    for column in rows.columns:
        if column == but or column in NO_FINDING or column == "patient":
            continue
        values = pd.to_numeric(rows[column].replace("", np.nan), errors="coerce").to_numpy(float)
        blank = (rows[column] == "").to_numpy()
        only_labels = (np.isnan(values) == blank).all() and set(values[~blank]) <= {1.0, 0.0, -1.0}
        if only_labels and (values == 1).any():
            found[str(column)] = np.where(values == -1, np.nan, values)
    return found


def _patient(row: pd.Series, path: str) -> str:
    named = str(row.get("patient", "") or "")
    match = _CHEXPERT.search(path)
    return named or (match[0] if match else path)
