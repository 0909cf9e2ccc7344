"""The page: what is clustered on top, the map and the film on screen beside the rooms."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from explorer.errors import ExplorerError, PrototypeError, RetrievalError
from explorer.ui import clustered as work
from explorer.ui import search
from explorer.ui.components.banner import RESEARCH_USE
from explorer.ui.components.error_box import error_box, guarded
from explorer.ui.components.index_choice import index_choice
from explorer.ui.components.into_view import into_view
from explorer.ui.components.options_form import choose_checkpoint
from explorer.ui.components.other_index import other_index
from explorer.ui.components.prototypes.gallery import gallery
from explorer.ui.components.prototypes.mixed_plane import mixed_plane
from explorer.ui.components.prototypes.moved_plane import moved_plane
from explorer.ui.components.prototypes.on_screen import on_screen
from explorer.ui.components.prototypes.plane import plane
from explorer.ui.components.prototypes.room import room
from explorer.ui.door import pipeline
from explorer.ui.rooms import ROOMS, Built, Choice, Colour, Look, Rooms, Shown, fill_form, rooms_of
from explorer.ui.state import Session, session
from explorer.ui.wording import count, plain
from explorer.ui.work import queue_words

if TYPE_CHECKING:
    from explorer.pipeline import Corpus, Level

LEVELS: "dict[Level, str]" = {"regions": "Regions", "films": "Films", "sentences": "Sentences"}
COLOURS: dict[Colour, str] = {
    "prototype": "Prototype",
    "finding": "Finding",
    "view": "View",
    "doubt": "Doubt",
}
SHOWN: dict[Shown, str] = {
    "own": "These points",
    "mixed": "All kinds",
    "closed": "All kinds, gap closed",
}


def prototypes() -> None:
    """Draw the page."""
    memory = session()
    with st.container(key="prototypes"):
        rooms = rooms_of(memory)
        fill_form(rooms, again=False)
        with st.container(key="clustering", horizontal=True, vertical_alignment="top"):
            rooms.choose(_choices(rooms.choice))
            with st.container(width=190):
                uri = index_choice(memory)
        if uri is None:
            _no_index()
            return
        left, right = st.columns((5, 6), gap="medium")
        with left:
            look = _map_choices(rooms)
            map_place, film_place = st.container(key="plane"), st.container(key="on_screen")
        with right:
            status, rooms_place = st.empty(), st.container(key=ROOMS)
        found = _build(memory, uri, status)
        if found is None:
            return
        index, built = found
        # Rooms say most and come first; what was picked on the map is known before it is drawn.
        with rooms_place, guarded():
            _rooms(memory, index, built)
        with map_place, guarded():
            _map(memory, index, built, look)
        with film_place, guarded():
            on_screen(memory, built, rooms)
        into_view(rooms.at, serial=rooms.asked, key="prototype_in_view")


def _no_index() -> None:
    st.info(
        "Prototypes are made of the films of an index, and there is none. Build one from your "
        "films and reports, then type its folder under Index:\n\n"
        "`explorer index build FOLDER --out my.index`",
        title="No index",
    )


def _choices(before: Choice) -> Choice:
    """What is clustered and how."""
    methods = pipeline.clustering_methods()
    level = st.segmented_control(
        "Prototypes of",
        list(LEVELS),
        format_func=LEVELS.__getitem__,
        required=True,
        key="prototype_level",
        persist_state="session",
        help="Regions: parts of films where a phrase or a finding stands out. Films: whole films. "
        "Sentences: what reports claim.",
    )
    method = st.selectbox(
        "Method",
        list(methods),
        format_func=lambda name: methods[name][0],
        key="prototype_method",
        persist_state="session",
        width=170,
        help="  \n".join(f"{title}: {about}" for title, about in methods.values()),
    )
    granularity = st.selectbox(
        "How many",
        pipeline.GRANULARITIES,
        key="prototype_granularity",
        persist_state="session",
        width=110,
        help="Number of prototypes; for HDBSCAN, how fine they may be.",
    )
    seed = st.number_input(
        "Seed",
        min_value=0,
        max_value=9999,
        key="prototype_seed",
        persist_state="session",
        width=130,
        help="The same seed gives the same prototypes.",
    )
    return replace(
        before,
        level=level or before.level,
        method=method,
        granularity=int(granularity),
        seed=int(seed),
    )


def _map_choices(rooms: Rooms) -> Look:
    """How the map is drawn; what was chosen is remembered, also what does not count just now."""
    ways = pipeline.planes()
    with st.container(key="map_choices", horizontal=True, vertical_alignment="bottom"):
        way = st.selectbox(
            "Map",
            list(ways),
            format_func=ways.__getitem__,
            key="prototype_map",
            persist_state="session",
            width=120,
            help="PCA: two principal components, quick. LocalMAP: neighbours stay neighbours; "
            "offered where the extra maps is installed, and slower.",
        )
        shown: Shown = st.selectbox(
            "Points on it",
            list(SHOWN),
            format_func=SHOWN.__getitem__,
            key="prototype_shown",
            persist_state="session",
            width=200,
            disabled=bool(st.session_state.get("prototype_beside")),
            help="All kinds: regions, films and sentences in one space, with the gap between them "
            "in numbers. Gap closed: each kind about its own middle.",
        )
        beside = other_index(
            "prototype_beside",
            before=rooms.look.beside,
            shows="Its map is laid over this one, and what moved most is listed.",
        )
    rooms.look = replace(rooms.look, way=way, shown=shown, beside=beside)
    if beside or shown != "own":
        return replace(rooms.look, colour="prototype")
    colour = st.segmented_control(
        "Colour of the map",
        list(COLOURS),
        format_func=COLOURS.__getitem__,
        required=True,
        key="prototype_colour",
        persist_state="session",
        help=f"Doubt: {pipeline.ABOUT_DOUBT}.",
    )
    rooms.look = replace(rooms.look, colour=colour or rooms.look.colour)
    return rooms.look


def _build(
    memory: Session, uri: str, status: "st.delta_generator.DeltaGenerator"
) -> "tuple[Corpus, Built] | None":
    """The index and its prototypes; None where there are none, which is then explained."""
    choice = rooms_of(memory).choice

    def say(words: str) -> None:
        status.caption(words)

    try:
        say("Opening the index")
        engine = search.engine_of(memory)
        index = search.index_of(memory, uri)
        studies = count(len(index.study_ids), "study", "studies")
        doing = f"Clustering {LEVELS[choice.level].lower()} of {studies}"
        say(doing)
        built = work.build(index, engine, choice, told=queue_words(say, doing))
    except (PrototypeError, RetrievalError) as error:
        status.empty()
        st.warning(plain(str(error)), title="There are no prototypes to show")
        st.caption("Change what is clustered or the index above, or the checkpoint under Options.")
        _offer_maker(memory, uri)
        return None
    except ExplorerError as error:
        status.empty()
        error_box(error)
        return None
    status.empty()
    return index, built


def _offer_maker(memory: Session, uri: str) -> None:
    """Where another checkpoint is chosen than built the index: one press takes that one."""
    maker = search.other_maker(memory, uri)
    if maker is not None:
        st.button(
            f"Use {maker.name}",
            on_click=choose_checkpoint,
            args=(memory, maker.name),
            key="use_maker",
            help="Chooses the checkpoint that the index was built with, on all pages.",
        )


def _map(memory: Session, index: "Corpus", built: Built, look: Look) -> None:
    rooms = rooms_of(memory)
    clustering = rooms.current(built)
    if look.beside:
        with st.spinner("Laying one map over the other"):
            found = work.compared(memory, built, look.beside)
        names = [pipeline.index_info(uri).space.checkpoint for uri in (index.uri, look.beside)]
        moved_plane(built, clustering, rooms, found, names=names)
    elif look.shown != "own":
        engine, closed = search.engine_of(memory), look.shown == "closed"
        with st.spinner("Drawing all kinds on one map"):
            mixed = work.mixed(index, engine, way=look.way, seed=rooms.choice.seed, closed=closed)
        mixed_plane(built, clustering, rooms, mixed)
    else:
        with st.spinner("Drawing the map"):
            drawn = work.drawn(built, look.way)
        plane(built, clustering, rooms, drawn, colour=look.colour)


def _rooms(memory: Session, index: "Corpus", built: Built) -> None:
    rooms = rooms_of(memory)
    if rooms.open is None:
        gallery(index, built, rooms)
        _stable(built, rooms)
    else:
        room(memory, index, built, rooms)
    _take_along(built, rooms)


def _stable(built: Built, rooms: Rooms) -> None:
    """How far samples give the same prototypes: worked out when it is asked for."""
    clustering = rooms.current(built)
    outside, kind = int((clustering.assignments < 0).sum()), clustering.level
    belong = count(outside, f"{kind[:-1]} belongs", f"{kind} belong")
    words = [f"{belong} to none."] if outside else []
    if clustering.stability is not None:
        words.append(
            f"Samples of four fifths of the points agree with these prototypes to "
            f"{clustering.stability:.2f} (adjusted Rand index; 1 is the same, 0 is chance)."
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if words:
            st.caption(" ".join(words), width="stretch")
        if clustering.before is not None:
            st.button("Undo the last edit", on_click=_undo, args=(built, rooms), key="undo")
        elif clustering.stability is None and st.button(
            "Check stability", key="stability", help="Clusters five samples as well; takes longer."
        ):
            with st.spinner("Clustering five samples"):
                work.check_stability(built, rooms)
            st.rerun()


def _undo(built: Built, rooms: Rooms) -> None:
    rooms.edit(built, pipeline.undo(rooms.current(built)), said="")


def _take_along(built: Built, rooms: Rooms) -> None:
    clustering = rooms.current(built)

    def as_json() -> str:
        document = pipeline.prototypes_document(clustering, built.points, with_points=True)
        return json.dumps(document, indent=2)

    with st.container(key="take_prototypes", horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Prototypes as JSON",
            as_json,
            file_name="prototypes.json",
            mime="application/json",
            on_click="ignore",
            key="save_prototypes_json",
        )
        st.download_button(
            "Prototypes as CSV",
            lambda: pipeline.prototypes_csv(clustering, built.points),
            file_name="prototypes.csv",
            mime="text/csv",
            on_click="ignore",
            key="save_prototypes_csv",
        )
        st.caption(RESEARCH_USE)
