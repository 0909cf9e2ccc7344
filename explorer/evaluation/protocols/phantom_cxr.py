"""Protocol "phantom_cxr": which phrase is asked of which phantom, pinned so that figures compare.

The place of every finding is known to the pixel, and its phrases are written by the renderer, so
every phrase asked here is true.

* Plain phrase: the usual name of the finding ("pleural effusion"). One sample per study and
  phrase, the masks of all findings with that phrase merged.
* Located phrase: side and zone where the finding is said that finely ("right upper lung mass"),
  the side alone ("left pleural effusion"), or the plain phrase where no place is said. Merged
  alike.
* Rows: "plain" and "located" are the model; "prior" and "prior located" look at no image: the
  mean mask of the same finding, or of the same finding at the same place, over the other
  phantoms of the run. Where no other phantom has the place, the finding's own prior stands in.
* Measured in pixels of the image; macro is the mean over findings, overall over samples, a group
  is the mean over its findings.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Side

PROTOCOL = "phantom_cxr/1"
ROWS = ("plain", "located", "prior", "prior located")
NODULES = ("nodule", "nodules", "multiple_nodules", "granuloma")
GROUPS = ("nodules", "lines/devices", "others")
# A mirrored image must bring the maximum back to within this share of its width.
MIRROR_REACH = 0.1

PhraseKind = Literal["plain", "located"]
Label = tuple[str, Side | None]


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """One finding of a phantom.

    Attributes:
        finding: Id.
        kind: "finding" or "device".
        side: Of the patient; None where it has none.
        place: What the located phrase says of the place, e.g. "right upper"; empty for none.
        plain, located: The phrases that are asked.
        mask: (H, W) bool, exact.
    """

    finding: str
    kind: str
    side: Side | None
    place: str
    plain: str
    located: str
    mask: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PhantomTruth:
    """What is true of one phantom.

    Attributes:
        number: Names the study.
        image_shape: (H, W).
        denials: True sentences that deny a finding which is not there.
        absent: Usual names of findings that are not there, beside their denials.
        labels: The set of (finding, side): the report as findings, for retrieval.
    """

    number: int
    image_shape: tuple[int, int]
    findings: tuple[PlacedFinding, ...]
    denials: tuple[str, ...]
    absent: tuple[str, ...]
    labels: frozenset[Label]


@dataclass(frozen=True, slots=True)
class Sample:
    """One phrase asked of one phantom, with all pixels that count as its place."""

    study: int
    finding: str
    kind: str
    place: str
    phrase: str
    mask: NDArray[np.bool_]


def samples_of(truth: PhantomTruth, *, kind: PhraseKind) -> tuple[Sample, ...]:
    """Samples of one phantom in the order of its findings; findings of one phrase are merged."""
    merged: dict[str, Sample] = {}
    for found in truth.findings:
        phrase = found.plain if kind == "plain" else found.located
        place = "" if kind == "plain" else found.place
        known = merged.get(phrase)
        merged[phrase] = Sample(
            study=truth.number,
            finding=known.finding if known else found.finding,
            kind=known.kind if known else found.kind,
            place=place,
            phrase=phrase,
            mask=known.mask | found.mask if known else found.mask,
        )
    return tuple(merged.values())


def one_sided(truth: PhantomTruth) -> tuple[PlacedFinding, ...]:
    """Findings of one lung, whose phrase names its side; devices cross the midline."""
    return tuple(f for f in truth.findings if f.kind == "finding" and f.side in ("right", "left"))


def group_of(finding: str, kind: str) -> str:
    """The group that a finding belongs to."""
    if kind == "device":
        return "lines/devices"
    return "nodules" if finding in NODULES else "others"


def lies_on(side: str, column: int, *, width: int) -> bool:
    """Whether a column is in the half of the image that shows a side of the patient.

    The patient's right is at the left of the image.
    """
    return (column + 0.5 < width / 2) == (side == "right")


def vocabulary(truths: Iterable[PhantomTruth]) -> tuple[Label, ...]:
    """Every label that some phantom has, sorted."""
    found = {label for truth in truths for label in truth.labels}
    return tuple(sorted(found, key=lambda label: (label[0], label[1] or "")))
