"""Open an index and search it: records in, records out, for pages and commands alike."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from explorer.adapters import Engine, products_in_one_thread, scoring_of, threshold_of
from explorer.entities import Box, Float32, ImageEmbeddings, ModelFrame
from explorer.errors import RetrievalError
from explorer.grounding.geometry import box_to_grid, seen_part
from explorer.pipeline._assets import ASSETS
from explorer.pipeline.coded import coded_films
from explorer.pipeline.embedding import embed_phrases
from explorer.pipeline.index_space import space_of
from explorer.pipeline.query import Statement, denial, read_query, untaught
from explorer.pipeline.sharded import ShardedIndex
from explorer.retrieval import search_film as films
from explorer.retrieval import search_region as regions
from explorer.retrieval import search_report as reports
from explorer.retrieval import search_text as texts
from explorer.retrieval.codes import Coder
from explorer.retrieval.corpus import Corpus, open_corpus
from explorer.retrieval.filters import EVERYTHING, FIRST, Filter, Page, parse_filter
from explorer.retrieval.records import IndexInfo, Part, QueryPart, Results
from explorer.retrieval.search_film import QueryFilm
from explorer.retrieval.search_text import Asking, Ranking
from explorer.retrieval.thumbnails import from_thumbnail
from explorer.retrieval.vocabulary import SIGNATURE

Where = Filter | str | None
Index = Corpus | ShardedIndex
RESULTS_SCHEMA = "radiograph-retrieval/1"


class WantedHits(TypedDict, total=False):
    """Which hits of a search are wanted: by default the first 20 of all films.

    Attributes:
        where: Filter, or its text: "view=PA, age=60-79, finding=nodule|mass".
        count: Hits of a page.
        offset: Hits before it.
    """

    where: Where
    count: int
    offset: int


def bundled_index() -> str | None:
    """URI of the index that ships with the app; None where there is none."""
    place = ASSETS / "index"
    return str(place) if place.is_dir() else None


def open_index(uri: str | Path | None = None, *, engine: Engine | None = None) -> Corpus:
    """Open an index, the bundled one when no place is given.

    Args:
        uri: Folder or object store.
        engine: What queries will be made with; None to look at the index only.

    Raises:
        RetrievalError: There is none, or it is of another checkpoint or layout.
    """
    place = str(uri) if uri is not None else bundled_index()
    if place is None:
        raise RetrievalError(
            "No index ships with this copy of the program. Build one: explorer index build CORPUS "
            "--out URI."
        )
    return open_corpus(place, space=None if engine is None else space_of(engine))


def open_shards(uris: Sequence[str], *, engine: Engine, cluster: str | None = None) -> ShardedIndex:
    """Open several indices that are searched as one, each by a worker; `close` it afterwards.

    Args:
        uris: Folders or object stores; a study is in one of them.
        engine: What queries will be made with.
        cluster: Address of a Ray cluster whose machines reach all of them; None = this machine.

    Raises:
        ClusterError: Ray is not installed, or there is no cluster.
        RetrievalError: One is not there, or of another checkpoint.
    """
    return ShardedIndex(uris, space=space_of(engine), cluster=cluster)


def index_info(uri: str | Path | None = None) -> IndexInfo:
    """What an index holds.

    Raises:
        RetrievalError: There is none, or it is of another layout.
    """
    return open_index(uri).info()


def film_pixels(index: Corpus, film_id: str) -> Float32:
    """(H, W) in [0, 1] of a film's thumbnail, at most 320 pixels a side: enough to ground it.

    Raises:
        RetrievalError: The index has no such film.
    """
    return from_thumbnail(index.thumbnail(film_id))


def search_text(
    index: Index,
    engine: Engine,
    text: str,
    *,
    ranking: Ranking = "image",
    codes: Coder | None = None,
    **page: Unpack[WantedHits],
) -> Results:
    """Studies for a text: a phrase, several sentences, or a whole report.

    Denied findings count with reversed sign, so "no effusion" does not bring effusions first.

    Args:
        index: Opened with this engine.
        engine: Loaded checkpoint.
        text: At most 10,000 characters.
        ranking: By what films show ("image"), by the words of reports ("words"), or "both".
        codes: From `open_codes`: look exactly only at the films that they find.
        **page: Which hits are wanted.

    Raises:
        RetrievalError: The query or the filter says nothing, or the index cannot be read.
    """
    statements, notes = read_query(text)
    notes += _unknown(engine, statements, ranking)
    parts, shown = _parts(engine, statements), _page(page)
    asked = parts, asking_of(engine)
    only: frozenset[str] | None = None
    claims = [part.vector for part in parts if part.assertion != "absent"]
    if codes is not None and claims:  # what a query only denies has no region
        only = frozenset().union(*coded_films(index, codes, np.stack(claims), shown.where))
    how: dict[str, Any] = {"page": shown, "ranking": ranking, "only": only}
    if isinstance(index, Corpus):
        found = _here(texts.search_text, index, *asked, **how)
    elif ranking != "image" and not index.info().sentences:
        raise RetrievalError("None of these indices holds a report. Rank by image.")
    else:
        found = index.search_text(texts.search_text, *asked, **how)
    return _noted(found, notes)


def search_film(
    index: Index,
    engine: Engine,
    film: ImageEmbeddings | str,
    *,
    without: Sequence[str] = (),
    **page: Unpack[WantedHits],
) -> Results:
    """Films like a film, and like it but without some findings.

    Args:
        index: Opened with this engine.
        engine: Loaded checkpoint.
        film: An encoded radiograph, or the id of a film of the index, which is left out.
        without: Findings that the hits should not show.
        **page: Which hits are wanted.

    Raises:
        RetrievalError: There is no such film, or the index cannot be read.
    """
    query = _query_film(index, engine, film)
    unwanted = [denial(words) for words in without]
    asked = query, asking_of(engine)
    how: dict[str, Any] = {
        "vocabulary": _vocabulary(engine),
        "without": _parts(engine, unwanted),
        "page": _page(page),
    }
    if isinstance(index, Corpus):
        found = _here(films.search_film, index, *asked, **how)
    else:
        scale = index.likeness_scale(query, how["page"].where) if without else None
        found = index.search(films.search_film, *asked, scale=scale, **how)
    return _noted(found, _unknown(engine, unwanted))


def search_reports(
    index: Index,
    engine: Engine,
    film: ImageEmbeddings | str,
    **page: Unpack[WantedHits],
) -> Results:
    """Reports that say what a film shows; the parts of a hit are its sentences.

    Args:
        index: Opened with this engine.
        engine: Loaded checkpoint.
        film: An encoded radiograph, or the id of a film of the index, whose report is left out.
        **page: Which hits are wanted.

    Raises:
        RetrievalError: There is no such film, or the index holds no reports.
        PhraseError: The checkpoint is image-only.
    """
    if not engine.reads_text:
        engine.embed_text(["report"])  # says why it cannot
    asked = _query_film(index, engine, film), asking_of(engine)
    if isinstance(index, Corpus):
        return _here(reports.search_reports, index, *asked, page=_page(page))
    if not index.info().sentences:
        raise RetrievalError("None of these indices holds a report. Rank films by likeness.")
    return index.search(reports.search_reports, *asked, page=_page(page))


def search_region(
    index: Index,
    engine: Engine,
    film: ImageEmbeddings | str,
    box: Box,
    **page: Unpack[WantedHits],
) -> Results:
    """Regions of other films that look like a box of this one.

    Args:
        index: Opened with this engine.
        engine: Loaded checkpoint.
        film: An encoded radiograph, or the id of a film of the index, which is left out.
        box: In pixels of the original.
        **page: Which hits are wanted.

    Raises:
        RetrievalError: The box lies outside what the model saw, or the index cannot be read.
    """
    query = _query_film(index, engine, film)
    weights = box_to_grid(box, query.frame)
    if weights.sum() <= 0:
        raise RetrievalError(_outside(box, query.frame))
    shown = _page(page)

    def found(*, anywhere: bool) -> Results:
        asked = query, weights, box
        if isinstance(index, Corpus):
            how: dict[str, Any] = {"page": shown, "anywhere": anywhere}
            return _here(regions.search_region, index, *asked, **how)
        return index.search_region(regions.search_region, *asked, page=shown, anywhere=anywhere)

    standing = found(anywhere=False)
    # Better a place that nothing speaks for than no place.
    return standing if standing.total >= shown.end else found(anywhere=True)


def _outside(box: Box, frame: ModelFrame) -> str:
    """What is wrong with a region, in the pixels that a person counts in."""
    (height, width), seen = frame.image_shape, seen_part(frame)
    return (
        "A region must lie in the part of the film that the model saw, "
        f"x {seen.x_min:.0f} to {seen.x_max:.0f} and y {seen.y_min:.0f} to {seen.y_max:.0f} of "
        f"{width} x {height} pixels; got x {box.x_min:g} to {box.x_max:g} and "
        f"y {box.y_min:g} to {box.y_max:g}. Give a box inside it, in pixels of the original film."
    )


def results_document(found: Results, info: IndexInfo) -> dict[str, Any]:
    """Results as plain values for a file: no patient data, boxes in original pixels."""

    def boxes(part: Part) -> dict[str, Any]:
        asked = part.query_box
        return {
            "text": part.text,
            "assertion": part.assertion,
            "gain": part.gain,
            "boxes_xyxy": [_edges(box) for box in part.boxes],
            "query_box_xyxy": None if asked is None else _edges(asked),
            "sentence": part.sentence,
        }

    return {
        "schema": RESULTS_SCHEMA,
        "notice": "Research use, not for diagnosis.",
        "index": info.as_json(),
        "total": found.total,
        "seconds": round(found.seconds, 4),
        "notes": list(found.notes),
        "hits": [
            {
                "rank": hit.rank,
                "study": hit.study_id,
                "film": hit.film_id,
                "region": hit.region_id,
                "score": hit.score,
                "percentile": hit.percentile,
                "image_shape": list(hit.shape),
                "view": hit.view,
                "age_band": hit.age_band,
                "sex": hit.sex,
                "findings": list(hit.findings),
                "source": hit.source,
                "path": hit.path,
                "parts": [boxes(part) for part in hit.parts],
            }
            for hit in found.hits
        ],
    }


def _edges(box: Box) -> list[float]:
    return [box.x_min, box.y_min, box.x_max, box.y_max]


def asking_of(engine: Engine) -> Asking:
    """How searches with this checkpoint look at films."""
    return Asking(scoring_of(engine), threshold_of(engine), engine.reference)


def _parts(engine: Engine, statements: Sequence[Statement]) -> list[QueryPart]:
    vectors = embed_phrases(engine, [s.asked for s in statements]).vectors
    return [
        QueryPart(s.asked, s.shown, s.assertion, vector)
        for s, vector in zip(statements, vectors, strict=True)
    ]


def _unknown(
    engine: Engine, statements: Sequence[Statement], ranking: Ranking = "image"
) -> tuple[str, ...]:
    """What the model was not taught of what films are asked; words of reports need no teaching."""
    known = engine.reference.taught if engine.reference and ranking != "words" else None
    return () if known is None else untaught(statements, known)


def _query_film(index: Index, engine: Engine, film: ImageEmbeddings | str) -> QueryFilm:
    if isinstance(film, str):
        return films.film_of_index(index, film) if isinstance(index, Corpus) else index.film(film)
    _, vectors = _vocabulary(engine)
    return films.film_of_embeddings(film, vectors=vectors, scoring=scoring_of(engine))


def _vocabulary(engine: Engine) -> tuple[tuple[str, ...], Float32]:
    """Phrases of a film's signature with their vectors; none where the checkpoint is image-only."""
    phrases = SIGNATURE if engine.reads_text else ()
    return phrases, engine.text_vectors(phrases)


def _here(search: Callable[..., Results], *asked: Any, **how: Any) -> Results:
    """Search one index: many small products, quicker in one thread, tenfold beside other work."""
    with products_in_one_thread():
        return search(*asked, **how)


def _page(page: WantedHits) -> Page:
    where = page.get("where")
    kept = parse_filter(where) if isinstance(where, str) else where or EVERYTHING
    return Page(kept, page.get("count", FIRST.count), page.get("offset", FIRST.offset))


def _noted(found: Results, notes: Sequence[str]) -> Results:
    return replace(found, notes=(*found.notes, *notes))
