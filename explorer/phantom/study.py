"""The records of a phantom: the film, what was put in, and what the report says of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Assertion, Box, Side, Zone

# How precisely a phrase says what and where; "typed" ones hold a typing error.
PRECISIONS = ("plain", "sided", "zoned", "described", "sentence", "typed")


@dataclass(frozen=True, slots=True)
class PhantomFinding:
    """One inserted finding with its exact pixels.

    Attributes:
        finding: Id, the name of its file.
        name: Usual name, as an image-level label says it.
        labels: Names in other label sets.
        mask: (H, W) bool.
        severity: "mild", "moderate" or "severe".
        phrases: Precision (see `PRECISIONS`) -> phrases that are true of it.
    """

    finding: str
    name: str
    kind: str
    labels: tuple[str, ...]
    mask: NDArray[np.bool_]
    side: Side | None
    zone: Zone | None
    lobe: str | None
    severity: str
    size_mm: float | None
    phrases: Mapping[str, tuple[str, ...]]

    @property
    def box(self) -> Box:
        """Bounding box of the mask in pixels."""
        rows = np.flatnonzero(self.mask.any(axis=1))
        columns = np.flatnonzero(self.mask.any(axis=0))
        return Box(float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1)


@dataclass(frozen=True, slots=True)
class PhantomSentence:
    """One sentence of the report and the findings it speaks of.

    Attributes:
        text: The sentence.
        section: "Findings", "Impression", ...
        assertion: What it claims.
        finding_ids: Ids of the findings it names, present or denied.
        findings: Indices into `PhantomStudy.findings`; empty when it denies or is general.
    """

    text: str
    section: str
    assertion: Assertion
    finding_ids: tuple[str, ...] = ()
    findings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PhantomStudy:
    """One rendered study.

    Attributes:
        seed: The number that makes it again.
        image: (H, W) uint16, full range, bright = dense.
        view: "PA", "AP", "lateral" or "ct slice".
        pixel_mm: Millimetres per pixel in the patient.
        report: Text whose sentences are `sentences`, in order.
        absent: Sentences that truly deny findings not in this study, beyond the report's.
    """

    seed: int
    image: NDArray[np.uint16]
    view: str
    pixel_mm: float
    findings: tuple[PhantomFinding, ...]
    sentences: tuple[PhantomSentence, ...]
    report: str
    absent: tuple[tuple[str, str], ...]
