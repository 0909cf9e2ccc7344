"""What each word of a phrase adds to the highest place of its map: words left out, or gradients."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.adapters import Engine
from explorer.entities import Float32, ImageEmbeddings, SimilarityMap
from explorer.errors import CheckpointError
from explorer.grounding.attribution import attribute_words
from explorer.grounding.similarity import smooth
from explorer.grounding.word_gradients import Around, attribute_words_by_gradients
from explorer.pipeline.embedding import maps_of

if TYPE_CHECKING:
    from explorer.adapters import DualEngine

LEAVE_OUT = "leave one out"
GRADIENTS = "integrated gradients"
WORD_WAYS = (LEAVE_OUT, GRADIENTS)


@dataclass(frozen=True, slots=True)
class WordShares:
    """Words of a phrase in reading order with the cosine that each adds, signed.

    Attributes:
        words: (word, cosine).
        delta, change: See `explorer.grounding.word_gradients.WordGradients`; None of words left
            out.
    """

    words: tuple[tuple[str, float], ...]
    delta: float | None = None
    change: float | None = None


def word_shares(
    engine: Engine,
    embeddings: ImageEmbeddings,
    shown: SimilarityMap,
    *,
    way: str = LEAVE_OUT,
    around: Around = nullcontext,
) -> WordShares:
    """Say what each word adds to the cosine at the highest place of a phrase's map.

    Args:
        engine: Loaded checkpoint.
        embeddings: Of the film.
        shown: The similarity map.
        way: A name of `WORD_WAYS`.
        around: Entered for each call of the model, so that others get turns in between.

    Raises:
        PhraseError: The phrase has too many words.
        CheckpointError: The family lets no gradient through to its words, or compares them.
    """
    row, column = np.unravel_index(np.argmax(shown.cosine), shown.cosine.shape)
    if way == GRADIENTS:
        patch = _smoothed(embeddings.grid.values, engine.card.smoothing)[row, column]
        found = attribute_words_by_gradients(
            _reads_words(engine), shown.phrase, patch, around=around
        )
        words = tuple((share.word, share.value) for share in found.shares)
        return WordShares(words, found.delta, found.change)

    def score(texts: Sequence[str]) -> list[float]:
        # No text at all has no direction, so it agrees with nothing: cosine 0.
        spoken = [text for text in texts if text]
        with around():
            maps = maps_of(engine, embeddings, spoken) if spoken else ()
        found = iter(float(m.cosine[row, column]) for m in maps)
        return [next(found) if text else 0.0 for text in texts]

    shares = attribute_words(shown.phrase, score, method=way)
    return WordShares(tuple((share.word, share.value) for share in shares))


def _smoothed(patches: Float32, sigma: float) -> Float32:
    """Patches (h, w, D) of which a phrase's cosines are the smoothed map."""
    if sigma == 0:
        return patches
    return np.stack([smooth(channel, sigma=sigma) for channel in np.moveaxis(patches, -1, 0)], -1)


def _reads_words(engine: Engine) -> "DualEngine":
    from explorer.adapters import DualEngine  # brings torch

    if not isinstance(engine, DualEngine) or not engine.lets_gradients_to_words:
        raise CheckpointError(
            "Integrated gradients over words need a checkpoint with one vector a phrase that lets "
            f"gradients through; {engine.card.name!r} of the family {engine.card.family!r} has "
            "none. Leave words out one by one instead."
        )
    return engine
