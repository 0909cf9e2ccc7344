"""How phrases stand among the reference films of a checkpoint; cheap, since phrases come back."""

from collections.abc import Mapping, Sequence
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
from explorer.grounding.reference import likeness, reading, reference_logits, standings
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


def asked_of(
    engine: Engine, phrases: Sequence[str], assertions: Sequence[Assertion]
) -> tuple[tuple[str, ...], ...]:
    """What the standing of each phrase is asked for, one text or several.

    A denied phrase is asked for what it denies, in the name of the finding: a high standing speaks
    against the sentence. Without reference films everything is asked for itself.
    """
    if engine.reference is None:
        return tuple((phrase,) for phrase in phrases)
    taught = engine.reference.taught.findings
    return tuple(
        _denied_findings(phrase, taught) if said == "absent" else (phrase,)
        for phrase, said in zip(phrases, assertions, strict=True)
    )


def _denied_findings(phrase: str, taught: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in mentions(phrase) if name in taught) or (phrase,)


def standings_of(
    engine: Engine,
    embeddings: ImageEmbeddings,
    phrases: Sequence[str],
    asked: Sequence[tuple[str, ...]],
    *,
    similarity: Mapping[str, Float32],
) -> tuple[Standing, ...]:
    """Standing of phrases on an encoded radiograph; of several findings the highest log-odds.

    Args:
        engine: Loaded checkpoint.
        embeddings: Encoded radiograph.
        phrases: As they were given.
        asked: Of `asked_of`.
        similarity: Cosines (h, w) of every text that is asked.
    """
    films = engine.reference
    if films is None:
        nothing = NO_REFERENCE if scoring_of(engine).calibrated else NOT_CALIBRATED
        return (nothing,) * len(asked)
    texts = list(dict.fromkeys(text for several in asked for text in several))
    cosines = np.stack([similarity[text].ravel() for text in texts])
    weight = likeness(films, embeddings.grid.values)
    stand = standings(
        pooled_logits(cosines, scoring_of(engine)),
        _reference(engine, films, texts),
        weight=weight,
        normal=films.normal,
        known=[knows(films.taught, text) for text in texts],
        read=reading(films, embed_phrases(engine, texts).vectors, weight=weight),
        shown_from=films.shown_from,
    )
    found = dict(zip(texts, stand, strict=True))
    return tuple(
        found[phrase] if several == (phrase,) else _denied(several, found)
        for phrase, several in zip(phrases, asked, strict=True)
    )


def _denied(names: Sequence[str], found: dict[str, Standing]) -> Standing:
    name = max(names, key=lambda name: found[name].log_odds or 0.0)
    reason = found[name].reason
    return replace(found[name], reason=f"What is denied, {name}: {reason[0].lower()}{reason[1:]}")


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
