"""Where a map comes from: similarity, attention, or what captum says; and whether to trust it."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine, scoring_of
from explorer.entities import Float32, ModelFrame, Radiograph, SimilarityMap
from explorer.errors import CheckpointError
from explorer.grounding.alignment import pooled_logits
from explorer.grounding.faithfulness import Faithfulness, faithfulness
from explorer.grounding.image_attribution import (
    CALLS,
    WAYS,
    Around,
    Differentiable,
    attribute_image,
    in_cells,
    redrawn,
)
from explorer.pipeline.embedding import embed_pixels, maps_of

SIMILARITY = "similarity"
ATTENTION = "attention"
UNSIGNED = (ATTENTION, "layer Grad-CAM")
HALF = 8.0  # logits between the lowest and the highest value of an attribution, on its plain scale
REDRAWN_SHARES = (0.34, 0.67, 1.0)  # of the layers of the image tower, from the top


@dataclass(frozen=True, slots=True)
class SourceMap:
    """A map of one phrase from one source.

    Attributes:
        map: Values over their largest magnitude, [-1, 1]; for similarity the map itself.
        source: A name of `map_sources()`.
        unit: What a value is, in words.
        largest: The magnitude that became 1, in that unit.
        delta, change: See `explorer.grounding.image_attribution.Attribution`.
    """

    map: SimilarityMap
    source: str
    unit: str = "cosine"
    largest: float = 1.0
    delta: float | None = None
    change: float | None = None

    @property
    def span(self) -> tuple[float, float]:
        """What a colour scale of the map should span."""
        return (0.0, 1.0) if self.source in UNSIGNED else (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Sanity:
    """How much a map keeps of its order when layers of the image tower are drawn anew.

    Attributes:
        shares: Of the layers, counted from the top.
        correlations: Spearman rank correlation with the map of the whole model; near 0 is sane.
    """

    shares: tuple[float, ...]
    correlations: tuple[float, ...]


@runtime_checkable
class Attentive(Protocol):
    """An engine that can say by an attention of its own where a phrase is.

    Attributes:
        draws_attention: Whether this checkpoint brings what it takes.
    """

    draws_attention: bool

    def attention_map(self, image: Float32, phrases: Sequence[str]) -> Float32:
        """Maps (S, h, w) of phrases on an image in the model frame, each with sum 1."""
        ...


def map_sources(engine: Engine | None = None) -> tuple[str, ...]:
    """Names of all sources, or of those of a checkpoint; similarity first."""
    if engine is None or draws_attention(engine):
        return (SIMILARITY, ATTENTION, *WAYS)
    return (SIMILARITY, *WAYS)


def draws_attention(engine: Engine) -> bool:
    """Whether a checkpoint has maps by its own attention."""
    return isinstance(engine, Attentive) and engine.draws_attention


def source_calls(source: str) -> int:
    """How often a map of this source calls the model, each in a turn of its own."""
    return CALLS.get(source, 1)


def source_map(
    engine: Engine,
    radiograph: Radiograph,
    phrase: str,
    *,
    source: str,
    around: Around = nullcontext,
) -> SourceMap:
    """The map of a phrase from a source.

    Args:
        engine: Loaded checkpoint.
        radiograph: The film.
        phrase: What is asked.
        source: A name of `map_sources()`.
        around: Entered for each call of the model, so that others get turns in between.

    Raises:
        CheckpointError: The family lets no gradient through, compares words, or draws no attention.
        PhraseError: The phrase is empty or too long, or the family is image-only.
    """
    if source == SIMILARITY:
        with around():
            embeddings = embed_pixels(engine, radiograph.pixels)
            return SourceMap(maps_of(engine, embeddings, [phrase])[0], SIMILARITY)
    frame = engine.frame_of(*radiograph.shape)
    image = engine.model_input(radiograph.pixels, frame=frame)
    if source == ATTENTION:
        with around():
            return _attention(engine, image, phrase, frame)
    vector = engine.text_vectors([phrase])[0]
    model = _differentiable(engine)
    found = attribute_image(model, image, vector, way=source, around=around)
    values, placed = in_cells(found, frame)
    shown, largest = _over_largest(phrase, values, placed)
    return SourceMap(shown, source, found.unit, largest, found.delta, found.change)


def _attention(engine: Engine, image: Float32, phrase: str, frame: ModelFrame) -> SourceMap:
    if not (isinstance(engine, Attentive) and engine.draws_attention):
        raise CheckpointError(
            "Attention maps need a checkpoint that draws them (lovt, gloria, or trained with "
            f"radtex, lovt or gloria), {engine.card.name!r} draws none. Take the maps from "
            "similarity."
        )
    shown, largest = _over_largest(phrase, engine.attention_map(image, [phrase])[0], frame)
    return SourceMap(shown, ATTENTION, "share of the attention", largest)


def _over_largest(phrase: str, values: Float32, frame: ModelFrame) -> tuple[SimilarityMap, float]:
    """A map of values over their largest magnitude, and that magnitude."""
    largest = float(np.abs(values).max())
    scaled = values / largest if largest > 0 else values
    return SimilarityMap(phrase, scaled, HALF, -HALF / 2, frame, calibrated=False), largest


def _differentiable(engine: Engine) -> Differentiable:
    from explorer.adapters import DualEngine  # brings torch

    if not isinstance(engine, DualEngine) or not engine.lets_gradients_through:
        raise CheckpointError(
            "Attribution needs a checkpoint that compares patches with one vector of the phrase "
            f"and lets gradients through; {engine.card.name!r} of the family "
            f"{engine.card.family!r} does not. Take the maps from similarity."
        )
    return engine


def film_scores(engine: Engine, images: Sequence[Float32], phrase: str) -> list[float]:
    """Scores in [0, 1] of a phrase on images in the model frame, all of one shape."""
    rows, columns = images[0].shape
    frame = engine.frame_of(rows, columns)
    encoded = engine.embed_images(images, frames=[frame] * len(images))
    cosines = np.stack([engine.similarity(e, [phrase])[0].ravel() for e in encoded])
    logits = pooled_logits(cosines, scoring_of(engine))
    return [float(0.5 + 0.5 * np.tanh(0.5 * logit)) for logit in logits]


def check_faithfulness(
    engine: Engine,
    radiograph: Radiograph,
    shown: SourceMap,
    *,
    batch: int = 8,
    around: Around = nullcontext,
) -> Faithfulness:
    """Whether the score of a phrase follows its map, by deletion and insertion.

    Args:
        engine: Loaded checkpoint.
        radiograph: The film.
        shown: The map.
        batch: Images encoded at once.
        around: Entered for each batch, so that others get turns in between.
    """
    frame = engine.frame_of(*radiograph.shape)
    image = engine.model_input(radiograph.pixels, frame=frame)

    def score(images: Sequence[Float32]) -> list[float]:
        found: list[float] = []
        for start in range(0, len(images), batch):
            with around():
                part = images[start : start + batch]
                found += film_scores(engine, part, shown.map.phrase)
        return found

    return faithfulness(shown.map.cosine, image, score)


def check_sanity(
    engine: Engine,
    radiograph: Radiograph,
    shown: SourceMap,
    *,
    seed: int = 0,
    around: Around = nullcontext,
) -> Sanity:
    """Whether a map depends on what the image tower has learned.

    Args:
        engine: Loaded checkpoint.
        radiograph: The film.
        shown: The map.
        seed: Of the weights that are drawn anew.
        around: Entered for each call of a model, so that others get turns in between.

    Raises:
        CheckpointError: The family lets no gradient through, or compares words.
    """
    _differentiable(engine)
    frame = engine.frame_of(*radiograph.shape)
    image = engine.model_input(radiograph.pixels, frame=frame)
    found = []
    for share in REDRAWN_SHARES:
        other = redrawn(engine, image, share=share, seed=seed)
        theirs = source_map(other, radiograph, shown.map.phrase, source=shown.source, around=around)
        found.append(_rank_correlation(shown.map.cosine, theirs.map.cosine))
    return Sanity(REDRAWN_SHARES, tuple(found))


def _rank_correlation(a: Float32, b: Float32) -> float:
    """Spearman's, equal values in mean rank; 0 for a map that is the same everywhere."""
    first, second = _ranks(a.ravel()), _ranks(b.ravel())
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Float32) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place], np.float64)
