"""A folder described by two tables: `radiographs.csv` (one row an image) and `boxes.csv`.

Columns: path (relative to the table), split, source, patient, view, findings (`|`-separated),
width, height, and age and sex where known; and path, label, x, y, w, h (pixels of the file),
reader.
"""

from collections import defaultdict
from pathlib import Path

import pandas as pd

from explorer.corpora._base import CorpusImage, LabelledBox
from explorer.corpora._boxes import OWN_PIXELS, box_inside
from explorer.errors import DataSetError, table_remedy

_IMAGE_COLUMNS = {"path", "split", "source", "patient", "view", "findings", "width", "height"}
_BOX_COLUMNS = {"path", "label", "x", "y", "w", "h", "reader"}
_NO_FINDING = "No Finding"
_IMAGES_FILE, _BOXES_FILE = "radiographs.csv", "boxes.csv"
TITLE = "radiographs.csv and boxes.csv"


def evidence(folder: Path) -> str:
    """Both tables under their usual names."""
    both = all((folder / name).is_file() for name in (_IMAGES_FILE, _BOXES_FILE))
    return f"{_IMAGES_FILE} and {_BOXES_FILE}" if both else ""


def read_folder(folder: Path) -> tuple[CorpusImage, ...]:
    """Read both tables under their usual names.

    Raises:
        DataSetError: As `read`.
    """
    return read(folder / _IMAGES_FILE, folder / _BOXES_FILE)


def read(images: Path, boxes: Path, *, split: str | None = None) -> tuple[CorpusImage, ...]:
    """Read both tables.

    Args:
        images: The radiographs table; image paths are relative to its folder.
        boxes: The boxes table.
        split: Keep only this split.

    Raises:
        DataSetError: A table or column is missing, a row is broken, or no row is left.
    """
    image_table = _read_table(images, needed=_IMAGE_COLUMNS)
    box_table = _read_table(boxes, needed=_BOX_COLUMNS)
    _check_paths(image_table, box_table, images=images, boxes=boxes)
    _check_sizes(image_table, images)
    sizes = {row.path: (int(row.height), int(row.width)) for row in image_table.itertuples()}
    by_path = _boxes_by_path(box_table, sizes, boxes)
    result = tuple(
        CorpusImage(
            path=images.parent / row.path,
            size=(int(row.height), int(row.width)),
            split=row.split,
            source=row.source,
            patient=row.patient,
            view=row.view,
            findings=frozenset(_labels(row.findings)) - {_NO_FINDING},
            labelled=bool(_labels(row.findings)),
            boxes=tuple(by_path.get(row.path, ())),
            age=str(getattr(row, "age", "")),
            sex=str(getattr(row, "sex", "")),
        )
        for row in image_table.itertuples()
        if split is None or row.split == split
    )
    if not result:
        raise DataSetError(
            f"{images.name} has no image of split {split!r}. "
            f"It knows: {', '.join(sorted(set(image_table['split'])))}."
        )
    return result


def _check_paths(
    image_table: pd.DataFrame, box_table: pd.DataFrame, *, images: Path, boxes: Path
) -> None:
    """Every image once, and no box without its image."""
    paths = image_table["path"]
    if paths.duplicated().any():
        raise DataSetError(
            f"{images.name!r} must name each image once, it names some "
            f"more than once: {paths[paths.duplicated()].iloc[0]}. Take the repeated rows out."
        )
    strangers = box_table["path"][~box_table["path"].isin(paths)]
    if len(strangers):
        raise DataSetError(
            f"{boxes.name!r} has boxes of images that {images.name!r} does not name, e.g. "
            f"{strangers.iloc[0]}. Take them out or add the images."
        )


def _check_sizes(table: pd.DataFrame, path: Path) -> None:
    for number, row in enumerate(table.itertuples(), start=1):
        try:
            fits = int(row.width) > 0 and int(row.height) > 0
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise DataSetError(
                f"Width and height must be positive whole numbers, got {row.width!r} and "
                f"{row.height!r} in row {number} of {path.name!r}. Correct the row."
            )


def _boxes_by_path(
    table: pd.DataFrame, sizes: dict[str, tuple[int, int]], path: Path
) -> dict[str, list[LabelledBox]]:
    found: dict[str, list[LabelledBox]] = defaultdict(list)
    for number, row in enumerate(table.itertuples(), start=1):
        where = f"row {number} of {path.name!r}"
        corners = (row.x, row.y, row.w, row.h)
        box = box_inside(corners, sizes[row.path], xywh=True, where=where, remedy=OWN_PIXELS)
        found[row.path].append(LabelledBox(row.label, box, row.reader))
    return found


def _read_table(path: Path, *, needed: set[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, keep_default_na=False, dtype={"path": str, "patient": str})
    except (OSError, ValueError) as error:
        raise DataSetError(
            f"Cannot read the table {path.name!r} ({type(error).__name__}). "
            "Give the path of a CSV file with a header line."
        ) from error
    missing = needed - set(table.columns)
    if missing:
        raise DataSetError(
            f"{path.name!r} lacks the columns {', '.join(sorted(missing))}. "
            f"{table_remedy(table.columns)}"
        )
    return table


def _labels(text: str) -> list[str]:
    return [label for label in str(text).split("|") if label]
