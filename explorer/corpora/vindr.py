"""VinDr-CXR: boxes of several readers, DICOM or PNG, as PhysioNet or the challenge packs it.

annotations/annotations_{train,test}.csv (image_id, class_name, x_min, y_min, x_max, y_max, rad_id
in train), or train.csv of the challenge; images in train/ and test/. Where pictures were made
smaller, {train,test}_meta.csv (image_id, dim0 = height, dim1 = width) says how large the originals
were. Nguyen et al., Scientific Data 2022.
"""

from collections import defaultdict
from pathlib import Path

import pandas as pd

from explorer.corpora._base import CorpusImage, LabelledBox
from explorer.corpora._boxes import box_inside
from explorer.corpora.layouts import (
    IMAGE_SUFFIXES,
    NO_FINDING,
    check_complete,
    files_by_name,
    image_size,
    nih_words,
    only_file,
    read_table,
    split_of,
)
from explorer.entities import Box
from explorer.errors import DataSetError

TITLE = "VinDr-CXR: annotations/annotations_train.csv, or train.csv, and train/"
_ROW = "row of the table"  # of the published columns none has this name
_REMEDY = (
    "If images were made smaller, add train_meta.csv with the original sizes (image_id, dim0, "
    "dim1); else correct the row."
)
_COLUMNS = ("image_id", "class_name", "x_min", "y_min", "x_max", "y_max")
_PARTS = ("train", "test")


def evidence(folder: Path) -> str:
    """A table of annotations with its columns."""
    for part in _PARTS:
        path = _table(folder, part)
        if path is not None and set(_COLUMNS) <= set(_header(path)):
            return path.name
    return ""


def read_folder(folder: Path) -> tuple[CorpusImage, ...]:
    """Read both parts; of the training part a tenth each is val and test when there is no test.

    The set names no patients: each image counts as one.

    Raises:
        DataSetError: There is no table, one is broken, or images are missing.
    """
    tables = {part: path for part in _PARTS if (path := _table(folder, part)) is not None}
    if not tables:
        raise DataSetError(
            f"{folder.name!r} must hold annotations/annotations_train.csv or train.csv, it does "
            "not. Copy it there."
        )
    return tuple(
        image
        for part, path in tables.items()
        for image in _read_part(folder, part, path, tested="test" in tables)
    )


def _read_part(folder: Path, part: str, path: Path, *, tested: bool) -> list[CorpusImage]:
    table = read_table(path, needed=_COLUMNS)
    place = folder / part if (folder / part).is_dir() else folder
    files = files_by_name(place, suffixes=IMAGE_SUFFIXES)
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for number, row in enumerate(table.to_dict("records"), start=1):
        numbered = {str(k): str(v) for k, v in row.items()} | {_ROW: str(number)}
        rows[row["image_id"].strip()].append(numbered)
    found = {name: only_file(name, files) for name in rows}
    check_complete(
        [name for name, file in found.items() if file is None],
        of=len(rows),
        what=f"images of {path.name}",
        remedy=f"Put them below {place.name!r}, or keep only the rows whose images are there.",
    )
    originals = _original_sizes(folder, part)
    images = []
    for name, file in found.items():
        if file is None:
            continue
        drawn = [row for row in rows[name] if row["class_name"].strip() not in NO_FINDING]
        size = image_size(file) if drawn else (0, 0)
        boxes = tuple(_box(row, size, originals.get(name, size), table=path.name) for row in drawn)
        images.append(
            CorpusImage(
                path=file,
                size=size,
                split=_split(name, part, tested=tested),
                source="VinDr-CXR",
                patient=name,
                view="PA",
                findings=nih_words(row["class_name"] for row in drawn),
                labelled=True,
                boxes=tuple(box for box in boxes if box is not None),
                study=name,
            )
        )
    return images


def _split(name: str, part: str, *, tested: bool) -> str:
    if part == "test":
        return "test"
    drawn = split_of(name)
    return "train" if tested and drawn == "test" else drawn


def _table(folder: Path, part: str) -> Path | None:
    places = (
        folder / "annotations" / f"annotations_{part}.csv",
        folder / f"annotations_{part}.csv",
        folder / f"{part}.csv",
        folder / f"vinbigdata-{part}.csv.gz",
    )
    return next((path for path in places if path.is_file()), None)


def _header(path: Path) -> list[str]:
    try:
        return [str(name).strip() for name in pd.read_csv(path, nrows=0).columns]
    except (OSError, ValueError):
        return []


def _original_sizes(folder: Path, part: str) -> dict[str, tuple[int, int]]:
    path = folder / f"{part}_meta.csv"
    if not path.is_file():
        return {}
    table = read_table(path, needed=("image_id", "dim0", "dim1"))
    try:
        return {
            str(row.image_id): (int(float(str(row.dim0))), int(float(str(row.dim1))))
            for row in table.itertuples()
        }
    except ValueError as error:
        raise DataSetError(
            f"dim0 and dim1 of {path.name!r} must be whole numbers ({error})."
        ) from error


def _box(
    row: dict[str, str], size: tuple[int, int], original: tuple[int, int], *, table: str
) -> LabelledBox | None:
    """The box in pixels of the file; None for a label that has no box (a global one)."""
    corners = [row[name].strip() for name in _COLUMNS[2:]]
    if not any(corners):
        return None
    where = f"row {row[_ROW]} of {table!r}"
    whole = box_inside(corners, original, xywh=False, where=where, remedy=_REMEDY)
    down, across = size[0] / original[0], size[1] / original[1]
    box = Box(whole.x_min * across, whole.y_min * down, whole.x_max * across, whole.y_max * down)
    (label,) = nih_words([row["class_name"]])
    return LabelledBox(label, box, row.get("rad_id", "") or "consensus")
