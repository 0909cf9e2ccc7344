"""Scores of films for phrases over an index, with the one definition of alignment.

Each phrase is read against what it scores on the films of the index itself (`Corpus.base_rows`);
a claim then against what the film scores for the vocabulary of the index (`on_own_scale`): its log
odds say whether a film speaks for it more than other films do, and more than for other phrases.
Where the checkpoint's bank knows how far each phrase can be trusted, odds count by that.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import ReferenceFilms, Scoring
from explorer.entities import Assertion, Float32
from explorer.grounding import alignment
from explorer.grounding.alignment import PhraseBase
from explorer.grounding.reference import reference_logits
from explorer.grounding.trust import slopes
from explorer.retrieval.columns import Rows
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.patch_factors import PatchFactors

# An index of fewer films cannot say what is usual; phrases then keep their own scale.
LEAST_FILMS = 20
# Phrases whose scores on all films are kept.
_KEPT = 256
# Films times phrases that are worked out at once.
_CELLS = 1024
# Films on the shortlist of an approximate search, for each phrase.
SHORTLIST = 400


def film_logits(
    corpus: Corpus, rows: Rows, vectors: Float32, scoring: Scoring, *, keep: bool = True
) -> Float32:
    """(N, S) pooled logits of films for phrases (S, D), over every patch.

    Where search is exact a phrase is asked of all films once, and its column is kept: paging,
    filters and a query that changes by a word cost nothing again. Without `keep` only the films of
    `rows` are asked.
    """
    if not corpus.is_exact and corpus.whole is None:
        return _beside_base(corpus, rows, vectors, scoring)
    if not keep or not corpus.is_exact or len(vectors) > _KEPT:
        return _logits(corpus, rows, vectors, scoring)
    kept: dict[bytes, Float32] = corpus.memory.setdefault("film logits", {})
    keys = [vector.tobytes() for vector in vectors]
    new = [k for k, key in enumerate(keys) if key not in kept]
    found = {key: kept[key] for key in keys if key in kept}
    if new:
        columns = _logits(corpus, np.arange(len(corpus)), vectors[new], scoring).T
        found.update(zip([keys[k] for k in new], columns, strict=True))
    for key in list(kept)[: max(0, len(kept) + len(new) - _KEPT)]:
        kept.pop(key, None)
    kept.update(found)
    if not keys:
        return np.zeros((len(rows), 0), dtype=np.float32)
    return np.stack([found[key][rows] for key in keys], axis=1)


def _logits(corpus: Corpus, rows: Rows, vectors: Float32, scoring: Scoring) -> Float32:
    found = np.zeros((len(rows), len(vectors)), dtype=np.float32)
    step = max(1, _CELLS // max(1, len(vectors)))
    for first in range(0, len(rows), step):
        factors = corpus.factors(rows[first : first + step])
        found[first : first + step] = _pooled(factors, vectors, scoring)
    return found


def _pooled(films: Sequence[PatchFactors], vectors: Float32, scoring: Scoring) -> Float32:
    cosines = np.stack([film.cosines(vectors) for film in films])
    flat = cosines.reshape(len(films), len(vectors), -1)
    return alignment.pooled_logits(flat, scoring).astype(np.float32)


def film_log_odds(
    corpus: Corpus,
    rows: Rows,
    vectors: Float32,
    scoring: Scoring,
    *,
    reference: ReferenceFilms | None = None,
    keep: bool = True,
) -> NDArray[np.float64]:
    """(N, S) log odds of films for phrases over their base rate.

    Args:
        corpus: The index.
        rows: Films.
        vectors: (S, D) of the phrases.
        scoring: Of the checkpoint.
        reference: Films of the checkpoint, asked where the index is too small to say.
        keep: As `film_logits` has it.
    """
    logits = film_logits(corpus, rows, vectors, scoring, keep=keep)
    base = base_of(corpus, vectors, scoring, rows=rows, logits=logits, keep=keep)
    if base is None:
        base = PhraseBase(np.zeros(len(vectors)), np.ones(len(vectors)))
        if reference is not None and len(vectors):
            base = alignment.phrase_base(reference_logits(reference, vectors, scoring))
    return np.asarray(alignment.log_odds(logits, base), dtype=np.float64)


def statement_gains(
    corpus: Corpus,
    rows: Rows,
    odds: NDArray[np.float64],
    vectors: Float32,
    assertions: Sequence[Assertion],
    *,
    reference: ReferenceFilms | None = None,
) -> NDArray[np.float64]:
    """(N, S) what each statement gives to the agreement of every film with a text.

    Args:
        corpus: The index.
        rows: N films.
        odds: (N, S) of `film_log_odds`.
        vectors: (S, D) of the statements.
        assertions: Of the statements.
        reference: Of the checkpoint; knows how far each phrase can be trusted.
    """
    mean, spread = film_scale(corpus)
    read = on_own_scale(odds, mean[rows], spread[rows], assertions)
    return alignment.statement_gains(read * trust_of(vectors, reference), assertions)


def on_own_scale(
    odds: NDArray[np.float64],
    mean: NDArray[np.float64],
    spread: NDArray[np.float64],
    assertions: Sequence[Assertion],
) -> NDArray[np.float64]:
    """(N, S) log odds with those of claims read against what the film scores for the vocabulary.

    Denials stay as they are: a film that shows a thing weakly beside others still shows it.

    Args:
        odds: (N, S).
        mean: (N,) of the films, as `film_scale` has it.
        spread: Likewise.
        assertions: Of the S statements.
    """
    scaled = (odds - mean[:, None]) / spread[:, None]
    denied = np.array([a == "absent" for a in assertions], dtype=bool)
    return np.where(denied, odds, scaled)


def trust_of(vectors: Float32, reference: ReferenceFilms | None) -> NDArray[np.float64]:
    """(S,) how far each phrase can be trusted, where the checkpoint's bank knows."""
    return slopes(None if reference is None else reference.trust, vectors)


def film_scale(corpus: Corpus) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread (N,) of the log odds of every film over the vocabulary of the index.

    Some films score high for everything, some hardly differ between phrases: without this they
    come first for any text. (0, 1) where the index is too small to say.
    """
    known: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    known = corpus.memory.get("film scale")
    if known is None:
        stored = corpus.films.signatures.astype(np.float64)
        known = np.zeros(len(stored)), np.ones(len(stored))
        if len(stored) and corpus.film_count >= LEAST_FILMS:
            odds = alignment.log_odds(stored, corpus.signature_base)
            known = odds.mean(axis=1), np.maximum(odds.std(axis=1), alignment.MIN_SPREAD)
        corpus.memory["film scale"] = known
    return known


def base_of(
    corpus: Corpus,
    vectors: Float32,
    scoring: Scoring,
    *,
    rows: Rows,
    logits: Float32,
    keep: bool = True,
) -> PhraseBase | None:
    """Base of phrases on the films of the index; None where it has too few.

    Logits that are known already, of `rows`, are not worked out again.
    """
    if corpus.film_count < LEAST_FILMS:
        return None
    if corpus.whole is not None or not corpus.is_exact:
        return alignment.phrase_base(base_logits(corpus, vectors, scoring))
    wanted = corpus.base_rows
    at = {int(row): k for k, row in enumerate(rows)}
    missing = np.array([row for row in wanted if int(row) not in at], dtype=np.intp)
    known = [at[int(row)] for row in wanted if int(row) in at]
    fresh = film_logits(corpus, missing, vectors, scoring, keep=keep)
    return alignment.phrase_base(np.concatenate([logits[known], fresh]))


def base_logits(corpus: Corpus, vectors: Float32, scoring: Scoring) -> Float32:
    """(B, S) logits of the films that phrases are measured on; kept, as the films stay."""
    kept: dict[bytes, Float32] = corpus.memory.setdefault("base logits", {})
    keys = [vector.tobytes() for vector in vectors]
    found = {key: column for key in keys if (column := kept.get(key)) is not None}
    new = {key: vector for key, vector in zip(keys, vectors, strict=True) if key not in found}
    if new:
        columns = _pooled(corpus.base_factors, np.stack(list(new.values())), scoring).T
        found.update(zip(new, columns, strict=True))
        kept.update({key: found[key] for key in new})
        for key in list(kept)[: max(0, len(kept) - _KEPT)]:
            kept.pop(key, None)
    if not keys:
        return np.zeros((len(corpus.base_grids), 0), dtype=np.float32)
    return np.stack([found[key] for key in keys], axis=1)


def _beside_base(corpus: Corpus, rows: Rows, vectors: Float32, scoring: Scoring) -> Float32:
    """(N, S) logits of films, where those that phrases are measured on were asked before."""
    base = base_logits(corpus, vectors, scoring)
    place = {int(row): k for k, row in enumerate(corpus.base_rows)}
    at = np.array([place.get(int(row), -1) for row in rows], dtype=np.intp)
    found = np.zeros((len(rows), len(vectors)), dtype=np.float32)
    found[at >= 0] = base[at[at >= 0]]
    found[at < 0] = _logits(corpus, rows[at < 0], vectors, scoring)
    return found


def percentiles(scores: NDArray[np.floating], *, beyond: int = 0) -> NDArray[np.float64]:
    """(N,) share of the others with a lower score, in [0, 1].

    Args:
        scores: (N,) that are compared.
        beyond: How many others there are that a shortlist left out: they are lower than all.

    >>> percentiles(np.array([2.0, 1.0, 1.0])).tolist()
    [1.0, 0.0, 0.0]
    >>> percentiles(np.array([2.0, 1.0]), beyond=3).tolist()
    [1.0, 0.75]
    """
    lower = beyond + np.searchsorted(np.sort(scores), scores, side="left")
    return np.asarray(lower / max(1, beyond + len(scores) - 1), dtype=np.float64)


def studies_of(corpus: Corpus, films: NDArray[Any]) -> Rows:
    """Studies of films, by row or by mask (N,), each once; quicker than sorting 100,000."""
    held = np.zeros(len(corpus.study_ids), dtype=bool)
    held[corpus.films.study[films]] = True
    return np.flatnonzero(held)


def best_of_each(scores: NDArray[np.floating], groups: NDArray[np.integer]) -> Rows:
    """Indices of the best member of every group, the best group first; equal scores by index.

    >>> best_of_each(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1])).tolist()
    [1, 2]
    """
    order = np.lexsort((np.arange(len(scores)), -scores))
    _, first = np.unique(groups[order], return_index=True)
    return np.asarray(order[np.sort(first)], dtype=np.intp)
