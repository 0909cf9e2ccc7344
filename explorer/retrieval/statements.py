"""What the statements of reports give to their agreement with a film."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import Scoring
from explorer.entities import Float32
from explorer.grounding import alignment
from explorer.retrieval.columns import Rows, Sentences
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.patch_factors import PatchFactors
from explorer.retrieval.scoring import LEAST_FILMS, trust_of
from explorer.retrieval.search_film import QueryFilm
from explorer.retrieval.search_text import Asking

# Films that the statements of an index are measured on.
_SENTENCE_BASE = 100
# Films of an index up to which its statements ask every patch of a film.
_FINE_FILMS = 1500
_AT_ONCE = 64  # statements
_KEPT = 20_000  # statements whose logits on those films are kept


def sentence_gains(
    corpus: Corpus, query: QueryFilm, asking: Asking, sentences: Sentences | None = None
) -> NDArray[np.float64]:
    """What statements give to the agreement of their report with a film.

    Agreements are told in deviations over films, so that a long report, or one that says a thing
    twice, does not come first for that, less what the report gets from the films that it fits best:
    some reports fit many films.

    Args:
        corpus: The index.
        query: The film.
        asking: Of the checkpoint.
        sentences: Whole reports; None = all of the index.
    """
    sentences = corpus.sentences if sentences is None else sentences
    return gains_of_films(corpus, [query.factors], sentences, asking)[0]


def gains_of_films(
    corpus: Corpus, films: Sequence[PatchFactors], sentences: Sentences, asking: Asking
) -> NDArray[np.float64]:
    """(N, statements) the same for some films."""
    logits = _statement_logits(corpus, films, sentences.vectors, asking.scoring)
    base = sentence_base(corpus, sentences, asking)
    if base is None:
        return _stated(sentences, logits[:, sentences.distinct])
    return _against(base, sentences, logits, asking)


def gains_of_base(corpus: Corpus, sentences: Sentences, asking: Asking) -> NDArray[np.float64]:
    """(N, statements) the same for the films that statements are measured on."""
    logits = _kept_logits(corpus, sentences.vectors, asking)
    return _against(_measured_base(sentences, logits, asking), sentences, logits, asking)


def _against(
    base: "SentenceBase", sentences: Sentences, logits: NDArray[np.float64], asking: Asking
) -> NDArray[np.float64]:
    gains = _gains(sentences, alignment.log_odds(logits, base.phrases), asking)
    return np.asarray((gains - base.usual) / base.spread, dtype=np.float64)


def report_totals(
    sentences: Sentences, gains: NDArray[np.float64]
) -> tuple[Rows, NDArray[np.float64]]:
    """Studies (R,) and what their reports get (..., R), from gains (..., statements)."""
    studies, own = np.unique(sentences.study, return_inverse=True)
    rows = gains.reshape(-1, gains.shape[-1])
    found = np.array([np.bincount(own, weights=r, minlength=len(studies)) for r in rows])
    return studies, found.reshape(*gains.shape[:-1], len(studies))


def _gains(sentences: Sentences, odds: NDArray[np.float64], asking: Asking) -> NDArray[np.float64]:
    """(N, statements) what every statement gives, from odds (N, U) of the distinct ones.

    Odds are read as they are: reports are compared for one film, and not films for one report.
    """
    trusted = odds * trust_of(sentences.vectors, asking.reference)
    return _stated(sentences, trusted[:, sentences.distinct])


def _stated(sentences: Sentences, read: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gains of all statements from what they read (..., statements); 0 where nothing is asked."""
    return alignment.statement_gains(read, sentences.assertions) * sentences.counts


@dataclass(frozen=True, slots=True)
class SentenceBase:
    """What the films of an index usually say to statements.

    Attributes:
        phrases: Of every distinct statement.
        usual: (statements,) mean of what each gives, and its part of what is taken from a report
            that fits many films.
        spread: (statements,) deviation over films of the agreement with the report of each.
    """

    phrases: alignment.PhraseBase
    usual: NDArray[np.float64]
    spread: NDArray[np.float64]


def sentence_base(corpus: Corpus, sentences: Sentences, asking: Asking) -> SentenceBase | None:
    """Base of statements on a sample of films; None where the index has too few.

    Of a small index it is that of all statements, worked out once; of a large one the logits of the
    statements that were read lately are kept.
    """
    if corpus.film_count < LEAST_FILMS:
        return None
    if not corpus.are_all(sentences):
        return _measured_base(sentences, _kept_logits(corpus, sentences.vectors, asking), asking)
    known: SentenceBase | None = corpus.memory.get("sentence base")
    if known is None:
        logits = _base_logits(corpus, sentences.vectors, asking)
        known = corpus.memory["sentence base"] = _measured_base(sentences, logits, asking)
    return known


def _measured_base(
    sentences: Sentences, logits: NDArray[np.float64], asking: Asking
) -> SentenceBase:
    phrases = alignment.phrase_base(logits)
    gains = _gains(sentences, alignment.log_odds(logits, phrases), asking)
    usual = gains.mean(axis=0)
    studies, own = np.unique(sentences.study, return_inverse=True)
    count = len(studies)
    totals = np.stack([np.bincount(own, weights=row, minlength=count) for row in gains - usual])
    statements = np.bincount(own, weights=sentences.counts, minlength=count)
    # Half of the mean of its best tenth, as the cross-domain similarity local scaling of Conneau
    # et al. (2018) has it; the neighbourhood of the film is the same for all reports.
    best = np.sort(totals, axis=0)[-max(1, len(totals) // 10) :].mean(axis=0)
    shared = best / 2 / np.maximum(statements, 1)
    spread = np.maximum(totals.std(axis=0), alignment.MIN_SPREAD)
    return SentenceBase(phrases, usual + shared[own] * sentences.counts, spread[own])


def _base_logits(corpus: Corpus, vectors: Float32, asking: Asking) -> NDArray[np.float64]:
    films = corpus.base_factors[sampled(len(corpus.base_grids))]
    return _statement_logits(corpus, films, vectors, asking.scoring)


def sampled(films: int) -> slice:
    """Which of the films that phrases are measured on statements are measured on."""
    return slice(None, None, max(1, films // _SENTENCE_BASE))


def _kept_logits(corpus: Corpus, vectors: Float32, asking: Asking) -> NDArray[np.float64]:
    """The same, of which those of statements that were read lately are in memory."""
    kept: dict[bytes, NDArray[np.float32]] = corpus.memory.setdefault("statement logits", {})
    if len(kept) > _KEPT:
        kept.clear()
    keys = [vector.tobytes() for vector in vectors]
    found = {key: column for key in keys if (column := kept.get(key)) is not None}
    new = {key: k for k, key in enumerate(keys) if key not in found}
    if new:
        columns = _base_logits(corpus, vectors[list(new.values())], asking).T.astype(np.float32)
        fresh = dict(zip(new, columns, strict=True))
        kept.update(fresh)
        found |= fresh
    return np.stack([found[key] for key in keys], axis=1).astype(np.float64)


def _statement_logits(
    corpus: Corpus, films: Sequence[PatchFactors], vectors: Float32, scoring: Scoring
) -> NDArray[np.float64]:
    """(N, U) pooled logits of statements (U, D).

    Over all patches, or means of 2 x 2 of them where an index has many films.
    """
    found = np.zeros((len(films), len(vectors)))
    for row, film in enumerate(films):
        seen = film if corpus.film_count <= _FINE_FILMS else film.coarse()
        for first in range(0, len(vectors), _AT_ONCE):
            cosines = seen.cosines(vectors[first : first + _AT_ONCE])
            found[row, first : first + _AT_ONCE] = alignment.pooled_logits(
                cosines.reshape(len(cosines), -1), scoring
            )
    return found
