"""Training studies in memory: a square radiograph, phrase targets, labels, safe negatives."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.corpora import CorpusImage, LabelledBox, read_pixels
from explorer.corpora.phantom_shards import PhantomImage, PlacedFinding
from explorer.entities import Float32, Side, Zone
from explorer.text.placing import place_of
from explorer.training.phrasing import FINDINGS, PHANTOM_GROUPS, related
from explorer.training.report_phrases import KNOWN_GROUPS, ReportPhrase, from_report, groups_of

STORED_SIDE = 448  # pixels; images are kept letterboxed at this side
MASK_SIDE = 112

UInt8 = NDArray[np.uint8]
# Columns of the labels that a method may ask for.
LABEL_GROUPS = tuple(
    sorted({PHANTOM_GROUPS.get(g, g) for g in KNOWN_GROUPS | {w.group for w in FINDINGS.values()}})
)


@dataclass(frozen=True, slots=True)
class PhraseTarget:
    """A finding with its place: phrases are drawn from `label` or from the written `texts`.

    Attributes:
        mask: (112, 112) uint8, 255 inside, in the stored frame.
        group: Findings of one group are never negatives of each other.
        texts: Written phrases; empty when they are made from label, side and zone.
        sided_alone: The finding is on this side only, so the side-swapped phrase has no place.
        must_place: The finding is in other places too, so a phrase must say which is meant.
        trust: Weight of the mask in (0, 1]; below 1 for masks that a model drew.
    """

    label: str
    group: str
    mask: UInt8
    side: Side | None
    zone: Zone | None
    texts: tuple[str, ...] = ()
    sided_alone: bool = False
    must_place: bool = False
    trust: float = 1.0


@dataclass(frozen=True, slots=True)
class TrainingStudy:
    """One radiograph ready for training.

    Attributes:
        pixels: (448, 448) uint8, letterboxed; padding is 0.
        content: (height, width) in stored pixels that the radiograph itself covers, centred.
        maybe_present: Groups that may be present: phrases of these are not negatives here.
        labels: Image-level labels; None where the data set gives none.
        exact: Whether every finding present is known (phantoms).
        denials: Sentences that state true absences.
        sentences: Phrases that its report asserts; they have no place.
        denied: Plain names of findings that its report denies.
        reported: Whether a report says what is there.
        study: Examination, across data sets; images of one share a report. "" when unknown.
        report: The whole text; "" when there is none.
    """

    pixels: UInt8
    content: tuple[int, int]
    targets: tuple[PhraseTarget, ...]
    maybe_present: frozenset[str]
    labels: frozenset[str] | None
    exact: bool
    denials: tuple[str, ...] = ()
    sentences: tuple[ReportPhrase, ...] = ()
    denied: tuple[str, ...] = ()
    reported: bool = False
    study: str = ""
    report: str = ""

    @property
    def present(self) -> frozenset[str]:
        """Groups of findings that are surely there."""
        said = (phrase.groups for phrase in self.sentences if len(phrase.groups) == 1)
        named = (FINDINGS[n].group for n in self.labels or () if n in FINDINGS)
        return frozenset({t.group for t in self.targets}).union(named, *said)

    def label_row(self) -> Float32:
        """(L,) of `LABEL_GROUPS`: 1 surely there, 0 surely not, NaN unknown."""
        doubted = frozenset() if self.exact else self.maybe_present
        return np.array(
            [
                1.0
                if group in self.present
                else 0.0
                if self.known and group not in doubted
                else np.nan
                for group in LABEL_GROUPS
            ],
            np.float32,
        )

    @property
    def film(self) -> UInt8:
        """(height, width) of `content`: the radiograph without the padding around it."""
        top, left = ((STORED_SIDE - side) // 2 for side in self.content)
        return self.pixels[top : top + self.content[0], left : left + self.content[1]]

    @property
    def known(self) -> bool:
        """Whether anything says which findings are absent."""
        return self.labels is not None or self.exact or self.reported

    def may_show(self, groups: frozenset[str]) -> bool:
        """Whether a finding of one of these groups may be there."""
        return not self.known or bool(groups & self.maybe_present)

    def shares_report(self, other: "TrainingStudy") -> bool:
        """Whether both are images of one examination."""
        return self.study != "" and self.study == other.study


def from_corpus(image: CorpusImage) -> TrainingStudy:
    """Read one image of a data set with its boxes as masks."""
    pixels = read_pixels(image.path)
    stored, scale, top, left = _letterbox(pixels, STORED_SIDE)
    groups = [b for b in image.boxes if b.label in FINDINGS]
    targets = tuple(_box_targets(groups, image.size, (scale, top, left)))
    names = {f for f in image.findings if f in FINDINGS} | {b.label for b in groups}
    maybe = (
        frozenset().union(*(related(FINDINGS[n].group) for n in names)) if names else frozenset()
    )
    doubted = [groups_of(label.replace("_", " ")) for label in image.uncertain]
    maybe = maybe.union(*(related(group) for groups in doubted for group in groups))
    words = from_report(image.report)
    # A label that is not in the table may look like anything: such an image denies nothing.
    known = image.labelled and image.findings <= FINDINGS.keys()
    return TrainingStudy(
        pixels=stored,
        content=(round(pixels.shape[0] * scale), round(pixels.shape[1] * scale)),
        targets=targets,
        maybe_present=frozenset(maybe) | words.maybe_present,
        labels=image.findings if known else None,
        exact=False,
        denials=words.denials,
        sentences=words.phrases,
        denied=tuple(name for name in words.denied if not groups_of(name) & maybe),
        reported=bool(words.phrases or words.denials),
        study=f"{image.source}/{image.study}" if image.study else "",
        report=image.report or "",
    )


def from_phantom(phantom: PhantomImage) -> TrainingStudy:
    """A frontal phantom with its masks and written phrases."""
    counts = Counter(f.finding for f in phantom.findings)
    targets = tuple(_phantom_target(f, alone=counts[f.finding] == 1) for f in phantom.findings)
    maybe = frozenset[str]().union(*(related(t.group) for t in targets))
    return TrainingStudy(
        pixels=_letterbox(phantom.pixels, STORED_SIDE)[0],
        content=(STORED_SIDE, STORED_SIDE),
        targets=targets,
        maybe_present=maybe,
        labels=None,
        exact=True,
        denials=phantom.denials,
        report=phantom.report,
    )


def _phantom_target(finding: PlacedFinding, *, alone: bool) -> PhraseTarget:
    size = (MASK_SIDE, MASK_SIDE)
    mask = cv2.resize(finding.mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
    # Another finding of the same kind elsewhere: a plain phrase would mean both.
    kinds = [k for k in finding.phrases if alone or k in ("sided", "zoned")]
    texts = [text for kind in kinds for text in finding.phrases[kind]]
    return PhraseTarget(
        label=finding.finding,
        group=PHANTOM_GROUPS.get(finding.finding, finding.finding),
        mask=np.asarray(mask, dtype=np.uint8),
        side=finding.side,
        zone=finding.zone,
        texts=tuple(texts or finding.phrases["plain"]),
        sided_alone=alone and finding.side in ("right", "left"),
    )


def _box_targets(
    boxes: Sequence[LabelledBox], size: tuple[int, int], placement: tuple[float, int, int]
) -> Iterable[PhraseTarget]:
    """One target a distinct place of a finding, and one for all its boxes together."""
    scale, top, left = placement
    by_label: dict[str, list[LabelledBox]] = {}
    for box in boxes:
        by_label.setdefault(box.label, []).append(box)
    for label, same in by_label.items():
        words = FINDINGS[label]
        places: dict[tuple[Side | None, Zone | None], list[LabelledBox]] = {}
        for box in same:
            x, y = box.box.center
            box_side, box_zone = place_of(x / size[1], y / size[0])
            key = (box_side if words.sided else None, box_zone if words.zoned else None)
            places.setdefault(key, []).append(box)
        sides = {side for side, _ in places}
        if len(places) > 1:
            mask = _mask(same, scale, top, left)
            yield PhraseTarget(label, words.group, mask, None, None)
        for (side, zone), here in places.items():
            mask = _mask(here, scale, top, left)
            yield PhraseTarget(
                label,
                words.group,
                mask,
                side,
                zone,
                sided_alone=words.sided and len(sides) == 1,
                must_place=len(places) > 1,
            )


def _mask(boxes: Sequence[LabelledBox], scale: float, top: int, left: int) -> UInt8:
    mask = np.zeros((STORED_SIDE, STORED_SIDE), np.uint8)
    for b in boxes:
        x0, y0 = int(b.box.x_min * scale) + left, int(b.box.y_min * scale) + top
        x1, y1 = round(b.box.x_max * scale) + left, round(b.box.y_max * scale) + top
        mask[max(0, y0) : max(y0 + 1, y1), max(0, x0) : max(x0 + 1, x1)] = 255
    small = cv2.resize(mask, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _letterbox(pixels: UInt8, side: int) -> tuple[UInt8, float, int, int]:
    height, width = pixels.shape
    scale = side / max(height, width)
    new = (round(width * scale), round(height * scale))
    resized = cv2.resize(pixels, new, interpolation=cv2.INTER_AREA)
    top, left = (side - new[1]) // 2, (side - new[0]) // 2
    result = np.zeros((side, side), np.uint8)
    result[top : top + new[1], left : left + new[0]] = resized
    return result, scale, top, left
