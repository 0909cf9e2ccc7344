"""A folder described by two tables: `radiographs.csv` (one row an image) and `boxes.csv`.

Columns: path (relative to the table), split, source, patient, view, findings (`|`-separated),
width, height; and path, label, x, y, w, h (pixels of the file), reader.
"""

from collections import defaultdict
from pathlib import Path

import pandas as pd

from explorer.corpora._base import CorpusImage, LabelledBox
from explorer.entities import Box
from explorer.errors import DataSetError

_IMAGE_COLUMNS = {"path", "split", "source", "patient", "view", "findings", "width", "height"}
_BOX_COLUMNS = {"path", "label", "x", "y", "w", "h", "reader"}
_NO_FINDING = "No Finding"


def read(images: Path, boxes: Path, *, split: str | None = None) -> tuple[CorpusImage, ...]:
    """Read both tables.

    Args:
        images: The radiographs table; image paths are relative to its folder.
        boxes: The boxes table.
        split: Keep only this split.

    Raises:
        DataSetError: A table or column is missing, or no row is left.
    """
    image_table = _read_table(images, needed=_IMAGE_COLUMNS)
    box_table = _read_table(boxes, needed=_BOX_COLUMNS)
    by_path: dict[str, list[LabelledBox]] = defaultdict(list)
    for row in box_table.itertuples():
        box = Box.from_xywh(row.x, row.y, row.w, row.h)
        by_path[row.path].append(LabelledBox(row.label, box, row.reader))
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
        raise DataSetError(f"{path.name!r} lacks the columns {', '.join(sorted(missing))}.")
    return table


def _labels(text: str) -> list[str]:
    return [label for label in str(text).split("|") if label]
