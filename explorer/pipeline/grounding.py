"""From an encoded radiograph and phrases to maps, regions and controls."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from explorer.adapters import Engine
from explorer.entities import (
    Assertion,
    Float32,
    GroundedPhrase,
    ImageEmbeddings,
    Radiograph,
    Report,
    SimilarityMap,
)
from explorer.errors import NotARadiographError
from explorer.grounding.controls import measure_controls
from explorer.grounding.geometry import fit_frame, to_model_input
from explorer.grounding.regions import find_regions
from explorer.grounding.similarity import similarity_maps
from explorer.reading.notes import PROCESSING_NOTE
from explorer.text import (
    NONSENSE_PHRASES,
    NULL_PHRASES,
    negated,
    phrase_assertion,
    side_swapped,
)


def embed(engine: Engine, radiograph: Radiograph) -> ImageEmbeddings:
    """Encode a radiograph once; every phrase is then a cheap read of the result."""
    return embed_pixels(engine, radiograph.pixels)


def embed_pixels(engine: Engine, pixels: Float32) -> ImageEmbeddings:
    """Encode pixels (H, W) in [0, 1], bright = dense."""
    card = engine.card
    frame = fit_frame(
        (pixels.shape[0], pixels.shape[1]),
        input_shape=(card.input_size, card.input_size),
        grid_shape=(card.grid_size, card.grid_size),
        mode=card.frame_mode,
    )
    return engine.embed_image(to_model_input(pixels, frame, pad_value=np.nan), frame=frame)


def check_image(embeddings: ImageEmbeddings, radiograph: Radiograph | None = None) -> None:
    """Refuse an image that is not a chest radiograph.

    Args:
        embeddings: Encoded radiograph.
        radiograph: Where the image comes from; a file that says it is unprocessed is told first.

    Raises:
        NotARadiographError: With the reason for the person.
    """
    if not embeddings.check.refuse:
        return
    raw = radiograph is not None and PROCESSING_NOTE in radiograph.notes
    raise NotARadiographError(
        f"{PROCESSING_NOTE} {embeddings.check.message}" if raw else embeddings.check.message
    )


def maps_of(
    engine: Engine, embeddings: ImageEmbeddings, phrases: Sequence[str]
) -> tuple[SimilarityMap, ...]:
    """Similarity maps of phrases, one text batch, no controls."""
    return similarity_maps(
        embeddings.grid,
        engine.embed_text(phrases),
        phrases,
        score_scale=engine.score_scale,
        score_bias=engine.score_bias,
    )


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
        rule: "calibrated", "otsu" or "fixed".
        threshold: Calibrated score in (0, 1) for the rule "fixed".
        pooling: Pooling of the phrase score; the checkpoint's own when None.
    """
    if not phrases:
        return ()
    assertions = assertions or [phrase_assertion(p) for p in phrases]
    plan = _ControlPlan.for_phrases(phrases)
    maps = maps_of(engine, embeddings, plan.texts)
    nonsense, *nulls = _null_maps(engine, embeddings)
    cosines = np.stack([m.cosine for m in maps[: len(phrases)]])
    scores = engine.pooled_score(cosines, pooling=pooling)
    null_peaks = np.array([float(m.score.max()) for m in nulls])
    results = []
    for i, phrase in enumerate(phrases):
        level, regions = find_regions(
            maps[i],
            rule=rule,
            threshold=threshold,
            calibrated=engine.card.calibration.threshold,
        )
        controls = measure_controls(
            maps[i],
            nonsense=nonsense,
            negated=_pick(maps, plan.negated[i]),
            swapped=_pick(maps, plan.swapped[i]),
            null_peaks=null_peaks,
            assertion=assertions[i],
            check=embeddings.check,
        )
        results.append(
            GroundedPhrase(
                phrase=phrase,
                map=maps[i],
                score=float(scores[i]),
                threshold=level,
                threshold_rule=rule,
                controls=controls,
                regions=regions,
            )
        )
    return tuple(results)


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
class _ControlPlan:
    """One flat text batch: the phrases, then their negated and side-swapped forms."""

    texts: tuple[str, ...]
    negated: tuple[int | None, ...]
    swapped: tuple[int | None, ...]

    @classmethod
    def for_phrases(cls, phrases: Sequence[str]) -> "_ControlPlan":
        texts = list(phrases)

        def add(text: str | None) -> int | None:
            if text is None:
                return None
            texts.append(text)
            return len(texts) - 1

        negated_at = tuple(add(negated(p)) for p in phrases)
        swapped_at = tuple(add(side_swapped(p)) for p in phrases)
        return cls(tuple(texts), negated_at, swapped_at)


_CONTROL_PHRASES = (NONSENSE_PHRASES[0], *NULL_PHRASES)
_control_vectors: WeakKeyDictionary[Engine, Float32] = WeakKeyDictionary()


def _null_maps(engine: Engine, embeddings: ImageEmbeddings) -> tuple[SimilarityMap, ...]:
    """Maps of the nonsense phrase and the null phrases; their text is embedded once an engine."""
    if engine not in _control_vectors:
        _control_vectors[engine] = engine.embed_text(_CONTROL_PHRASES)
    return similarity_maps(
        embeddings.grid,
        _control_vectors[engine],
        _CONTROL_PHRASES,
        score_scale=engine.score_scale,
        score_bias=engine.score_bias,
    )


def _pick(maps: Sequence[SimilarityMap], index: int | None) -> SimilarityMap | None:
    return None if index is None else maps[index]
