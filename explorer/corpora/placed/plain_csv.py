"""A table of one's own: image and phrase, with a box a row, or none.

Columns: image, phrase; x, y, w, h in pixels, empty where the phrase has no place; and any of
finding, patient, split (train, val, test), width and height (pixels that the boxes are in, where
images are smaller copies), present (1 or 0; without it a row without a box is a phrase that is not
there).
Several rows of one image and phrase are one sample.
"""

from pathlib import Path

import pandas as pd

from explorer.corpora._boxes import box_inside
from explorer.corpora.layouts import image_size
from explorer.corpora.placed._reading import (
    ImageFiles,
    find_file,
    merged,
    read_columns,
    shape_of,
)
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

TITLE = "a table of your own: phrases.csv with image, phrase, x, y, w, h"
LICENCE = "your own"
GENERAL = True
_NAMES = ("phrases.csv", "*.csv")
_COLUMNS = ("image", "phrase", "x", "y", "w", "h")
_YES, _NO = ("1", "1.0", "true", "yes", "present"), ("0", "0.0", "false", "no", "absent")


def evidence(source: Path) -> str:
    """A table with the columns image and phrase."""
    path = find_file(source, *_NAMES)
    if path is None:
        return ""
    try:
        columns = {str(name).strip() for name in pd.read_csv(path, nrows=0).columns}
    except (OSError, ValueError):
        return ""
    return path.name if {"image", "phrase"} <= columns else ""


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:
    """Read the table; without a patient column each image is a patient of its own.

    Args:
        source: The csv, or the folder that holds phrases.csv.
        images: Folder that the paths of images are relative to.

    Raises:
        DataSetError: There is no table, it lacks a column, a box is no box or reaches out of its
            image, or images are missing.
    """
    path = find_file(source, *_NAMES)
    if path is None:
        raise DataSetError(f"{source.name!r} must be or hold phrases.csv, it does not.")
    files, found = ImageFiles(images), list[PlacedPhrase]()
    for number, row in enumerate(read_columns(path, needed=_COLUMNS), 1):
        where = f"row {number} of {path.name!r}"
        if not row["phrase"] or not row["image"]:
            raise DataSetError(f"Every row needs an image and a phrase, {where} lacks one.")
        image = files.find(row["image"])
        if image is not None:
            found.append(_phrase(row, image, where))
    files.check(of=path.name)
    return merged(found)


def _phrase(row: dict[str, str], image: Path, where: str) -> PlacedPhrase:
    sized = row.get("width") and row.get("height")
    shape = shape_of(row["width"], row["height"], where=where) if sized else image_size(image)
    corners = [row[name] for name in "xywh"]
    boxes = (box_inside(corners, shape, xywh=True, where=where),) if any(corners) else ()
    said = row.get("present", "").lower()
    if said and said not in (*_YES, *_NO):
        raise DataSetError(f"present must be 1 or 0, {where} has {said!r}. Correct it.")
    if boxes and said in _NO:
        raise DataSetError(
            f"A phrase that is not there has no box, {where} has one. Empty x, y, w and h, or "
            "write 1 under present."
        )
    return PlacedPhrase(
        image=image,
        image_shape=shape,
        phrase=row["phrase"],
        finding=row.get("finding", ""),
        patient=row.get("patient") or image.stem,
        split=row.get("split", ""),
        boxes=boxes,
        present=said in _YES if said else bool(boxes),
        study=row.get("study", ""),
    )
