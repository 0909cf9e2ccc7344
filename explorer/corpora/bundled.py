"""Studies that ship with the app: a folder with image.dcm, report.txt and truth.json."""

import json
from dataclasses import dataclass
from pathlib import Path

from explorer.entities import Box
from explorer.errors import DataSetError


@dataclass(frozen=True, slots=True)
class ReferenceBox:
    """A box known to be right, and the report sentence it belongs to (None: no sentence)."""

    label: str
    sentence_index: int | None
    box: Box


@dataclass(frozen=True, slots=True)
class BundledStudy:
    """A study that ships with the app; `expected` says what the default model does with it."""

    name: str
    title: str
    description: str
    expected: str
    source: str
    licence: str
    folder: Path
    boxes: tuple[ReferenceBox, ...]


def read_bundled(folder: Path) -> BundledStudy:
    """Read the truth.json of one study folder.

    Raises:
        DataSetError: The file is missing or not complete.
    """
    try:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        boxes = tuple(
            ReferenceBox(b["label"], b["sentence"], Box(*b["box_xyxy"])) for b in truth["boxes"]
        )
        return BundledStudy(
            name=folder.name,
            folder=folder,
            boxes=boxes,
            **{k: truth[k] for k in ("title", "description", "expected", "source", "licence")},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataSetError(
            f"truth.json of study {folder.name!r} is not complete ({error}). "
            "Clone the repository again or rebuild the studies."
        ) from error
