"""Where the film on screen uses the open prototype, or which prototypes it uses most."""

from typing import TYPE_CHECKING

import streamlit as st

from explorer.errors import NotARadiographError
from explorer.ui.clustered import uses
from explorer.ui.components.picture import show_picture
from explorer.ui.components.prototypes.pictures import film_with_use
from explorer.ui.rooms import Alike, Built, Rooms
from explorer.ui.state import Session
from explorer.ui.wording import one_line, percent, plain

if TYPE_CHECKING:
    from explorer.pipeline import Use

_SIDE, _MOST = 420, 5
LIKE_FIRST = "It looks most like these prototypes; the line is drawn for the first."
LIKE_NONE = "It looks like no prototype; these come nearest."


def on_screen(memory: Session, built: Built, rooms: Rooms) -> None:
    """Draw the study on screen with the places that look like a prototype."""
    if memory.radiograph is None or memory.loaded is None or built.points.level != "regions":
        return
    title = f"**On screen: {plain(memory.loaded.title, longest=60)}**"
    try:
        with st.spinner("Looking for prototypes on the film on screen"):
            found = uses(memory, built)
    except NotARadiographError as error:
        st.markdown(title)
        st.caption(plain(str(error)))
        return
    if not found:
        return
    clustering = rooms.current(built)
    names = {p.id: p.name for p in clustering.prototypes}
    use = next((u for u in found if u.id == rooms.open), None)
    st.markdown(title)
    picture, words = st.columns((1, 1), gap="small")
    drawn = use if rooms.open is not None else found[0]
    with picture:
        show_picture(
            film_with_use(memory.radiograph, drawn, side=_SIDE),
            alt="The film on screen with what looks like the prototype",
        )
        if drawn is not None and st.button("Show in Ground", key="show_use", type="tertiary"):
            _show_in_ground(memory, built, drawn, names[drawn.id])
    with words:
        if rooms.open is not None:
            _told(use)
            return
        st.caption(LIKE_FIRST if found[0].share else LIKE_NONE)
        for other in found[:_MOST]:
            st.button(
                plain(names[other.id], longest=40),
                key=f"use_{other.id}",
                type="tertiary",
                on_click=rooms.enter,
                args=(other.id, rooms.choice),
                help=f"Peak {other.peak:.2f} against {other.threshold:.2f} that most reach",
            )


def _show_in_ground(memory: Session, built: Built, use: "Use", name: str) -> None:
    """Have the likeness drawn on the film in Ground, as the map that is shown."""
    if memory.radiograph is None:
        return
    words = f"Prototype {use.id}: {one_line(name, longest=60)}"
    memory.alike = Alike(words, memory.radiograph.digest, built.points.space_id, use)
    memory.ask(f"p:{words}")
    memory.goes_to = "ground"
    st.rerun()


def _told(use: "Use | None") -> None:
    if use is None:
        st.caption("This prototype is hidden, so the film is not compared with it.")
    elif use.share == 0:
        st.caption(
            f"No part of this film looks like this prototype: its most alike patch reaches "
            f"{use.peak:.2f}, nine of ten of the prototype's regions reach {use.threshold:.2f}."
        )
    else:
        st.caption(
            f"{percent(use.share, 1)} of this film looks like this prototype; its most alike patch "
            f"reaches {use.peak:.2f}, nine of ten of the prototype's regions {use.threshold:.2f}."
        )
