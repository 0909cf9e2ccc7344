"""Films and reports for a film."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import Scoring
from explorer.entities import Box, Float32, ImageEmbeddings, ModelFrame
from explorer.errors import RetrievalError
from explorer.grounding import alignment
from explorer.retrieval.columns import Rows
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import EVERYTHING, Filter
from explorer.retrieval.hits import boxes_of, boxes_on, make_hit
from explorer.retrieval.patch_factors import PatchFactors, pack, unpack
from explorer.retrieval.records import Hit, Part, QueryPart, Results, unit
from explorer.retrieval.scoring import (
    LEAST_FILMS,
    best_of_each,
    film_log_odds,
    percentiles,
    statement_gains,
    trust_of,
)
from explorer.retrieval.search_text import Asking

# What the parts of a hit show; the rest is summed up in one part.
_MOST_PARTS = 5
# Films that the statements of an index are measured on.
_SENTENCE_BASE = 100
# Films of an index up to which its statements ask every patch of a film.
_FINE_FILMS = 1500
_AT_ONCE = 64  # statements


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
    where: Filter = EVERYTHING,
    count: int = 20,
    offset: int = 0,
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
        where: Which films may be found.
        count: Hits of a page.
        offset: Hits before it.
        scale: Mean and deviation of the likeness over the films that may be found; those of
            this index when None.
    """
    began = time.perf_counter()
    rows = _others(corpus, query, where)
    shares = likeness_parts(corpus, query)[rows]
    like = shares.sum(axis=1)
    if without:
        # On the scale of log odds: a film as like as one standard deviation counts as one.
        mean, spread = scale or (float(like.mean()), float(like.std()))
        shares = shares / max(spread, 1e-6)
        like = (like - mean) / max(spread, 1e-6)
    vectors = np.array([part.vector for part in without], dtype=np.float32)
    denied = np.zeros((len(rows), 0))
    if without:
        odds = film_log_odds(corpus, rows, vectors, asking.scoring, reference=asking.reference)
        denied = statement_gains(
            corpus, rows, odds, vectors, ["absent"] * len(without), reference=asking.reference
        )
    scores = like + denied.sum(axis=1)
    best = best_of_each(scores, corpus.films.study[rows])
    share = percentiles(scores[best])
    hits = []
    for place, k in list(enumerate(best))[offset : offset + count]:
        parts = _film_parts(
            corpus, int(rows[k]), query, asking, shares[k], float(like[k]), vocabulary
        )
        parts += [
            Part(part.shown, "absent", float(gain))
            for part, gain in zip(without, denied[k], strict=True)
        ]
        hits.append(
            make_hit(
                corpus, int(rows[k]), rank=place + 1, score=float(scores[k]),
                percentile=float(share[place]), parts=parts,
            )
        )  # fmt: skip
    return Results(tuple(hits), len(best), time.perf_counter() - began, scores=scores[best])


def likeness(corpus: Corpus, query: QueryFilm, where: Filter) -> NDArray[np.float64]:
    """(N, 1) likeness of the films that may be found."""
    return likeness_parts(corpus, query)[_others(corpus, query, where)].sum(axis=1, keepdims=True)


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


def search_reports(
    corpus: Corpus,
    query: QueryFilm,
    asking: Asking,
    *,
    where: Filter = EVERYTHING,
    count: int = 20,
    offset: int = 0,
) -> Results:
    """Rank the reports of an index by their agreement with a film.

    Args:
        corpus: The index.
        query: The film.
        asking: Of the checkpoint.
        where: Films whose reports may be found.
        count: Hits of a page.
        offset: Hits before it.

    Raises:
        RetrievalError: The index holds no reports.
    """
    began = time.perf_counter()
    if not corpus.sentence_count:
        if corpus.whole is not None:  # other shards may hold some
            return Results((), 0, 0.0)
        raise RetrievalError(
            f"The index {corpus.uri!r} holds no reports. Build one from a corpus with reports."
        )
    rows = _others(corpus, query, where)
    gains = sentence_gains(corpus, query, asking)
    scores = np.full(len(corpus.study_ids), -np.inf)
    allowed = np.unique(corpus.films.study[rows])
    sentences = corpus.sentences
    totals = np.bincount(sentences.study, weights=gains, minlength=len(scores))
    told = np.bincount(sentences.study, minlength=len(scores)) > 0
    kept = allowed[told[allowed]]
    scores[kept] = totals[kept]
    order = kept[np.argsort(-scores[kept], kind="stable")]
    share = percentiles(scores[order])
    row_of = {int(study): int(row) for row, study in reversed(list(enumerate(corpus.films.study)))}
    hits = [
        _report_hit(
            corpus, row_of[int(study)], int(study), query, asking, gains,
            rank=place + 1, percentile=float(share[place]),
        )
        for place, study in list(enumerate(order))[offset : offset + count]
    ]  # fmt: skip
    return Results(tuple(hits), len(order), time.perf_counter() - began, scores=scores[order])


def sentence_gains(corpus: Corpus, query: QueryFilm, asking: Asking) -> NDArray[np.float64]:
    """What every statement of the index gives to the agreement of its report with a film.

    Agreements are told in deviations over films, so that a long report, or one that says a thing
    twice, does not come first for that, less what the report gets from the films that it fits best:
    some reports fit many films.
    """
    sentences = corpus.sentences
    logits = _statement_logits(corpus, [query.factors], asking.scoring)
    base = sentence_base(corpus, asking)
    if base is None:
        return _stated(corpus, logits[0, sentences.distinct])
    odds = alignment.log_odds(logits, base.phrases)
    gains = _gains(corpus, odds, asking)[0]
    usual = base.gains + base.shared[sentences.study] * sentences.counts
    return np.asarray((gains - usual) / base.spread[sentences.study], dtype=np.float64)


def _gains(corpus: Corpus, odds: NDArray[np.float64], asking: Asking) -> NDArray[np.float64]:
    """(N, statements) what every statement gives, from odds (N, U) of the distinct ones.

    Odds are read as they are: reports are compared for one film, and not films for one report.
    """
    trusted = odds * trust_of(corpus.sentences.vectors, asking.reference)
    return _stated(corpus, trusted[:, corpus.sentences.distinct])


def _stated(corpus: Corpus, read: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gains of all statements from what they read (..., statements); 0 where nothing is asked."""
    sentences = corpus.sentences
    return alignment.statement_gains(read, sentences.assertions) * sentences.counts


@dataclass(frozen=True, slots=True)
class SentenceBase:
    """What the films of an index usually say to its statements.

    Attributes:
        phrases: Of every distinct statement.
        gains: (statements,) mean of what each gives.
        spread: (studies,) deviation over films of the agreement with every report.
        shared: (studies,) taken from every statement of a report that fits many films.
    """

    phrases: alignment.PhraseBase
    gains: NDArray[np.float64]
    spread: NDArray[np.float64]
    shared: NDArray[np.float64]


def sentence_base(corpus: Corpus, asking: Asking) -> SentenceBase | None:
    """Base of all statements on a sample of films, worked out once for an open index."""
    known: SentenceBase | None = corpus.memory.get("sentence base")
    if known is None and corpus.film_count >= LEAST_FILMS:
        known = corpus.memory["sentence base"] = _measured_base(corpus, asking)
    return known


def _measured_base(corpus: Corpus, asking: Asking) -> SentenceBase:
    sample = corpus.base_factors[:: max(1, len(corpus.base_grids) // _SENTENCE_BASE)]
    logits = _statement_logits(corpus, sample, asking.scoring)
    phrases = alignment.phrase_base(logits)
    gains = _gains(corpus, alignment.log_odds(logits, phrases), asking)
    usual = gains.mean(axis=0)
    study, count = corpus.sentences.study, len(corpus.study_ids)
    totals = np.stack([np.bincount(study, weights=row, minlength=count) for row in gains - usual])
    statements = np.bincount(study, weights=corpus.sentences.counts, minlength=count)
    # Half of the mean of its best tenth, as the cross-domain similarity local scaling of Conneau
    # et al. (2018) has it; the neighbourhood of the film is the same for all reports.
    best = np.sort(totals, axis=0)[-max(1, len(totals) // 10) :].mean(axis=0)
    return SentenceBase(
        phrases,
        usual,
        np.maximum(totals.std(axis=0), alignment.MIN_SPREAD),
        best / 2 / np.maximum(statements, 1),
    )


def _statement_logits(
    corpus: Corpus, films: Sequence[PatchFactors], scoring: Scoring
) -> NDArray[np.float64]:
    """(N, U) pooled logits of the distinct statements of an index.

    Over all patches, or means of 2 x 2 of them where an index has many statements.
    """
    vectors = corpus.sentences.vectors
    found = np.zeros((len(films), len(vectors)))
    for row, film in enumerate(films):
        seen = film if corpus.film_count <= _FINE_FILMS else film.coarse()
        for first in range(0, len(vectors), _AT_ONCE):
            cosines = seen.cosines(vectors[first : first + _AT_ONCE])
            found[row, first : first + _AT_ONCE] = alignment.pooled_logits(
                cosines.reshape(len(cosines), -1), scoring
            )
    return found


def _others(corpus: Corpus, query: QueryFilm, where: Filter) -> Rows:
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


def _report_hit(
    corpus: Corpus,
    row: int,
    study: int,
    query: QueryFilm,
    asking: Asking,
    gains: NDArray[np.float64],
    *,
    rank: int,
    percentile: float,
) -> Hit:
    sentences = corpus.sentences
    own = np.flatnonzero(sentences.study == study)
    vectors = sentences.vectors[sentences.distinct[own]]
    boxes = query_boxes(query, vectors, asking)
    parts = [
        Part(
            text=sentences.words[k],
            assertion=str(sentences.assertions[k]),  # type: ignore[arg-type]
            gain=float(gains[k]),
            sentence=sentences.texts[k],
            query_box=found[0] if found and sentences.assertions[k] != "absent" else None,
        )
        for k, found in zip(own, boxes, strict=True)
    ]
    return make_hit(
        corpus, row, rank=rank, score=float(gains[own].sum()), percentile=percentile, parts=parts
    )
