"""From an encoded radiograph and phrases to maps, regions, controls and standings."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from explorer.adapters import Engine, products_in_one_thread, threshold_of
from explorer.entities import (
    Assertion,
    Float32,
    GroundedPhrase,
    ImageCheck,
    ImageEmbeddings,
    PhraseControls,
    Report,
    SimilarityMap,
    Standing,
)
from explorer.grounding.controls import measure_controls
from explorer.grounding.regions import find_regions
from explorer.pipeline.embedding import as_maps
from explorer.pipeline.poolings import pooled
from explorer.pipeline.standing import asked_of, standings_of
from explorer.text import (
    NONSENSE_PHRASES,
    NULL_PHRASES,
    negated,
    phrase_assertion,
    side_swapped,
)


@products_in_one_thread()
def ground(
    engine: Engine,
    embeddings: ImageEmbeddings,
    phrases: Sequence[str],
    *,
    assertions: Sequence[Assertion] | None = None,
    rule: str = "calibrated",
    threshold: float | None = None,
    pooling: str | None = None,
) -> tuple[GroundedPhrase, ...]:
    """Ground phrases with their controls in one text batch.

    Args:
        engine: Loaded checkpoint.
        embeddings: Encoded radiograph.
        phrases: Any number of phrases.
        assertions: What the report says of each; found from the words when not given.
        rule: "calibrated", "otsu" or "fixed"; where nothing is calibrated "otsu" takes the place
            of "calibrated", and the result says so.
        threshold: Score in (0, 1) for the rule "fixed".
        pooling: Pooling of the phrase score; the checkpoint's own when None.

    Raises:
        PhraseError: A phrase is empty or too long, or the checkpoint is image-only.
    """
    if not phrases:
        return ()
    assertions = assertions or [phrase_assertion(p) for p in phrases]
    asked = asked_of(engine, phrases, assertions)
    plan = _TextPlan.of(phrases, asked)
    similarity, base = _compared(engine, embeddings, plan.texts)
    maps = as_maps(engine, embeddings, similarity, plan.texts)
    cosines = similarity[: len(phrases)].reshape(len(phrases), -1)
    shown, calibrated = pooled(engine, cosines, pooling=pooling)
    rule = rule_for(engine, rule)
    found = dict(zip(plan.texts, similarity, strict=True))
    own = threshold_of(engine)
    standings = standings_of(engine, embeddings, phrases, asked, similarity=found)
    cut = [
        find_regions(of_phrase, rule=rule, threshold=threshold, calibrated=own)
        for of_phrase in maps[: len(phrases)]
    ]
    controls = _controls(maps, plan, assertions, standings, base=base, check=embeddings.check)
    return tuple(
        GroundedPhrase(
            phrase=phrase,
            map=maps[i],
            score=float(0.5 + 0.5 * np.tanh(0.5 * shown[i])),
            threshold=cut[i][0],
            threshold_rule=rule,
            controls=controls[i],
            regions=cut[i][1],
            standing=standings[i],
            score_calibrated=calibrated,
        )
        for i, phrase in enumerate(phrases)
    )


def _controls(
    maps: Sequence[SimilarityMap],
    plan: "_TextPlan",
    assertions: Sequence[Assertion],
    standings: Sequence[Standing],
    *,
    base: "_Base",
    check: ImageCheck,
) -> list[PhraseControls]:
    """How far the map of each phrase can be trusted, from the maps of its control phrases."""
    return [
        measure_controls(
            maps[i],
            nonsense=base.nonsense,
            negated=_pick(maps, plan.negated[i]),
            swapped=_pick(maps, plan.swapped[i]),
            null_peaks=base.null_peaks,
            assertion=assertion,
            check=check,
            standing=standings[i],
        )
        for i, assertion in enumerate(assertions)
    ]


def rule_for(engine: Engine, rule: str) -> str:
    """The rule that finds regions: a checkpoint without calibration has no threshold of its own."""
    return "otsu" if rule == "calibrated" and engine.card.calibration is None else rule


def ground_report(
    engine: Engine,
    embeddings: ImageEmbeddings,
    report: Report,
    *,
    rule: str = "calibrated",
    threshold: float | None = None,
    pooling: str | None = None,
) -> tuple[GroundedPhrase | None, ...]:
    """Ground the finding part of every sentence of a report in one text batch.

    Returns:
        One entry per sentence in order; None for sentences that are not about the image.
    """
    spoken = [s for s in report.sentences if s.assertion != "not about the image"]
    grounded = iter(
        ground(
            engine,
            embeddings,
            [s.phrase or s.text for s in spoken],
            assertions=[s.assertion for s in spoken],
            rule=rule,
            threshold=threshold,
            pooling=pooling,
        )
    )
    return tuple(
        None if s.assertion == "not about the image" else next(grounded) for s in report.sentences
    )


@dataclass(frozen=True, slots=True)
class _TextPlan:
    """One flat text batch, so that the film is compared with all texts in one product.

    The phrases, then their negated and side-swapped forms, and what standings ask for.
    """

    texts: tuple[str, ...]
    negated: tuple[int | None, ...]
    swapped: tuple[int | None, ...]

    @classmethod
    def of(cls, phrases: Sequence[str], asked: Sequence[Sequence[str]]) -> "_TextPlan":
        texts = list(phrases)

        def add(text: str | None) -> int | None:
            if text is None:
                return None
            texts.append(text)
            return len(texts) - 1

        negated_at = tuple(add(negated(p)) for p in phrases)
        swapped_at = tuple(add(side_swapped(p)) for p in phrases)
        texts += dict.fromkeys(text for several in asked for text in several)
        return cls(tuple(texts), negated_at, swapped_at)


@dataclass(frozen=True, slots=True)
class _Base:
    """What no finding gives on a film, the same for all phrases: a map and (N,) peaks."""

    nonsense: SimilarityMap
    null_peaks: Float32


_bases: WeakKeyDictionary[ImageEmbeddings, dict[str, _Base]] = WeakKeyDictionary()


def _compared(
    engine: Engine, embeddings: ImageEmbeddings, texts: Sequence[str]
) -> tuple[Float32, _Base]:
    """Cosines (S, h, w) of texts, and the film's base, which comes with the first batch."""
    kept = _bases.setdefault(embeddings, {})
    if engine.space_id in kept:
        return engine.similarity(embeddings, texts), kept[engine.space_id]
    found = engine.similarity(embeddings, (*texts, *_CONTROL_PHRASES))
    own, control = found[: len(texts)], found[len(texts) :]
    nonsense, *nulls = as_maps(engine, embeddings, control, _CONTROL_PHRASES)
    peaks = np.array([null.peak for null in nulls], dtype=np.float32)
    return own, kept.setdefault(engine.space_id, _Base(nonsense, peaks))


_CONTROL_PHRASES = (NONSENSE_PHRASES[0], *NULL_PHRASES)


def _pick(maps: Sequence[SimilarityMap], index: int | None) -> SimilarityMap | None:
    return None if index is None else maps[index]
