"""How phrases stand among the reference films of a checkpoint; cheap, since phrases come back."""

from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np

from explorer.adapters import Engine, Recent, scoring_of
from explorer.embeddings import ReferenceFilms
from explorer.entities import (
    NO_REFERENCE,
    Assertion,
    Float32,
    ImageEmbeddings,
    Standing,
)
from explorer.grounding.alignment import pooled_logits
from explorer.grounding.reference import likeness, reference_logits, standings
from explorer.pipeline.embedding import embed_phrases
from explorer.pipeline.taught import knows
from explorer.text import mentions

NOT_CALIBRATED = Standing(
    "no reference",
    None,
    None,
    None,
    "Not calibrated: this checkpoint has neither a calibration nor reference films, so its scores "
    "only say where on this film the phrase fits best.",
)
_logits: WeakKeyDictionary[Engine, Recent] = WeakKeyDictionary()


def standings_of(
    engine: Engine,
    embeddings: ImageEmbeddings,
    phrases: Sequence[str],
    assertions: Sequence[Assertion],
) -> tuple[Standing, ...]:
    """Standing of each phrase on an encoded radiograph.

    A denied phrase is asked for what it denies, in the name of the finding: a high standing speaks
    against the sentence. Of several findings it is the one with the highest log-odds.
    """
    films = engine.reference
    if films is None:
        nothing = NO_REFERENCE if scoring_of(engine).calibrated else NOT_CALIBRATED
        return (nothing,) * len(phrases)
    asked = [_asked(films, p, said) for p, said in zip(phrases, assertions, strict=True)]
    texts = list(dict.fromkeys(text for several in asked for text in several))
    found = dict(zip(texts, _stand(engine, films, embeddings, texts), strict=True))
    return tuple(
        found[phrase] if several == (phrase,) else _denied(several, found)
        for phrase, several in zip(phrases, asked, strict=True)
    )


def _asked(films: ReferenceFilms, phrase: str, assertion: Assertion) -> tuple[str, ...]:
    if assertion != "absent":
        return (phrase,)
    names = [name for name in mentions(phrase) if name in films.taught.findings]
    return tuple(names) or (phrase,)


def _denied(names: Sequence[str], found: dict[str, Standing]) -> Standing:
    name = max(names, key=lambda name: found[name].log_odds or 0.0)
    reason = found[name].reason
    return replace(found[name], reason=f"What is denied, {name}: {reason[0].lower()}{reason[1:]}")


def _stand(
    engine: Engine, films: ReferenceFilms, embeddings: ImageEmbeddings, texts: Sequence[str]
) -> tuple[Standing, ...]:
    values = embeddings.grid.values
    similarity = engine.similarity(embeddings, texts).reshape(len(texts), -1)
    return standings(
        pooled_logits(similarity, scoring_of(engine)),
        _reference(engine, films, texts),
        weight=likeness(films, values),
        normal=films.normal,
        known=[knows(films.taught, text) for text in texts],
    )


def _reference(engine: Engine, films: ReferenceFilms, phrases: Sequence[str]) -> Float32:
    """Logits (N, S) of the reference films; those of phrases that were asked before are kept."""
    kept = _logits.setdefault(engine, Recent())
    rows = kept.get(phrases)
    unknown = [phrase for phrase in dict.fromkeys(phrases) if phrase not in rows]
    if unknown:
        text = embed_phrases(engine, unknown).vectors
        found = reference_logits(films, text, scoring_of(engine))
        fresh = dict(zip(unknown, found.T, strict=True))
        kept.add(fresh)
        rows |= fresh
    return np.stack([rows[phrase] for phrase in phrases], axis=1)
