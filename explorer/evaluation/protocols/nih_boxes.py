"""Protocol "nih_boxes": which phrase is asked of which NIH box, pinned so that figures compare.

Every phrase is templated from the finding and the box position; nothing was written by a reader.

* Only boxes whose reader starts with "NIH" and whose label is one of the eight findings.
* Plain phrase: the usual name of the finding. One sample per image and finding, all its boxes
  merged.
* Located phrase: "{right|left} {upper|mid|lower} lung {name}". The patient's right is where the
  box centre x is below half the width; upper is a centre y below .38 of the height, mid below
  .55, else lower. Effusion and pneumothorax take the side only, cardiomegaly stays plain. One
  sample per image and distinct phrase, its boxes merged.
* Measured in original pixels; macro is the mean over findings.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from explorer.entities import Box
from explorer.errors import DataSetError, table_remedy
from explorer.text.placing import place_of, placed_phrase

PROTOCOL = "nih_boxes/1"
READER_PREFIX = "NIH"
NAMES = {
    "Atelectasis": "atelectasis",
    "Cardiomegaly": "cardiomegaly",
    "Effusion": "pleural effusion",
    "Infiltrate": "infiltrate",
    "Mass": "mass",
    "Nodule": "nodule",
    "Pneumonia": "pneumonia",
    "Pneumothorax": "pneumothorax",
}
SIDE_ONLY = ("Effusion", "Pneumothorax")
NOT_LOCATED = ("Cardiomegaly",)

# Published boxes are rounded; what reaches out of the image by more is a mistake.
OUTSIDE_SLACK = 0.01

PhraseKind = Literal["plain", "located"]


@dataclass(frozen=True, slots=True)
class BoxedImage:
    """One image of the tables with its (finding, box) pairs; boxes in pixels of the file."""

    path: str
    split: str
    patient: str
    image_shape: tuple[int, int]
    boxes: tuple[tuple[str, Box], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One phrase asked of one image, with all boxes that count as its place."""

    path: str
    patient: str
    finding: str
    phrase: str
    boxes: tuple[Box, ...]


def located_phrase(finding: str, box: Box, *, image_shape: tuple[int, int]) -> str:
    """Phrase that says where the box is: "left lower lung atelectasis", "right pneumothorax"."""
    name = NAMES[finding]
    if finding in NOT_LOCATED:
        return name
    height, width = image_shape
    x, y = box.center
    side, zone = place_of(x / width, y / height)
    return placed_phrase(name, side=side, zone=None if finding in SIDE_ONLY else zone)


def samples_of(image: BoxedImage, *, kind: PhraseKind) -> tuple[Sample, ...]:
    """Samples of one image, in the order in which their first boxes appear."""
    merged: dict[tuple[str, str], list[Box]] = {}
    for finding, box in image.boxes:
        phrase = NAMES[finding]
        if kind == "located":
            phrase = located_phrase(finding, box, image_shape=image.image_shape)
        merged.setdefault((finding, phrase), []).append(box)
    return tuple(
        Sample(image.path, image.patient, finding, phrase, tuple(boxes))
        for (finding, phrase), boxes in merged.items()
    )


def read_tables(images: Path, boxes: Path) -> tuple[BoxedImage, ...]:
    """Read the image and box tables and keep the images that this protocol can use.

    Args:
        images: CSV with the columns path, split, patient, width, height.
        boxes: CSV with the columns path, label, x, y, w, h, reader; pixels of the image file.

    Returns:
        Images with at least one box of the protocol, in table order.

    Raises:
        DataSetError: A table is missing, lacks a column, or holds a value that cannot be used.
    """
    by_path: dict[str, list[tuple[int, str, Box]]] = {}
    for number, row in _rows(boxes, ("path", "label", "x", "y", "w", "h", "reader")):
        if row["reader"].startswith(READER_PREFIX) and row["label"] in NAMES:
            by_path.setdefault(row["path"], []).append(
                (number, row["label"], _box(row, boxes, number))
            )
    found = []
    for number, row in _rows(images, ("path", "split", "patient", "width", "height")):
        if row["path"] in by_path:
            shape = (
                _pixels(row, "height", images, number),
                _pixels(row, "width", images, number),
            )
            for line, _, box in by_path[row["path"]]:
                _require_inside(box, shape, f"{boxes.name}, line {line}")
            labelled = tuple((label, box) for _, label, box in by_path[row["path"]])
            found.append(BoxedImage(row["path"], row["split"], row["patient"], shape, labelled))
    return tuple(found)


def select_split(images: Iterable[BoxedImage], split: str) -> tuple[BoxedImage, ...]:
    """Images of one split; "all" takes every image.

    Raises:
        DataSetError: No boxed image is in that split.
    """
    images = tuple(images)
    chosen = tuple(image for image in images if split in ("all", image.split))
    if not chosen:
        known = ", ".join(sorted({image.split for image in images})) or "none at all"
        raise DataSetError(
            f"No image with NIH boxes is in the split {split!r}; splits with boxes: {known}."
        )
    return chosen


def _rows(table: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line number and cells of every row, with the columns checked first."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise DataSetError(
                    f"{table.name} needs the columns {', '.join(columns)}; "
                    f"missing: {', '.join(missing)}. {table_remedy(reader.fieldnames or ())}"
                )
            for row in reader:
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        raise DataSetError(f"{table.name} must be text in UTF-8, it is not. Save it so.") from error
    except (OSError, csv.Error) as error:
        raise DataSetError(f"{table.name} cannot be read as a CSV table: {error}") from error


def _box(row: Mapping[str, str], table: Path, number: int) -> Box:
    try:
        return Box.from_xywh(*(float(row[name]) for name in ("x", "y", "w", "h")))
    except ValueError as error:
        raise DataSetError(
            f"{table.name}, line {number}: x, y, w, h must be numbers with w and h above 0."
        ) from error


def _require_inside(box: Box, shape: tuple[int, int], where: str) -> None:
    height, width = shape
    slack = OUTSIDE_SLACK * max(shape)
    if (
        min(box.x_min, box.y_min) < -slack
        or box.x_max > width + slack
        or box.y_max > height + slack
    ):
        raise DataSetError(
            f"{where}: a box must lie inside its image of {width} x {height} pixels, this one "
            f"reaches from ({box.x_min:g}, {box.y_min:g}) to ({box.x_max:g}, {box.y_max:g}). "
            "Boxes must be in pixels of the image file."
        )


def _pixels(row: Mapping[str, str], name: str, table: Path, number: int) -> int:
    try:
        value = int(float(row[name]))
    except (ValueError, OverflowError):
        value = 0
    if value < 1:
        raise DataSetError(
            f"{table.name}, line {number}: {name} must be a whole number of pixels above 0."
        )
    return value
