"""The Retrieve page: what to search for on the left, hits with their reasons on the right."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import streamlit as st

from explorer.entities import Box, Radiograph
from explorer.errors import ExplorerError
from explorer.ui import indices, search
from explorer.ui.components.banner import RESEARCH_USE
from explorer.ui.components.compare.choices import open_film
from explorer.ui.components.error_box import error_box, guarded
from explorer.ui.components.hits import hits
from explorer.ui.components.index_choice import index_choice
from explorer.ui.components.options_form import choose_checkpoint
from explorer.ui.components.other_index import other_index
from explorer.ui.components.viewer import Desk, Head, Place, ViewerFilm, feed_head, image_id, viewer
from explorer.ui.door import pipeline
from explorer.ui.search import Kind, Query, Search
from explorer.ui.state import Session, session, typed_words
from explorer.ui.wording import count, one_line, plain

if TYPE_CHECKING:
    from explorer.pipeline import Corpus, IndexInfo

KINDS: dict[Kind, str] = {
    "text": "Text",
    "film": "Like this film",
    "report": "Its reports",
    "region": "A region",
}
RANKINGS = {"image": "What films show", "words": "Words of reports", "both": "Both"}
WHERE_HELP = (
    "A list such as view=PA, sex=F, age=60-79, finding=nodule|mass, without=pneumothorax, "
    "source=phantoms."
)
SEARCHED = {"exact": "exactly", "approximate": "approximately"}
HITS = "hits"
VIEWER = "film"


def retrieve() -> None:
    """Draw the page."""
    memory = session()
    # The first time this loads what searches: a form that waits half drawn forgets what is typed.
    indices.offered(memory)
    with st.container(key="retrieve", horizontal=True, gap=None):
        asking, found = st.container(key="asking"), st.container(key="found")
    with asking, guarded():
        query = _ask(memory)
    with asking:
        uri = index_choice(memory)
    with found:
        if uri is None:
            _no_index()
            return
        _find(memory, query, uri)


def _no_index() -> None:
    st.info(
        "There is no index to search. Build one from your films and reports, then type its folder "
        "under Index:\n\n`explorer index build FOLDER --out my.index`",
        title="No index",
    )


def _ask(memory: Session) -> Query | None:
    """The form of a search; returns a query when one was just asked."""
    before = memory.search.query if memory.search else None
    search.fill_form(before or Query("text"), again=False)
    chosen = st.segmented_control(
        "Search for",
        get_args(Kind),
        format_func=KINDS.__getitem__,
        required=True,
        key="search_kind",
        persist_state="session",
    )
    kind: Kind = chosen or "text"
    # Places that are always there: what comes below keeps its own while the page runs again.
    with st.container(key="film_place"):
        if kind != "text":
            _film(memory, boxes=kind == "region")
    with st.form("search", border=False):
        query = _fields(kind, before, memory)
        pressed = st.form_submit_button("Search", type="primary", key="run_search")
    return query if pressed else None


def _fields(kind: Kind, before: Query | None, memory: Session) -> Query:
    """What can be said of each kind of search."""
    asked = Query(kind)
    if kind == "text":
        asked = _text_fields()
    elif kind == "film":
        without = st.text_input(
            "But without",
            key="search_without",
            placeholder="pleural effusion, pacemaker",
            persist_state="session",
            help="Findings that the films should not show, with commas between.",
        )
        parts = (part.strip() for part in without.split(","))
        asked = replace(asked, without=tuple(part for part in parts if part))
    elif kind == "region":
        asked = replace(asked, box=memory.boxes[-1] if memory.boxes else None)
        if memory.radiograph is not None:
            st.caption(
                "The newest box on the film is searched for."
                if asked.box
                else "Drag a box on the film first, with its box tool."
            )
    where = st.text_input(
        "Filter",
        key="search_where",
        placeholder="view=PA, finding=nodule|mass",
        persist_state="session",
        help=WHERE_HELP,
    )
    beside = other_index(
        "search_beside",
        shows="Both result lists are shown, with the rank that each hit has in the other one.",
        before=before.beside if before else "",
    )
    return replace(asked, where=where, beside=beside)


def _text_fields() -> Query:
    text = st.text_area(
        "Phrase, sentences or a whole report",
        key="search_text",
        height=120,
        max_chars=search.LONGEST_TEXT,
        placeholder="left pleural effusion, no pneumothorax",
        persist_state="session",
    )
    ranking = st.segmented_control(
        "Ranked by",
        list(RANKINGS),
        format_func=RANKINGS.__getitem__,
        required=True,
        key="search_ranking",
        persist_state="session",
        help="What films show: the model's score. Words of reports: BM25. Both: their ranks.",
    )
    return Query("text", text, ranking=ranking)  # type: ignore[arg-type]


def _film(memory: Session, *, boxes: bool) -> None:
    """Show the film on screen, small; boxes drawn on it are told."""
    loaded, film = memory.loaded, memory.radiograph
    if loaded is None or film is None:
        st.info("There is no film on screen. Press Open study.")
        return
    with st.container(key="query_film"):
        desk = Desk(title=loaded.title, compact=True, tells=("boxes",) if boxes else ())
        viewer([ViewerFilm(loaded.token, film)], key=VIEWER, desk=desk, hear=_hear)
        with st.container(key="feeds_film"):
            place = Place(loaded.token, image_id(film), space="", run=1)
            feed_head(place, Head(title="", checkpoint=""), key=VIEWER, asked=None)


def _find(memory: Session, query: Query | None, uri: str) -> None:
    """Run what was asked, and show it or what was found last."""
    wanted = query or memory.asked_search
    memory.asked_search = None
    sign, before = st.empty(), st.container(key="before_hits")
    with guarded():
        try:
            if wanted is not None:
                with sign, st.spinner("Searching"):
                    memory.search = search.run(memory, wanted, uri)
            if memory.search is None:
                _about_index(uri)
                return
            with before:
                _asked_before(memory, memory.search.query.asked)
            _show(memory, memory.search, fresh=wanted is not None)
        except ExplorerError as error:
            error_box(error)
            if again := wanted or (memory.search and memory.search.query):
                _offer_checkpoint(memory, again, uri)


def _offer_checkpoint(memory: Session, wanted: Query, uri: str) -> None:
    """Offer the checkpoint that an index was built with, where it is another one and is here."""
    maker = search.other_maker(memory, uri)
    if maker is None:
        return
    name = plain(maker.title, longest=60)
    st.button(
        f"Search with {name}",
        on_click=_take_checkpoint,
        args=(maker.name, wanted),
        key="take_maker",
    )


def _take_checkpoint(name: str, wanted: Query) -> None:
    memory = session()
    choose_checkpoint(memory, name)
    memory.asked_search = wanted


def _asked_before(memory: Session, asked: search.Asked | None) -> None:
    """Say that hits are of another film than the one on screen, with the way back to it."""
    if asked is None or (memory.radiograph and memory.radiograph.digest == asked.radiograph.digest):
        return
    with st.container(key="asked_before", horizontal=True, vertical_alignment="center"):
        name = plain(asked.loaded.title, longest=60)
        st.caption(f"Asked with {name}, which is not on screen now.", width="content")
        st.button("Put it back", on_click=_put_back, args=(asked,), key="put_back")


def _put_back(asked: search.Asked) -> None:
    memory = session()
    memory.show(asked.loaded.anew())
    films = [film.digest for film in asked.loaded.study.radiographs]
    memory.radiograph_index = films.index(asked.radiograph.digest)


def _about_index(uri: str) -> None:
    info = pipeline.index_info(uri)
    reports = f" and {count(info.sentences, 'sentence')}" if info.sentences else " and no reports"
    st.markdown(
        f"**{count(info.studies, 'study', 'studies')}** with {count(info.regions, 'region')}"
        f"{reports} can be searched, "
        f"{_searched(info)}. Type a finding, or take the film on screen."
    )
    most = sorted(info.findings.items(), key=lambda pair: -pair[1])[:12]
    if most:
        st.caption("Findings that films have most, and on how many. Press one to search for it.")
    with st.container(key="findings", horizontal=True, gap="small"):
        for name, number in most:
            words = f"{plain(one_line(name, longest=40))} {number:,}"
            st.button(words, key=f"find_{name}", on_click=_ask_for, args=(name,))


def _searched(info: "IndexInfo") -> str:
    """How exact searches of an index are, and what approximate ones find of the exact."""
    recalls = (
        ("phrases", info.recall),
        ("regions", info.region_recall),
        ("reports", info.report_recall),
    )
    told = [f"{100 * r:.0f} % for {kind}" for kind, r in recalls if r is not None]
    found = f" (finding {' and '.join(told)} of what exact search puts first)" if told else ""
    return SEARCHED[info.search] + found


def _ask_for(finding: str) -> None:
    session().asked_search = Query("text", finding)
    st.session_state["search_text"] = finding


def _show(memory: Session, found: Search, *, fresh: bool) -> None:
    index = search.index_of(memory, found.uri)
    said = {k: made.said for k, made in memory.judged.items()}
    judged = {film: word for (query, film), word in said.items() if query == found.query.name}
    film, shape = _asked_with(found, index)
    hits(
        found, index, judged=judged, query_film=film, query_shape=shape, fresh=fresh, key=HITS,
        hear=_hear,
    )  # fmt: skip
    _take_along(memory, found)


def _asked_with(found: Search, index: "Corpus") -> tuple[bytes | None, tuple[int, int] | None]:
    """Picture and shape of the film a search spoke of; none for a text."""
    if found.query.film:
        row = index.row_of(found.query.film)
        height, width = (int(side) for side in index.films.shapes[row])
        return index.thumbnail(found.query.film), (height, width)
    if found.query.asked is None:
        return None, None
    film = found.query.asked.radiograph
    return pipeline.to_thumbnail(film.pixels), film.shape


def _take_along(memory: Session, found: Search) -> None:
    with st.container(key="take_along", horizontal=True, vertical_alignment="center", gap="small"):
        for label, make, name, mime in (
            ("Hits as JSON", lambda: search.as_json(found), "hits.json", "application/json"),
            ("Hits as CSV", lambda: search.as_csv(found), "hits.csv", "text/csv"),
            ("Judgements as CSV", lambda: search.judgements(memory), "judgements.csv", "text/csv"),
        ):
            st.download_button(
                label, make, file_name=name, mime=mime, on_click="ignore", key=f"save_{name}"
            )
        st.caption(f"{RESEARCH_USE}. Names of files are not in an index unless you asked for them.")


def _hear(kind: str, values: dict[str, Any]) -> None:
    """Do what a person asked for on a hit or on the film; what does not fit is ignored."""
    memory = session()
    found, film = memory.search, values.get("film")
    if kind == "boxes":
        memory.boxes = _boxes(values.get("values"), memory.radiograph)
    elif kind == "page" and found and values.get("step") in (-1, 1):
        memory.asked_search = search.page(found.query, int(values["step"]))
    elif kind == "unfiltered" and found:
        memory.asked_search = replace(found.query, where="", offset=0)
        st.session_state["search_where"] = ""
    elif kind == "like" and isinstance(film, str):
        memory.asked_search = Query("film", film=film)
    elif kind == "judge" and found and isinstance(film, str):
        search.judge(memory, found, film, values.get("text"))
    elif kind in ("open", "compare") and found and isinstance(film, str):
        with guarded():
            index = search.index_of(memory, found.uri)
            open_film(memory, index, film, beside=kind == "compare")
            _ask_there(memory, found, film)
            memory.search = replace(found, at=film)


def _ask_there(memory: Session, found: Search, film: str) -> None:
    """Ask of a film that was opened what it was found by: the first thing that a text claims."""
    hit = next((hit for hit in found.results.hits if hit.film_id == film), None)
    if hit is None or found.query.kind != "text":
        return
    claims = (typed_words(part.text) for part in hit.parts if part.assertion != "absent")
    words = next((words for words in claims if words), "")
    if (words and memory.add_typed(words) is None) or words in memory.typed:
        memory.ask(f"t:{words}")


def _boxes(found: object, film: Radiograph | None) -> tuple[Box, ...]:
    """The boxes on this film that a browser told, checked."""
    if film is None or not isinstance(found, list):
        return ()
    boxes = []
    for item in found:
        try:
            if item["image"] != image_id(film):
                continue
            x_min, y_min, x_max, y_max = (float(edge) for edge in item["box"])
        except (KeyError, TypeError, ValueError, IndexError):
            continue
        if 0 <= x_min < x_max <= film.shape[1] and 0 <= y_min < y_max <= film.shape[0]:
            boxes.append(Box(x_min, y_min, x_max, y_max))
    return tuple(boxes)
