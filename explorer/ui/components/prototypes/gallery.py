"""The gallery: a card for every prototype, those picked on the map first."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from explorer.ui.components.picture import show_picture
from explorer.ui.components.prototypes.pictures import Picture, exemplars, strip
from explorer.ui.rooms import SHOWN, Built, Order, Rooms, in_order, picked_rooms
from explorer.ui.wording import count, one_line, percent, plain

if TYPE_CHECKING:
    from explorer.pipeline import Clustering, Corpus, Prototype

ORDERS: dict[Order, str] = {
    "size": "Largest first",
    "tightness": "Tightest first",
    "purity": "Purest first",
    "position": "Least mere position first",
}
_EACH, _SIDE = 4, 132
_COLUMNS = 2


def gallery(index: "Corpus", built: Built, rooms: Rooms) -> None:
    """List rooms; a press on a name opens one."""
    clustering = rooms.current(built)
    if not clustering.prototypes:
        st.info(
            "No part of the points is dense enough for a prototype. Choose more prototypes or "
            "another method.",
            title="No prototypes",
        )
        return
    picked = picked_rooms(clustering, rooms.picked)
    numbers = _listed(clustering, rooms, picked)
    first = numbers[: rooms.shown]
    pictures = _pictures(index, built, [clustering.prototype(number) for number in first])
    for start in range(0, len(first), _COLUMNS):
        for column, number in zip(
            st.columns(_COLUMNS), first[start : start + _COLUMNS], strict=False
        ):
            with column, st.container(border=True, key=f"card_{number}", gap="xsmall"):
                prototype = clustering.prototype(number)
                _card(built, rooms, prototype, pictures[number], picked.get(number))
    if len(numbers) > len(first):
        left = len(numbers) - len(first)
        st.button(f"Show {min(left, SHOWN)} more of {left}", on_click=_more, args=(rooms,))


def _listed(clustering: "Clustering", rooms: Rooms, picked: dict[int, int]) -> list[int]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        order = st.selectbox(
            "Order",
            list(ORDERS),
            format_func=ORDERS.__getitem__,
            key="prototype_order",
            persist_state="session",
            width=220,
        )
        words = st.text_input(
            "Name contains",
            key="prototype_name",
            persist_state="session",
            max_chars=80,
            placeholder="effusion",
            width=180,
        )
        with_hidden = False
        if hidden := sum(p.hidden for p in clustering.prototypes):
            with_hidden = st.toggle(
                f"Show {hidden} hidden", key="prototype_hidden", persist_state="session"
            )
    rooms.look = replace(rooms.look, order=order, named=words, hidden=with_hidden)
    if picked:
        _say_picked(rooms, picked)
    asked = words.casefold().strip()
    numbers = list(picked) if picked else in_order(clustering, order)
    shown = [clustering.prototype(number) for number in numbers]
    kept = [p.id for p in shown if asked in p.name.casefold() and (with_hidden or not p.hidden)]
    if not kept:
        st.info(f"No prototype is named like that. There are {len(shown)}.", title="Nothing fits")
    return kept


def _say_picked(rooms: Rooms, picked: dict[int, int]) -> None:
    """Why only some rooms are listed, and the way back to all."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        points = sum(picked.values())
        st.markdown(
            f"**{count(points, 'point')} picked on the map**, of "
            f"{count(len(picked), 'prototype')}.",
            width="stretch",
        )
        st.button("Show all", on_click=rooms.forget_picked, key="forget_picked")


def _pictures(
    index: "Corpus", built: Built, prototypes: "list[Prototype]"
) -> "dict[int, list[Picture]]":
    """The first exemplars of some prototypes, read from the index at once."""
    rows = {p.id: p.exemplars[:_EACH] for p in prototypes}
    every = [row for some in rows.values() for row in some]
    found = dict(zip(every, exemplars(index, built.points, every, side=_SIDE), strict=True))
    return {number: [found[row] for row in some] for number, some in rows.items()}


def _card(
    built: Built,
    rooms: Rooms,
    prototype: "Prototype",
    pictures: "list[Picture]",
    picked: int | None,
) -> None:
    alt = f"Exemplars of {plain(prototype.name, longest=48)}"
    show_picture(strip(pictures, count=_EACH), alt=alt)
    st.button(
        f"**{plain(prototype.name, longest=48)}**",
        key=f"open_{prototype.id}",
        type="tertiary",
        on_click=rooms.enter,
        args=(prototype.id, rooms.choice),
        help=f"Open the room of prototype {prototype.id}",
    )
    if built.points.level == "sentences" and prototype.exemplars:
        words = plain(built.points.texts[prototype.exemplars[0]], longest=90)
        st.markdown(f"\u201c{words}\u201d")
    st.caption(facts(prototype, built.points.level, picked))


def facts(prototype: "Prototype", level: str, picked: int | None = None) -> str:
    """The measures of a prototype in one line of Markdown."""
    parts = [count(prototype.size, level[:-1])]
    if picked is not None:
        parts[0] = f"{picked:,} of {parts[0]}"
    parts.append(f"tightness {prototype.tightness:.2f}")
    if prototype.position_share is not None:
        parts.append(f"mere position {percent(prototype.position_share)}")
    if (purity := prototype.purity) is not None:
        name = plain(one_line(purity.finding, longest=32))
        where = "in" if level == "films" else "on the film of"
        parts.append(f"{name} {where} {percent(purity.share)} (of all: {percent(purity.base)})")
    return ", ".join(parts)


def _more(rooms: Rooms) -> None:
    rooms.shown += SHOWN
