"""Prototypes of the app: built once for all sessions, by index, checkpoint and parameters."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import streamlit as st

from explorer.ui import encoded, engines, indices, search
from explorer.ui.door import pipeline
from explorer.ui.kept import Kept
from explorer.ui.rooms import Built, Choice, Drawn, Look, Rooms, rooms_of
from explorer.ui.sharing import Told, turn, wait_for_quiet
from explorer.ui.state import Session

if TYPE_CHECKING:
    from explorer.pipeline import ComparedMaps, Corpus, Engine, MixedMap, Use

MOST_BYTES = 160_000_000
MOST_PREPARED = 20_000  # regions that are clustered before anybody asks: a second or two


@st.cache_resource(show_spinner=False)
def _built() -> Kept[str, Built]:
    return Kept(MOST_BYTES, lambda built: built.size)


def build(index: "Corpus", engine: "Engine", choice: Choice, *, told: Told | None = None) -> Built:
    """Build prototypes in turn, once for all sessions.

    Raises:
        ExplorerError: The index holds too little, or cannot be read.
    """
    key = f"{_name(index, engine)}|{choice}"
    found = _built().get(key)
    if found is not None:
        return found
    with turn(told):
        # Another session may have built the same while this one waited.
        return _built().get(key) or _built().put(key, _build(key, index, engine, choice))


def _build(key: str, index: "Corpus", engine: "Engine", choice: Choice) -> Built:
    points = pipeline.points_of(index, engine, level=choice.level)
    clustering = pipeline.build_prototypes(
        points,
        method=choice.method,
        granularity=choice.granularity,
        seed=choice.seed,
        with_stability=False,
    )
    return Built(key, points, clustering)


@st.cache_resource(show_spinner=False)
def _drawn() -> Kept[str, Drawn]:
    return Kept(MOST_BYTES, lambda drawn: drawn.plane.nbytes)


def drawn(built: Built, way: str) -> Drawn:
    """Put the points on a map, in turn, once for all sessions.

    Raises:
        ExplorerError: There is no such way here.
    """
    seed = built.clustering.seed
    key = f"{_named(built)}|{way}|{seed}"
    found = _drawn().get(key)
    if found is not None:
        return found
    with turn():
        return _drawn().get(key) or _drawn().put(
            key, Drawn(*pipeline.on_a_plane(built.points.centred, way=way, seed=seed))
        )


@st.cache_resource(show_spinner=False)
def _mixed() -> "Kept[str, MixedMap]":
    return Kept(MOST_BYTES, lambda drawn: sum(p.vectors.nbytes for p in drawn.points))


def mixed(index: "Corpus", engine: "Engine", *, way: str, seed: int, closed: bool) -> "MixedMap":
    """Draw all kinds of points on one map, in turn, once for all sessions.

    Raises:
        ExplorerError: The index holds one kind only, or cannot be read.
    """
    key = f"{_name(index, engine)}|{way}|{seed}|{closed}"
    found = _mixed().get(key)
    if found is not None:
        return found
    with turn():
        laid = pipeline.mixed_map(index, engine, way=way, seed=seed, closed=closed)
    return _mixed().put(key, laid)


@st.cache_resource(show_spinner=False)
def _compared() -> "Kept[str, ComparedMaps]":
    return Kept(MOST_BYTES, lambda found: found.here.vectors.nbytes)


def compared(memory: Session, built: Built, uri: str) -> "ComparedMaps":
    """Lay the map of a second index over that of the first, in turn, once for all sessions.

    Raises:
        ExplorerError: The second index cannot be used, or both share too little.
    """
    index, engine = search.other_index(memory, uri)
    rooms = rooms_of(memory)
    level, seed, way = rooms.choice.level, rooms.choice.seed, rooms.look.way
    key = f"{_named(built)}|{_name(index, engine)}|{level}|{way}|{seed}"
    found = _compared().get(key)
    if found is not None:
        return found
    with turn():
        there = pipeline.points_of(index, engine, level=level)
        laid = pipeline.compare_maps(built.points, there, way=way, seed=seed)
    return _compared().put(key, laid)


def _name(index: "Corpus", engine: "Engine") -> str:
    """The films name the state of the index: it may be built anew at the same place."""
    return f"{index.uri}|{_digest(index.films.columns['film_id'])}|{engines.engine_key(engine)}"


def _named(built: Built) -> str:
    """Names the points, whatever prototypes they are in."""
    return f"{built.points.space_id}|{_digest(built.points.ids)}"


def _digest(ids: Iterable[str]) -> str:
    return hashlib.sha256("".join(ids).encode()).hexdigest()


def uses(memory: Session, built: Built, told: Told | None = None) -> "tuple[Use, ...]":
    """How the radiograph on screen uses the prototypes, the most used first; () without one.

    Raises:
        NotARadiographError: The film is none.
        ExplorerError: The radiograph cannot be encoded, or was by another checkpoint.
    """
    if memory.radiograph is None or built.points.level != "regions":
        return ()
    engine = search.engine_of(memory)
    film = encoded.encode(engine, memory.radiograph, told=told).embeddings
    pipeline.check_image(film, memory.radiograph)
    clustering = rooms_of(memory).current(built)
    with turn(told):
        return pipeline.prototypes_of_study(clustering, built.points, engine, film)


def check_stability(built: Built, rooms: Rooms) -> None:
    """Work out in turn how stable the prototypes are, and keep it for all sessions."""
    with turn():
        stable = pipeline.with_stability_of(built.clustering, built.points)
    _built().put(built.key, replace(built, clustering=stable))
    rooms.edited.pop(built.key, None)


def prepare() -> None:
    """Have the libraries, the index and what the page shows first ready before anybody asks.

    It waits until nobody asks for anything. What fails here fails again where it is needed, and is
    explained there.
    """
    with suppress(Exception):
        wait_for_quiet()
        import_module("explorer.ui.components.prototypes")
        uri = indices.index_uri()
        if uri is None:
            return
        engine = engines.engine()
        index = search.open_index(uri, engines.engine_key(engine), engine)
        if index.region_count > MOST_PREPARED:
            return
        wait_for_quiet()
        drawn(build(index, engine, Choice()), Look().way)
