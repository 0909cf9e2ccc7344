"""Searches of the Retrieve page: what is asked, asked in turn, and what came of it."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import streamlit as st

from explorer.entities import Box, ImageEmbeddings, Radiograph
from explorer.errors import ExplorerError, RetrievalError
from explorer.ui import encoded, engines
from explorer.ui.door import pipeline
from explorer.ui.fields import fill_fields
from explorer.ui.loaded import Beside, LoadedStudy
from explorer.ui.sharing import turn
from explorer.ui.state import Session

if TYPE_CHECKING:
    from explorer.pipeline import AdapterCard, Corpus, Engine, Hit, Results

Kind = Literal["text", "film", "report", "region"]
Ranking = Literal["image", "words", "both"]
LONGEST_TEXT = 10_000  # characters
LONGEST_FILTER = 500
PAGE = 24  # hits at a time


@dataclass(frozen=True, slots=True)
class Asked:
    """The film on screen that a search was asked with; it may have left the screen since."""

    loaded: LoadedStudy
    radiograph: Radiograph


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for.

    Attributes:
        kind: Films for a text, films like a film, reports for a film, regions like a region.
        text: Of a text query.
        film: Id of a film of the index; "" for the film on screen.
        without: Findings that films like a film should not show.
        where: Filter, e.g. "view=PA, finding=nodule|mass".
        ranking: By what films show, by the words of reports, or by both.
        box: Region of the film on screen.
        offset: Hits before the page that is shown.
        beside: Second index, of the same films by another checkpoint; "" for none.
        asked: The film on screen when it was asked first; further pages ask with the same.
    """

    kind: Kind
    text: str = ""
    film: str = ""
    without: tuple[str, ...] = ()
    where: str = ""
    ranking: Ranking = "image"
    box: Box | None = None
    offset: int = 0
    beside: str = ""
    asked: Asked | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The query as one line, without its page: names what a judgement was about."""
        parts = [self.kind, self.text, self.about, *self.without, self.where, self.ranking]
        return " | ".join([*parts, "" if self.box is None else str(self.box)])

    @property
    def about(self) -> str:
        """The film it speaks of: its id in the index, or a digest of its pixels; "" for a text."""
        return self.asked.radiograph.digest if self.asked else self.film


@dataclass(frozen=True, slots=True)
class Search:
    """A query with its results.

    Attributes:
        beside: Its ranking beside that of a second index.
        at: Film of the hit that was opened last: where a person comes back to.
    """

    query: Query
    results: "Results"
    uri: str
    beside: "pipeline.Beside | None" = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of a hit.

    Attributes:
        query: What was searched for, without the film itself.
        about: Film it spoke of; see `Query.about`.
        checkpoint: What ranked the hits.
        said: "right" or "wrong".
    """

    query: Query
    about: str
    checkpoint: str
    hit: "Hit"
    said: str


@st.cache_resource(show_spinner=False, max_entries=3)  # two that are compared, and one before
def open_index(uri: str | None, space: str, _engine: "Engine") -> "Corpus":
    """Open an index for an engine, once for all sessions; `space` names the engine.

    Raises:
        RetrievalError: There is none, or it is of another checkpoint or layout.
    """
    del space
    return pipeline.open_index(uri, engine=_engine)


def engine_of(memory: Session) -> "Engine":
    """The engine that the session works with."""
    options = memory.options
    return engines.engine(options.checkpoint, device=options.device, precision=options.precision)


def other_maker(memory: Session, uri: str) -> "AdapterCard | None":
    """The checkpoint that an index was built with, where it is here and another one is chosen."""
    try:
        maker = pipeline.maker_of(uri)
    except ExplorerError:
        return None  # what is wrong with the index is said elsewhere
    return None if maker.name == engine_of(memory).card.name else maker


def index_of(memory: Session, uri: str | None) -> "Corpus":
    """The index that the session searches, opened for its engine."""
    engine = engine_of(memory)
    return open_index(uri, engines.engine_key(engine), engine)


def other_index(memory: Session, uri: str) -> "tuple[Corpus, Engine]":
    """A second index, opened for the checkpoint that built it.

    Raises:
        ExplorerError: There is none, or its checkpoint is not here.
    """
    options = memory.options
    name = pipeline.maker_of(uri).name
    engine = engines.engine(name, device=options.device, precision=options.precision)
    return open_index(uri, engines.engine_key(engine), engine), engine


def linked(address: Mapping[str, str]) -> Query | None:
    """The search that an address asks for; None when it asks for none."""
    text = address.get("q", "").strip()
    if not text:
        return None
    ranking = address.get("rank", "image")
    return Query(
        "text",
        text[:LONGEST_TEXT],
        where=address.get("where", "")[:LONGEST_FILTER],
        ranking=ranking if ranking in get_args(Ranking) else "image",  # type: ignore[arg-type]
    )


def fill_form(query: Query, *, again: bool) -> None:
    """Say in the fields of the form what was asked.

    Args:
        query: What was asked.
        again: As in `fill_fields`.
    """
    held = {
        "search_kind": query.kind,
        "search_text": query.text,
        "search_without": ", ".join(query.without),
        "search_where": query.where,
        "search_ranking": query.ranking,
        "search_beside": query.beside or None,
    }
    fill_fields(held, again=again)


def run(memory: Session, query: Query, uri: str | None) -> Search:
    """Search in turn.

    Raises:
        ExplorerError: The index, the query or the filter cannot be used, there is no film, or it
            does not look like a chest radiograph.
    """
    engine, index = engine_of(memory), index_of(memory, uri)
    if query.kind != "text" and not query.film:
        query = replace(query, asked=query.asked or _on_screen(memory))
    found = _found(query, index, engine, count=PAGE, offset=query.offset)
    return Search(query, found, index.uri, beside=_beside(memory, query, (index, engine)))


def _found(
    query: Query, index: "Corpus", engine: "Engine", *, count: int, offset: int = 0
) -> "Results":
    """Ask one index, opened for an engine."""
    page: dict[str, Any] = {"where": query.where or None, "count": count, "offset": offset}
    if query.kind == "text":
        with turn():
            return pipeline.search_text(index, engine, query.text, ranking=query.ranking, **page)
    film = _film(query, engine)
    with turn():
        if query.kind == "film":
            found = pipeline.search_film(index, engine, film, without=query.without, **page)
        elif query.kind == "report":
            found = pipeline.search_reports(index, engine, film, **page)
        elif query.box is None:
            raise RetrievalError("A region search needs a region, got none. Draw a box.")
        else:
            found = pipeline.search_region(index, engine, film, query.box, **page)
    doubt = "" if isinstance(film, str) else film.check.message
    return replace(found, notes=(doubt, *found.notes)) if doubt else found


def _beside(
    memory: Session, query: Query, here: "tuple[Corpus, Engine]"
) -> "pipeline.Beside | None":
    """The ranking of a second index beside that of the first, where one is asked for."""
    if not query.beside:
        return None
    before = memory.search
    if before and before.beside and replace(before.query, offset=0) == replace(query, offset=0):
        return before.beside  # another page of the same
    there = other_index(memory, query.beside)

    def ask(index: "Corpus", engine: "Engine", count: int) -> "Results":
        return _found(query, index, engine, count=count)

    by: pipeline.By = "film" if query.kind in ("film", "region") else "study"
    return pipeline.search_beside(ask, here, there, by=by)


def _on_screen(memory: Session) -> Asked:
    if memory.radiograph is None or memory.loaded is None:
        raise RetrievalError("This search needs a film on screen, there is none. Open a study.")
    return Asked(memory.loaded, memory.radiograph)


def _film(query: Query, engine: "Engine") -> "ImageEmbeddings | str":
    """The film a query speaks of: one of the index, or the encoded one it was asked with."""
    if query.asked is None:
        return query.film
    found = encoded.encode(engine, query.asked.radiograph).embeddings
    pipeline.check_image(found)
    return found


def opened(index: "Corpus", film_id: str) -> LoadedStudy:
    """A film of an index as a study to put on screen."""
    study = pipeline.indexed_study(index, film_id)
    return LoadedStudy(
        study=study, origin="index", title=f"Film {film_id[:8]} of the index", labels=("Film",)
    )


def beside(index: "Corpus", film_id: str) -> Beside:
    """A film of an index to look at beside the study on screen."""
    film = pipeline.indexed_study(index, film_id).radiographs[0]
    return Beside(film, f"Film {film_id[:8]} of the index")


def page(query: Query, step: int) -> Query:
    """The same query, some pages further."""
    return replace(query, offset=max(0, query.offset + step * PAGE))


def as_json(search: Search) -> str:
    """The results as one JSON document without patient data."""
    document = pipeline.results_document(search.results, pipeline.index_info(search.uri))
    if search.beside is not None:
        document["beside"] = pipeline.beside_document(search.beside, search.query.beside)
    return json.dumps(document, indent=2)


def as_csv(search: Search) -> str:
    """The results as a table, one row a hit."""
    rows: list[tuple[str, ...]] = [
        ("rank", "study", "film", "score", "percentile", "findings", "because")
    ]
    for hit in search.results.hits:
        because = "; ".join(f"{part.text} {part.gain:+.2f}" for part in hit.parts)
        rows.append(
            (str(hit.rank), hit.study_id, hit.film_id, f"{hit.score:.4f}",
             f"{hit.percentile:.4f}", "|".join(hit.findings), because)
        )  # fmt: skip
    return _table(rows)


def judgements(memory: Session) -> str:
    """What the person said of hits, one row each."""
    rows: list[tuple[str, ...]] = [
        ("searched_by", "text", "query_film", "query_box_xyxy", "without", "filter", "ranked_by",
         "checkpoint", "rank", "study", "film", "region", "judgement")
    ]  # fmt: skip
    for made in memory.judged.values():
        query, hit = made.query, made.hit
        rows.append(
            (query.kind, query.text, made.about, _edges(query.box), "|".join(query.without),
             query.where, query.ranking if query.kind == "text" else "", made.checkpoint,
             str(hit.rank), hit.study_id, hit.film_id, hit.region_id, made.said)
        )  # fmt: skip
    return _table(rows)


def judge(memory: Session, found: Search, film_id: str, said: object) -> None:
    """Keep what a person said of a hit; anything but "right" and "wrong" takes it back."""
    shown = [*found.results.hits]
    if found.beside is not None:
        shown += [placed.hit for side in (found.beside.here, found.beside.there) for placed in side]
    hit = next((hit for hit in shown if hit.film_id == film_id), None)
    memory.judged.pop((found.query.name, film_id), None)
    if hit is None or said not in ("right", "wrong"):
        return
    query = replace(found.query, asked=None, offset=0)
    checkpoint = engine_of(memory).card.name
    made = Judgement(query, found.query.about, checkpoint, hit, str(said))
    memory.judged[found.query.name, film_id] = made


def _edges(box: Box | None) -> str:
    edges = () if box is None else (box.x_min, box.y_min, box.x_max, box.y_max)
    return " ".join(f"{edge:g}" for edge in edges)


def _table(rows: list[tuple[str, ...]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()
