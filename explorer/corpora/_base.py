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
        size: (height, width) in pixels of the file; (0, 0) where nothing needs it.
        split: "train", "val" or "test"; splits are by patient.
        patient: Id that groups images of one person inside the data set.
        findings: Image-level labels, as NIH spells them where it has the word, else as the data
            set does; empty for "No Finding".
        labelled: Whether `findings` is known; False where a data set gives none.
        boxes: Hand-drawn boxes; an unboxed finding is not a negative.
        uncertain: Labels that may be there: not present, and no negative either.
        report: Text of the report of its examination; "" where there is none.
        study: Id of the examination; images of one share its report. "" where it is not known.
        age: Years, as the data set writes them; "" where it does not say.
        sex: "M" or "F"; "" where it does not say.
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
    uncertain: frozenset[str] = frozenset()
    report: str = ""
    study: str = ""
    age: str = ""
    sex: str = ""
