"""The phantom benchmark: grounding beside the prior, how far to trust a map, and retrieval."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from explorer.entities import Float32, SimilarityMap
from explorer.evaluation.benchmark import measure
from explorer.evaluation.phantom_prior import MaskBook
from explorer.evaluation.protocols.phantom_cxr import (
    MIRROR_REACH,
    Label,
    PhantomTruth,
    PlacedFinding,
    Sample,
    lies_on,
    one_sided,
    samples_of,
)
from explorer.grounding.similarity import cosine_image


class Look(Protocol):
    """One phantom before a model. Calls may be many: texts and images are embedded once."""

    def maps(self, phrases: Sequence[str], *, mirrored: bool = False) -> Sequence[SimilarityMap]:
        """Maps of phrases on the image, or on its mirror image."""
        ...

    def abstains(self, phrases: Sequence[str]) -> Sequence[bool]:
        """Whether the abstain badge is raised for each phrase."""
        ...

    def pooled(self, phrases: Sequence[str]) -> Float32:
        """(S,) score of each phrase for the whole image, in [0, 1]."""
        ...


# The phrase with right and left exchanged; None where no single side is named.
Swap = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class SampleScore:
    """Metrics of one sample; `pointing` is 0 or 1."""

    row: str
    study: int
    finding: str
    kind: str
    pointing: float
    cnr: float
    miou: float


@dataclass(slots=True)
class Measured:
    """Everything measured in a run.

    Attributes:
        scores: One a sample and row.
        trust: Question -> (study, yes or no) for everything asked.
        labels: The label set of every study.
        pooled: (V,) a study: score of every label of the vocabulary.
    """

    scores: list[SampleScore] = field(default_factory=list)
    trust: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    labels: list[frozenset[Label]] = field(default_factory=list)
    pooled: list[Float32] = field(default_factory=list)

    def note(self, question: str, study: int, answers: Iterable[bool]) -> None:
        """Keep answers to a question."""
        self.trust.setdefault(question, []).extend((study, bool(a)) for a in answers)


def run_phantoms(
    phantoms: Iterable[tuple[PhantomTruth, Look]],
    *,
    label_phrases: Mapping[Label, str],
    swap: Swap,
) -> Measured:
    """Look at every phantom once and measure.

    Args:
        phantoms: What is true of each, and the model's look at it.
        label_phrases: Phrase of every label that may be in a report, for retrieval.
        swap: Exchanges right and left in a phrase.
    """
    found, plain_book, located_book = Measured(), MaskBook(), MaskBook()
    asked = list(label_phrases.values())
    for truth, look in phantoms:
        plain, located = samples_of(truth, kind="plain"), samples_of(truth, kind="located")
        found.scores += _score(plain, look, row="plain")
        found.scores += _score(located, look, row="located")
        for sample in plain:
            plain_book.add(sample)
        for sample in located:
            located_book.add(sample)
        _trust(found, truth, look, swap=swap)
        found.labels.append(truth.labels)
        found.pooled.append(look.pooled(asked))
    found.scores += _score_priors(plain_book, row="prior")
    found.scores += _score_priors(located_book, row="prior located")
    return found


def _score(samples: Sequence[Sample], look: Look, *, row: str) -> list[SampleScore]:
    if not samples:
        return []
    scores = []
    for sample, map in zip(samples, look.maps([s.phrase for s in samples]), strict=True):
        cosine = cosine_image(map)
        values = measure(cosine, map.score_of(cosine), sample.mask)
        scores.append(SampleScore(row, sample.study, sample.finding, sample.kind, *values))
    return scores


def _score_priors(book: MaskBook, *, row: str) -> list[SampleScore]:
    """Scores of the priors; NaN, which counts as not measured, where there is none."""
    scores = []
    for sample, mask, prior in book.priors():
        missing = SampleScore(
            row, sample.study, sample.finding, sample.kind, np.nan, np.nan, np.nan
        )
        if prior is None:
            scores.append(missing)
            continue
        pointing, cnr, miou = measure(prior, prior, mask)
        scores.append(replace(missing, pointing=pointing, cnr=cnr, miou=miou))
    return scores


def _trust(found: Measured, truth: PhantomTruth, look: Look, *, swap: Swap) -> None:
    """Swapped sides, mirrored images, denials, and findings that are not there."""
    study = truth.number
    for placed in one_sided(truth):
        swapped = swap(placed.located)
        if swapped is not None:
            _turn(found, study, placed, swapped, look)
    present = [s.phrase for s in samples_of(truth, kind="located")]
    asked = [*truth.denials, *truth.absent, *present]
    answers = list(look.abstains(asked)) if asked else []
    denied, absent = len(truth.denials), len(truth.absent)
    found.note("denied abstains", study, answers[:denied])
    found.note("absent abstains", study, answers[denied : denied + absent])
    found.note("present stands", study, [not a for a in answers[denied + absent :]])


def _turn(found: Measured, study: int, placed: PlacedFinding, swapped: str, look: Look) -> None:
    """Where the maximum goes when the words swap sides, and when image and words do."""
    side = placed.side or ""
    here, there = look.maps([placed.located, swapped])
    (mirrored,) = look.maps([swapped], mirrored=True)
    (row, column), (_, other) = _maximum(here), _maximum(there)
    width = placed.mask.shape[1]
    on_side = lies_on(side, column, width=width)
    found.note("named side", study, [on_side])
    found.note("swap moves", study, [on_side and not lies_on(side, other, width=width)])
    back_row, back = _maximum(mirrored)
    reach = float(np.hypot(back_row - row, width - 1 - back - column))
    found.note("mirror follows", study, [reach <= MIRROR_REACH * width])


def _maximum(map: SimilarityMap) -> tuple[int, int]:
    """(row, column) of the first maximum in image pixels."""
    values = cosine_image(map)
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    return int(row), int(column)
