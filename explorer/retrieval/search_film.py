"""Films for a film."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import Scoring, unit
from explorer.entities import Assertion, Box, Float32, ImageEmbeddings, ModelFrame
from explorer.grounding import alignment
from explorer.retrieval.columns import Rows
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import FIRST, Filter, Page
from explorer.retrieval.hits import boxes_of, boxes_on, make_hit, on_page
from explorer.retrieval.patch_factors import PatchFactors, pack, unpack
from explorer.retrieval.records import Part, QueryPart, Results
from explorer.retrieval.scoring import (
    LEAST_FILMS,
    best_of_each,
    film_log_odds,
    statement_gains,
)
from explorer.retrieval.search_text import Asking

# What the parts of a hit show; the rest is summed up in one part.
_MOST_PARTS = 5


@dataclass(frozen=True, slots=True)
class QueryFilm:
    """The film that is asked.

    Attributes:
        film_id: Of the index, "" for a new one; its own study is not a hit.
        signature: (V,) pooled logits of the vocabulary; (0,) where the checkpoint reads no text.
    """

    film_id: str
    signature: Float32
    factors: PatchFactors
    frame: ModelFrame


def film_of_index(corpus: Corpus, film_id: str) -> QueryFilm:
    """A film that the index holds.

    Raises:
        RetrievalError: It holds no such film.
    """
    row = corpus.row_of(film_id)
    (factors,) = corpus.factors(np.array([row]))
    return QueryFilm(film_id, corpus.films.signatures[row], factors, corpus.frame(row))


def film_of_embeddings(
    embeddings: ImageEmbeddings, *, vectors: Float32, scoring: Scoring
) -> QueryFilm:
    """A new film: packed as the index packs its own, so that both are compared alike.

    Args:
        embeddings: Of the radiograph.
        vectors: (V, D) of the vocabulary.
        scoring: Of the checkpoint.
    """
    values = embeddings.grid.values
    cosines = vectors @ values.reshape(-1, values.shape[-1]).T
    signature = alignment.pooled_logits(cosines, scoring).astype(np.float32)
    return QueryFilm("", signature, unpack(pack(values)), embeddings.grid.frame)


def search_film(
    corpus: Corpus,
    query: QueryFilm,
    asking: Asking,
    *,
    vocabulary: tuple[Sequence[str], Float32],
    without: Sequence[QueryPart] = (),
    page: Page = FIRST,
    scale: tuple[float, float] | None = None,
) -> Results:
    """Rank studies by how like a film they are.

    Likeness is the cosine of two signatures, each phrase in standard deviations over the index:
    what is usual counts little, what is rare on both counts much. Findings that are not wanted
    take away their log odds. Where the checkpoint reads no text, likeness is the cosine of the
    films' vectors about the mean of the index.

    Args:
        corpus: The index.
        query: The film.
        asking: Of the checkpoint.
        vocabulary: Phrases of the signature and their vectors.
        without: Findings that hits should not show.
        page: Which hits are wanted.
        scale: Mean and deviation of the likeness over the films that may be found; those of
            this index when None.
    """
    began = time.perf_counter()
    rows = others_of(corpus, query, page.where)
    shares = likeness_parts(corpus, query)[rows]
    like = shares.sum(axis=1)
    if without:
        # On the scale of log odds: a film as like as one standard deviation counts as one.
        mean, spread = scale or (float(like.mean()), float(like.std()))
        shares = shares / max(spread, 1e-6)
        like = (like - mean) / max(spread, 1e-6)
    denied = _denied(corpus, rows, without, asking)
    scores = like + denied.sum(axis=1)
    best = best_of_each(scores, corpus.films.study[rows])
    hits = []
    for at in on_page(page, best, scores):
        k = at.entry
        row = int(rows[k])
        parts = _film_parts(corpus, row, query, asking, shares[k], float(like[k]), vocabulary)
        parts += [
            Part(part.shown, "absent", float(gain))
            for part, gain in zip(without, denied[k], strict=True)
        ]
        hits.append(make_hit(corpus, row, at, parts))
    return Results(tuple(hits), len(best), time.perf_counter() - began, scores=scores[best])


def _denied(
    corpus: Corpus, rows: Rows, without: Sequence[QueryPart], asking: Asking
) -> NDArray[np.float64]:
    """(N, S) what each finding that hits should not show gives to the score of every film."""
    if not without:
        return np.zeros((len(rows), 0))
    vectors = np.array([part.vector for part in without], dtype=np.float32)
    reference = asking.reference
    said: list[Assertion] = ["absent"] * len(without)
    odds = film_log_odds(corpus, rows, vectors, asking.scoring, reference=reference)
    return statement_gains(corpus, rows, odds, vectors, said, reference=reference)


def likeness(corpus: Corpus, query: QueryFilm, where: Filter) -> NDArray[np.float64]:
    """(N, 1) likeness of the films that may be found."""
    return likeness_parts(corpus, query)[others_of(corpus, query, where)].sum(axis=1, keepdims=True)


def likeness_parts(corpus: Corpus, query: QueryFilm) -> NDArray[np.float64]:
    """(N, V) what each phrase gives to the likeness of every film; rows sum to it, in [-1, 1].

    Without phrases it is one column, the likeness as a whole.
    """
    if not query.signature.size:
        return _whole_likeness(corpus, query)[:, None]
    stored = corpus.films.signatures.astype(np.float64)
    own = query.signature.astype(np.float64)
    if corpus.film_count >= LEAST_FILMS:
        base = corpus.signature_base
        stored, own = alignment.log_odds(stored, base), alignment.log_odds(own, base)
    stored = stored / np.maximum(np.linalg.norm(stored, axis=1, keepdims=True), 1e-9)
    return np.asarray(stored * (own / max(float(np.linalg.norm(own)), 1e-9)))


def _whole_likeness(corpus: Corpus, query: QueryFilm) -> NDArray[np.float64]:
    """(N,) cosine of film vectors, what all films of the index share taken away first."""
    stored, mean = corpus.films.vectors, corpus.film_mean
    own = alignment.film_vector(query.factors.values())
    return np.asarray(unit(stored - mean) @ unit(own - mean), dtype=np.float64)


def others_of(corpus: Corpus, query: QueryFilm, where: Filter) -> Rows:
    """Films that may be hits: those that pass, without the study of the film itself."""
    kept = corpus.kept(where)
    return np.flatnonzero(kept & (corpus.films.study != corpus.study_of(query.film_id)))


def _film_parts(
    corpus: Corpus,
    row: int,
    query: QueryFilm,
    asking: Asking,
    shares: NDArray[np.float64],
    like: float,
    vocabulary: tuple[Sequence[str], Float32],
) -> list[Part]:
    """The phrases that give most, with their regions on both films, and one part for the rest."""
    phrases, vectors = vocabulary
    if not phrases:
        return [Part("the film as a whole", "present", like)]
    top = np.argsort(-shares, kind="stable")[:_MOST_PARTS]
    boxes = boxes_of(corpus, row, vectors[top], asking.scoring, threshold=asking.threshold)
    own = query_boxes(query, vectors[top], asking)
    parts = [
        Part(
            text=phrases[k],
            assertion="present",
            gain=float(shares[k]),
            boxes=found,
            query_box=mine[0] if mine else None,
        )
        for k, found, mine in zip(top, boxes, own, strict=True)
    ]
    rest = like - sum(part.gain for part in parts)
    return [*parts, Part("everything else", "present", rest)]


def query_boxes(query: QueryFilm, vectors: Float32, asking: Asking) -> list[tuple[Box, ...]]:
    """For each phrase, its regions on the film that is asked."""
    return boxes_on(query.factors, query.frame, vectors, asking.scoring, threshold=asking.threshold)
