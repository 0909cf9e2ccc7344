"""The search indices of a built corpus: words always, vectors where exact search would be slow."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from explorer.retrieval import ann
from explorer.retrieval._lance import in_words, is_local
from explorer.retrieval.corpus import EXACT_REGIONS, Corpus
from explorer.retrieval.nearest import recalls_at_10
from explorer.retrieval.report_shortlist import measured, recall_of
from explorer.retrieval.search_text import Asking
from explorer.retrieval.store import AGREEMENT, Writer, open_tables

_FILTERED = ("view", "age_band", "sex", "corpus", "source", "findings", "findings_known")


class Indexer(Protocol):
    """Builds the index of `ann.config` on a table."""

    def __call__(self, table: str, *, rows: int, cells: int) -> None:
        """Build it; `table` is a URI."""
        ...


def finish(
    index: Writer,
    uri: str,
    *,
    exact_below: int = EXACT_REGIONS,
    indexer: Indexer | None = None,
    asking: Asking | None = None,
) -> None:
    """Index words and, from `exact_below` regions on, vectors; then measure the recall.

    Args:
        index: Being written.
        uri: Where it is.
        exact_below: Regions from which vectors are indexed.
        indexer: Builds the vector index elsewhere; None = here.
        asking: Of the checkpoint, to read reports against films; None leaves what is known.

    Raises:
        RetrievalError: The disk is full, or the lease was lost.
    """
    with in_words(uri, "written"):
        sentences, regions = index.table("sentences"), index.table("regions")
        if sentences.count_rows() and not _has(sentences, "FTS"):
            from lancedb.index import FTS

            sentences.create_index("words", config=FTS(with_position=True))
        if regions.count_rows() >= exact_below:
            from lancedb.index import BTree

            if not _has(regions, "IvfRq"):
                _index_vectors(regions, uri, indexer)
            _index_filters(regions)
            if sentences.count_rows() and not _has(sentences, "BTree"):
                sentences.create_index("study_id", config=BTree())
    index.finish()
    corpus = Corpus(open_tables(uri), exact_below=exact_below)
    if not corpus.is_exact:
        told = {} if asking is None else _agreement(index, corpus, asking)
        recall, region_recall = recalls_at_10(corpus)
        index.finish(
            recall_at_10=recall,
            region_recall_at_10=region_recall,
            region_mean=corpus.own_region_mean.tolist(),
            words=asdict(corpus.own_words),
            **told,
        )


def _agreement(index: Writer, corpus: Corpus, asking: Asking) -> dict[str, Any]:
    """What is noted of reports, where there are some and it is not known."""
    if not corpus.sentence_count or corpus.tables.agreement is not None:
        return {}
    known, films = measured(corpus, asking)
    entry = index.note_agreement(known.studies, known.values, known.signatures)
    return {AGREEMENT: entry, "report_recall_at_10": recall_of(known, films)}


def _index_vectors(regions: Any, uri: str, indexer: Indexer | None) -> None:
    rows = regions.count_rows()
    if indexer is None:
        regions.create_index("vector", config=ann.config(rows))
        return
    place = Path(uri).expanduser().resolve().as_posix() if is_local(uri) else uri.rstrip("/")
    indexer(f"{place}/regions.lance", rows=rows, cells=ann.cells(rows))
    regions.checkout_latest()


def _index_filters(regions: Any) -> None:
    """Bitmaps of the columns that `Filter.as_sql` asks: else every row is looked at again."""
    from lancedb.index import Bitmap, LabelList

    known = {column for index in regions.list_indices() for column in index.columns}
    for column in _FILTERED:
        if column not in known:
            config = LabelList() if column == "findings" else Bitmap()
            regions.create_index(column, config=config)


def _has(table: Any, kind: str) -> bool:
    return any(index.index_type == kind for index in table.list_indices())
