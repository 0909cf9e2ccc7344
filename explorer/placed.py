"""Phrases whose place is known: what readers of data sets hand to evaluation.

A phrase is asked of one image. Its place is zero, one or many boxes, or an exact mask. Zero places
of a phrase that is there means that nobody drew one; of a phrase that is not there, that there is
nothing to find.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box


@dataclass(frozen=True, slots=True)
class Runs:
    """A mask as run lengths, column by column, the first run being of False.

    >>> Runs((2, 2), (1, 3)).mask().tolist()
    [[False, True], [True, True]]
    """

    shape: tuple[int, int]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        height, width = self.shape
        if sum(self.counts) != height * width or min(self.counts, default=0) < 0:
            raise ValueError(
                f"Runs of a mask of {height} x {width} pixels must add up to {height * width}, "
                f"got {sum(self.counts)}."
            )

    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool."""
        values = np.arange(len(self.counts)) % 2 == 1
        return np.repeat(values, self.counts).reshape(self.shape, order="F")

    @property
    def empty(self) -> bool:
        """Whether no pixel is True."""
        return sum(self.counts[1::2]) == 0


@dataclass(frozen=True, slots=True)
class PlacedPhrase:
    """A phrase asked of one image, with all that is known of its place.

    Attributes:
        image: Image file.
        image_shape: (H, W) pixels that boxes and mask are in; the file may be a smaller copy.
        finding: Groups phrases in tables, e.g. "Pleural Effusion"; "" for none.
        patient: Groups images of one person, for intervals.
        split: As the data set says; "" where it does not.
        boxes: All boxes of the phrase, in pixels of `image_shape`.
        mask: Exact place, instead of boxes.
        present: Whether the phrase is true of the image.
        study: Id of the examination; "" where it is not known.
    """

    image: Path
    image_shape: tuple[int, int]
    phrase: str
    finding: str
    patient: str
    split: str = ""
    boxes: tuple[Box, ...] = ()
    mask: Runs | None = None
    present: bool = True
    study: str = ""

    @property
    def placed(self) -> bool:
        """Whether a place is known."""
        return bool(self.boxes) or (self.mask is not None and not self.mask.empty)

    @property
    def key(self) -> str:
        """Names image and phrase without holding a word or a name of either."""
        return digest_of([self.image.name, self.phrase])[:16]

    @property
    def image_key(self) -> str:
        """Names the image without holding its name."""
        return digest_of([self.image.parent.name, self.image.name])[:16]

    @property
    def patient_key(self) -> str:
        """Names the patient inside a run without holding the id."""
        return digest_of([self.patient])[:12]


@dataclass(frozen=True, slots=True)
class PlacedCorpus:
    """Placed phrases of one data set, in its order.

    Attributes:
        reader: Id of the reader.
        title: What a table calls it.
        licence: What may be done with it, as its publisher says.
        notes: What a reader of figures must know, e.g. that phrases are templated.
    """

    reader: str
    title: str
    licence: str
    phrases: tuple[PlacedPhrase, ...]
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """sha256 of everything that decides figures: phrases, places, patients and file names."""
        lines = (
            f"{p.image.name}|{p.image_shape}|{p.phrase}|{p.finding}|{p.patient}|{p.split}|"
            f"{[box.to_xywh() for box in p.boxes]}|{p.mask}|{p.present}"
            for p in self.phrases
        )
        return digest_of(lines)


def digest_of(texts: Iterable[str]) -> str:
    """sha256 of texts in their order."""
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode())
        found.update(b"\0")
    return found.hexdigest()
