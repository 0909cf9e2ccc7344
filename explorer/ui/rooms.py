"""Prototypes of the app: built once an index and set of parameters, edited by each person."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import streamlit as st

from explorer.entities import Float32
from explorer.ui import encoded, engines, search
from explorer.ui.door import pipeline
from explorer.ui.kept import Kept
from explorer.ui.sharing import Told, turn
from explorer.ui.state import Session

if TYPE_CHECKING:
    from explorer.pipeline import (
        Clustering,
        ComparedMaps,
        Corpus,
        Engine,
        Level,
        MixedMap,
        Points,
        Use,
    )

Colour = Literal["prototype", "finding", "view", "doubt"]
Shown = Literal["own", "mixed", "closed"]
Order = Literal["size", "tightness", "purity", "position"]
MOST_BYTES = 160_000_000
SHOWN = 12  # rooms at first, and with every further press


@dataclass(frozen=True, slots=True)
class Choice:
    """What is clustered and how."""

    level: "Level" = "regions"
    method: str = "kmeans"
    granularity: int = 48
    seed: int = 0
    way: str = "pca"


@dataclass(frozen=True, slots=True)
class Look:
    """How the map is drawn and the rooms are listed.

    Attributes:
        beside: Index whose map is laid over it; "" for none.
        named: What names of listed rooms contain.
        hidden: Whether hidden rooms are listed.
    """

    shown: Shown = "own"
    colour: Colour = "prototype"
    beside: str = ""
    order: Order = "size"
    named: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """Prototypes as they were built, for all sessions.

    Attributes:
        key: Names index, checkpoint and parameters.
        plane: (N, 2) points on a map.
        words: What the map keeps, one sentence.
    """

    key: str
    points: "Points"
    clustering: "Clustering"
    plane: Float32
    words: str

    @property
    def size(self) -> int:
        """Bytes it takes, about: vectors, and some hundred bytes of text a point."""
        return self.points.vectors.nbytes + self.plane.nbytes + 400 * len(self.points)


@dataclass(slots=True)
class Rooms:
    """What one tab remembers of the page.

    Attributes:
        choice: What is clustered.
        look: How it is shown.
        edited: Prototypes as this person left them, by `Built.key`.
        open: The prototype whose room is open.
        picked: Rows of the points that were picked on the map.
        maps: Counts maps; a new one forgets what was picked on it.
        shown: How many rooms are listed.
    """

    choice: Choice = Choice()
    look: Look = Look()
    edited: "dict[str, Clustering]" = field(default_factory=dict)
    open: int | None = None
    picked: tuple[int, ...] = ()
    maps: int = 0
    shown: int = SHOWN

    def current(self, built: Built) -> "Clustering":
        """The prototypes as this person sees them."""
        return self.edited.get(built.key, built.clustering)

    def edit(self, built: Built, edited: "Clustering") -> None:
        """Keep an edit; a room that is gone is left."""
        self.edited[built.key] = edited
        if self.open not in {p.id for p in edited.prototypes}:
            self.open = None

    def choose(self, choice: Choice) -> None:
        """Take other parameters; what was open or picked belonged to the ones before."""
        if choice != self.choice:
            self.choice, self.open, self.shown = choice, None, SHOWN
            self.forget_picked()

    def forget_picked(self) -> None:
        """Show all rooms again."""
        self.picked, self.maps = (), self.maps + 1


def rooms_of(memory: Session) -> Rooms:
    """What this tab remembers of the page, made on first use."""
    if memory.rooms is None:
        memory.rooms = Rooms()
    return memory.rooms


def fill_form(rooms: Rooms, *, again: bool) -> None:
    """Say in the fields of the page what is remembered.

    Args:
        rooms: What is remembered.
        again: Whatever they hold now: a reload makes them anew before the tab is known.
    """
    choice, look = rooms.choice, rooms.look
    held = {
        "prototype_level": choice.level,
        "prototype_method": choice.method,
        "prototype_granularity": choice.granularity,
        "prototype_seed": choice.seed,
        "prototype_map": choice.way,
        "prototype_shown": look.shown,
        "prototype_colour": look.colour,
        "prototype_beside": look.beside or None,
        "prototype_order": look.order,
        "prototype_name": look.named,
        "prototype_hidden": look.hidden,
    }
    for key, value in held.items():
        if again or key not in st.session_state:
            st.session_state[key] = value


@st.cache_resource(show_spinner=False)
def _built() -> Kept[str, Built]:
    return Kept(MOST_BYTES, lambda built: built.size)


def build(index: "Corpus", engine: "Engine", choice: Choice, *, told: Told | None = None) -> Built:
    """Build prototypes in turn, once for all sessions.

    Raises:
        ExplorerError: The index holds too little, or cannot be read.
    """
    key = _key(index, engine, choice)
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
    plane, words = pipeline.on_a_plane(points.centred, way=choice.way, seed=choice.seed)
    return Built(key, points, clustering, plane, words)


@st.cache_resource(show_spinner=False)
def _mixed() -> "Kept[str, MixedMap]":
    return Kept(MOST_BYTES, lambda drawn: sum(p.vectors.nbytes for p in drawn.points))


def mixed(index: "Corpus", engine: "Engine", choice: Choice, *, closed: bool) -> "MixedMap":
    """Draw all kinds of points on one map, in turn, once for all sessions.

    Raises:
        ExplorerError: The index holds one kind only, or cannot be read.
    """
    same = replace(Choice(), way=choice.way, seed=choice.seed)  # the rest changes nothing here
    key = f"{_key(index, engine, same)}|{closed}"
    found = _mixed().get(key)
    if found is not None:
        return found
    with turn():
        drawn = pipeline.mixed_map(index, engine, way=choice.way, seed=choice.seed, closed=closed)
    return _mixed().put(key, drawn)


@st.cache_resource(show_spinner=False)
def _compared() -> "Kept[str, ComparedMaps]":
    return Kept(MOST_BYTES, lambda found: found.here.vectors.nbytes)


def compared(memory: Session, built: Built, uri: str) -> "ComparedMaps":
    """Lay the map of a second index over that of the first, in turn, once for all sessions.

    Raises:
        ExplorerError: The second index cannot be used, or both share too little.
    """
    index, engine = search.other_index(memory, uri)
    choice = rooms_of(memory).choice
    key = f"{built.key}|{_key(index, engine, choice)}"
    found = _compared().get(key)
    if found is not None:
        return found
    with turn():
        there = pipeline.points_of(index, engine, level=choice.level)
        laid = pipeline.compare_maps(built.points, there, way=choice.way, seed=choice.seed)
    return _compared().put(key, laid)


def _key(index: "Corpus", engine: "Engine", choice: Choice) -> str:
    """The films name the state of the index: it may be built anew at the same place."""
    films = hashlib.sha256("".join(index.films.columns["film_id"]).encode()).hexdigest()
    return f"{index.uri}|{films}|{engines.engine_key(engine)}|{choice}"


def uses(memory: Session, built: Built, told: Told | None = None) -> "tuple[Use, ...]":
    """How the radiograph on screen uses the prototypes, the most used first; () without one.

    Raises:
        ExplorerError: The radiograph cannot be encoded, or was by another checkpoint.
    """
    if memory.radiograph is None or built.points.level != "regions":
        return ()
    engine = search.engine_of(memory)
    film = encoded.encode(engine, memory.radiograph, told=told).embeddings
    clustering = rooms_of(memory).current(built)
    with turn(told):
        return pipeline.prototypes_of_study(clustering, built.points, engine, film)


def check_stability(built: Built, rooms: Rooms) -> None:
    """Work out in turn how stable the prototypes are, and keep it for all sessions."""
    with turn():
        stable = pipeline.with_stability_of(built.clustering, built.points)
    _built().put(built.key, replace(built, clustering=stable))
    rooms.edited.pop(built.key, None)


def in_order(clustering: "Clustering", order: Order) -> list[int]:
    """Ids of prototypes in the order a person asked for, the best first."""

    def excess(number: int) -> float:
        purity = clustering.prototype(number).purity
        return -1.0 if purity is None else purity.share - purity.base

    keys: dict[Order, Callable[[int], float]] = {
        "size": lambda n: -clustering.prototype(n).size,
        "tightness": lambda n: clustering.prototype(n).concentration,
        "purity": lambda n: -excess(n),
        "position": lambda n: clustering.prototype(n).position_share or 0.0,
    }
    return sorted((p.id for p in clustering.prototypes), key=keys[order])


def picked_rooms(clustering: "Clustering", picked: tuple[int, ...]) -> dict[int, int]:
    """Prototypes of picked points and how many of them are in each, the most first."""
    rows = [row for row in picked if row < len(clustering.assignments)]
    numbers, counts = np.unique(clustering.assignments[rows], return_counts=True)
    pairs = sorted(zip(numbers.tolist(), counts.tolist(), strict=True), key=lambda p: -p[1])
    return {number: count for number, count in pairs if number >= 0}
