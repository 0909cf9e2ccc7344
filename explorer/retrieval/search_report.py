"""Reports for a film: all of a small index, those of a shortlist of a large one."""

import time

import numpy as np
from numpy.typing import NDArray

from explorer.errors import RetrievalError
from explorer.retrieval.columns import Rows, Sentences
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import FIRST, Page
from explorer.retrieval.hits import Ranked, make_hit, on_page
from explorer.retrieval.records import Hit, Part, Results
from explorer.retrieval.report_shortlist import SHORTLIST, shortlist_order
from explorer.retrieval.scoring import studies_of
from explorer.retrieval.search_film import QueryFilm, others_of, query_boxes
from explorer.retrieval.search_text import Asking
from explorer.retrieval.statements import sentence_gains

# Reports of a shortlist, at least and for each that is wanted; where too few of its studies have a
# report, another is read that is four times as long.
_A_HIT, _LONGEST = 10, 6400


def search_reports(
    corpus: Corpus,
    query: QueryFilm,
    asking: Asking,
    *,
    page: Page = FIRST,
) -> Results:
    """Rank the reports of an index by their agreement with a film.

    Args:
        corpus: The index.
        query: The film.
        asking: Of the checkpoint.
        page: Which hits are wanted; its films are those whose reports may be found.

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
    rows = others_of(corpus, query, page.where)
    allowed = studies_of(corpus, rows)
    sentences = _candidates(corpus, query, rows, count=page.end)
    gains = sentence_gains(corpus, query, asking, sentences)
    studies, own = np.unique(sentences.study, return_inverse=True)
    totals = np.bincount(own, weights=gains, minlength=len(studies)).astype(np.float64)
    kept = np.flatnonzero(np.isin(studies, allowed))
    order = kept[np.argsort(-totals[kept], kind="stable")]
    # Reports that the shortlist left out; a filter may have left out some of them.
    left_out = min(corpus.counts["reports"], len(allowed)) - len(order)
    beyond = 0 if corpus.are_all(sentences) else max(0, left_out)
    study_of = corpus.films.study[rows]
    hits = []
    for at in on_page(page, order, totals, beyond=beyond):
        row = int(rows[np.argmax(study_of == studies[at.entry])])
        mine = own == at.entry
        said = sentences.within(mine)
        hits.append(_report_hit(corpus, row, at, query, asking, said, gains[mine]))
    took = time.perf_counter() - began
    return Results(tuple(hits), len(order), took, scores=totals[order], beyond=beyond)


def _candidates(corpus: Corpus, query: QueryFilm, rows: Rows, *, count: int) -> Sentences:
    """All statements of a small index; of a large one, those of a shortlist of films (rows)."""
    order = None if corpus.is_exact else shortlist_order(corpus, query, rows)
    if order is None:
        return corpus.sentences
    most = max(SHORTLIST, _A_HIT * count)
    while True:
        found = corpus.sentences_of(order[:most].tolist())
        enough = len(np.unique(found.study)) >= min(count, most)
        if enough or most >= min(len(order), _LONGEST):
            return found
        most *= 4


def _report_hit(
    corpus: Corpus,
    row: int,
    at: Ranked,
    query: QueryFilm,
    asking: Asking,
    said: Sentences,
    gains: NDArray[np.float64],
) -> Hit:
    boxes = query_boxes(query, said.vectors[said.distinct], asking)
    parts = [
        Part(
            text=words,
            assertion=str(assertion),  # type: ignore[arg-type]
            gain=float(gain),
            sentence=text,
            query_box=found[0] if found and assertion != "absent" else None,
        )
        for words, assertion, gain, text, found in zip(
            said.words, said.assertions, gains, said.texts, boxes, strict=True
        )
    ]
    return make_hit(corpus, row, at, parts)
