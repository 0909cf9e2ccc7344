"""How phrases stand among the reference films of a checkpoint; cheap, since phrases come back."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine
from explorer.embeddings import ReferenceFilms
from explorer.entities import NO_REFERENCE, Float32, ImageEmbeddings, Standing
from explorer.grounding.reference import likeness, reference_logits, standings
from explorer.pipeline.embedding import Recent, embed_phrases
from explorer.pipeline.taught import knows

_logits: WeakKeyDictionary[Engine, Recent] = WeakKeyDictionary()


def standings_of(
    engine: Engine,
    embeddings: ImageEmbeddings,
    phrases: Sequence[str],
    logits: NDArray[np.floating],
) -> tuple[Standing, ...]:
    """Standing of each of S phrases with pooled logits (S,) on an encoded radiograph."""
    films = engine.reference
    if films is None:
        return (NO_REFERENCE,) * len(phrases)
    return standings(
        logits,
        _reference(engine, films, phrases),
        weight=likeness(films, embeddings.grid.values),
        normal=films.normal,
        known=[knows(films.taught, phrase) for phrase in phrases],
    )


def _reference(engine: Engine, films: ReferenceFilms, phrases: Sequence[str]) -> Float32:
    """Logits (N, S) of the reference films; those of phrases that were asked before are kept."""
    kept = _logits.setdefault(engine, Recent())
    rows = kept.get(phrases)
    unknown = [phrase for phrase in dict.fromkeys(phrases) if phrase not in rows]
    if unknown:
        text = embed_phrases(engine, unknown).vectors
        fresh = dict(zip(unknown, reference_logits(films, text, engine.scoring).T, strict=True))
        kept.add(fresh)
        rows |= fresh
    return np.stack([rows[phrase] for phrase in phrases], axis=1)
