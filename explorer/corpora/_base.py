"""The record every corpus reader yields: one radiograph on disk with what is known of it."""

from dataclasses import dataclass
from pathlib import Path

from explorer.entities import Box


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box in pixels of the image file, what it shows and who drew it."""

    label: str
    box: Box
    reader: str


@dataclass(frozen=True, slots=True)
class CorpusImage:
    """One radiograph of a data set.

    Attributes:
        path: Image file.
        size: (height, width) in pixels of the file.
        split: "train", "val" or "test"; splits are by patient.
        patient: Id that groups images of one person inside the data set.
        findings: Image-level labels as the data set spells them; empty for "No Finding".
        labelled: Whether `findings` is known; False where a data set gives none.
        boxes: Hand-drawn boxes; an unboxed finding is not a negative.
    """

    path: Path
    size: tuple[int, int]
    split: str
    source: str
    patient: str
    view: str
    findings: frozenset[str]
    labelled: bool
    boxes: tuple[LabelledBox, ...]
