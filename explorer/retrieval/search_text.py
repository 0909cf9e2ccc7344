"""Films for a text: by what the films show, by the words of their reports, or both."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import ReferenceFilms, Scoring
from explorer.entities import Float32
from explorer.errors import RetrievalError
from explorer.retrieval._lance import in_words
from explorer.retrieval.columns import Rows
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import EVERYTHING, FIRST, Filter, Page
from explorer.retrieval.fusion import fuse
from explorer.retrieval.hits import Ranked, boxes_of, make_hit, on_page, sentence_of
from explorer.retrieval.nearest import nearest_films
from explorer.retrieval.records import Hit, Part, QueryPart, Results
from explorer.retrieval.scoring import (
    SHORTLIST,
    best_of_each,
    film_log_odds,
    statement_gains,
    studies_of,
)
from explorer.retrieval.words import bm25

Ranking = Literal["image", "words", "both"]
TextScores = tuple[NDArray[np.float64], NDArray[np.float64]]  # by what films show, and by words
_WORD_HITS = 10_000


@dataclass(frozen=True, slots=True)
class Asking:
    """How a search looks at films: scoring, threshold for regions and reference films."""

    scoring: Scoring
    threshold: float
    reference: ReferenceFilms | None = None


def search_text(
    corpus: Corpus,
    parts: Sequence[QueryPart],
    asking: Asking,
    *,
    ranking: Ranking = "image",
    page: Page = FIRST,
    only: frozenset[str] | None = None,
    among: TextScores | None = None,
) -> Results:
    """Rank the studies of an index for a text, one film a study.

    Args:
        corpus: The index.
        parts: Sentences of the query; those of absent findings count with reversed sign.
        asking: Of the checkpoint.
        ranking: "image": log odds of the sentences on the film; "words": BM25 on sentences of the
            reports that claim (or deny) the same; "both": reciprocal rank fusion of the two.
        page: Which hits are wanted.
        only: Films worth an exact look, chosen elsewhere; None looks at all, or asks the ANN index
            of a large one.
        among: Scores of the films of all shards, for "both"; None for a single index.

    Raises:
        RetrievalError: The query is empty, or the words of an unfinished index are asked.
    """
    began = time.perf_counter()
    if not parts:
        raise RetrievalError("A search needs at least one word, got none. Type a finding.")
    kept = np.flatnonzero(corpus.kept(page.where))
    whole = corpus.is_exact and only is None
    rows = kept if whole else _shortlist(corpus, kept, parts, page.where, only)
    vectors, gains = _gains(corpus, rows, parts, asking, keep=whole)
    scores = _ranked(corpus, rows, parts, gains.sum(axis=1), ranking, among)
    best = best_of_each(scores, corpus.films.study[rows])
    beyond = len(studies_of(corpus, kept)) - len(best)
    corpus.look_up(rows[best[page.offset : page.end]])
    hits = [
        _hit(corpus, int(rows[at.entry]), at, parts, vectors, gains[at.entry], asking)
        for at in on_page(page, best, scores, beyond=beyond)
    ]
    took = time.perf_counter() - began
    return Results(tuple(hits), len(best), took, scores=scores[best], beyond=beyond)


def text_scores(
    corpus: Corpus,
    parts: Sequence[QueryPart],
    asking: Asking,
    *,
    where: Filter = EVERYTHING,
    only: frozenset[str] | None = None,
) -> TextScores:
    """By what films show and by words: the scores (N,) each that `search_text` fuses."""
    kept = np.flatnonzero(corpus.kept(where))
    whole = corpus.is_exact and only is None
    rows = kept if whole else _shortlist(corpus, kept, parts, where, only)
    _, gains = _gains(corpus, rows, parts, asking, keep=whole)
    return gains.sum(axis=1), word_scores(corpus, parts)[corpus.films.study[rows]]


def _gains(
    corpus: Corpus, rows: Rows, parts: Sequence[QueryPart], asking: Asking, *, keep: bool
) -> tuple[Float32, NDArray[np.float64]]:
    """Vectors (S, D) of the statements, and what each gives to the score of every film (N, S)."""
    vectors = np.stack([part.vector for part in parts]).astype(np.float32)
    reference, said = asking.reference, [part.assertion for part in parts]
    odds = film_log_odds(corpus, rows, vectors, asking.scoring, reference=reference, keep=keep)
    return vectors, statement_gains(corpus, rows, odds, vectors, said, reference=reference)


def word_scores(corpus: Corpus, parts: Sequence[QueryPart]) -> NDArray[np.float64]:
    """(studies,) sum over the query's statements of the best BM25 of a report's statements.

    A statement counts only where it claims or denies as the query does; NaN where none matches.

    Raises:
        RetrievalError: The index has no full-text index yet.
    """
    total = np.full(len(corpus.study_ids), np.nan)
    if corpus.whole is not None and not corpus.sentence_count:
        return total  # other shards may hold reports
    number = {study: k for k, study in enumerate(corpus.study_ids)}
    for part in parts:
        said = "'absent'" if part.assertion == "absent" else "'present', 'uncertain'"
        with in_words(corpus.uri, "searched"):
            if not any(i.index_type == "FTS" for i in corpus.tables.sentences.list_indices()):
                raise RetrievalError(
                    f"The words of {corpus.uri!r} are not indexed: its build was not finished, or "
                    "it has no reports. Run the same build command again, or rank by image."
                )
            query = corpus.tables.sentences.search(_plain(part.text), query_type="fts")
            query = query.where(f"assertion IN ({said})", prefilter=True)
            rows = query.select(["study_id", "words", "_score"]).limit(_WORD_HITS).to_list()
        best: dict[int, float] = {}
        for row in rows:
            study = number[row["study_id"]]
            best[study] = max(best.get(study, 0.0), bm25(part.text, row["words"], corpus.words))
        for study, score in best.items():
            total[study] = np.nan_to_num(total[study]) + score
    return total


def _ranked(
    corpus: Corpus,
    rows: Rows,
    parts: Sequence[QueryPart],
    shown: NDArray[np.float64],
    ranking: Ranking,
    among: TextScores | None,
) -> NDArray[np.float64]:
    if ranking == "image":
        return shown
    words = word_scores(corpus, parts)[corpus.films.study[rows]]
    if ranking == "words":
        return np.nan_to_num(words, nan=0.0)
    return fuse([shown, words], among=among)


def _hit(
    corpus: Corpus,
    row: int,
    at: Ranked,
    parts: Sequence[QueryPart],
    vectors: Float32,
    gains: NDArray[np.float64],
    asking: Asking,
) -> Hit:
    boxes = boxes_of(corpus, row, vectors, asking.scoring, threshold=asking.threshold)
    made = [
        Part(
            text=part.shown,
            assertion=part.assertion,
            gain=float(gain),
            boxes=() if part.assertion == "absent" else found,
            sentence=sentence_of(corpus, row, part.vector, part.assertion),
        )
        for part, gain, found in zip(parts, gains, boxes, strict=True)
    ]
    return make_hit(corpus, row, at, made)


def _shortlist(
    corpus: Corpus,
    kept: Rows,
    parts: Sequence[QueryPart],
    where: Filter,
    only: frozenset[str] | None,
) -> Rows:
    """Films worth an exact look: the given ones, or those of the regions nearest to each claim.

    Beside these there is a sample, for queries that only deny: what they look for has no region.
    """
    if only is not None:
        held = [corpus.row_of(film) for film in only if corpus.study_of(film) >= 0]
        return np.intersect1d(kept, np.array(held, dtype=np.intp))
    sample = corpus.base_rows
    found: set[int] = set(sample[np.isin(sample, kept, kind="table")][:SHORTLIST].tolist())
    for part in parts:
        if part.assertion == "absent":
            continue
        films = nearest_films(corpus, part.vector, where, count=4 * SHORTLIST)
        found.update(corpus.row_of(film) for film in films[:SHORTLIST])
    return np.array(sorted(found), dtype=np.intp)


def _plain(text: str) -> str:
    """Words only: the query language of the full-text index has signs of its own."""
    return " ".join("".join(c if c.isalnum() else " " for c in text).split())
