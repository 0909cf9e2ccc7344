"""The bar on top of every page: pages, the study on screen, options, what to take along."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.navigation.page import Page

from explorer.ui import evaluations, opening, rooms, search, tabs
from explorer.ui.components.downloads import downloads
from explorer.ui.components.error_box import guarded
from explorer.ui.components.frame.drawer import drawer, drawer_pictures
from explorer.ui.components.index_choice import fill_index
from explorer.ui.components.options_form import fill_options, options_form
from explorer.ui.state import Session, session

_WITHOUT_FILM = ("checkpoints", "about")
_PAGE_STYLE = Path(__file__).parent / "page.css"


def frame(pages: Sequence[Page], current: Page) -> None:
    """Draw the bar and open what was chosen; the page follows.

    Args:
        pages: All pages, in order; the first one is the workbench.
        current: The page that is shown next.
    """
    st.html(_PAGE_STYLE)
    memory = session()
    with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="small"):
        for page in pages:
            st.page_link(page, label=page.title)
        place = st.container(key="study", width="stretch")
        choices = st.container(key="choices", horizontal=True, width="content", gap="xsmall")
    with st.container(key="fields"):
        _fields()
    chosen = memory.options
    with guarded():
        not_here = opening.follow_link(memory, st.query_params.to_dict())
        opening.open_incoming(memory)
        opening.open_first(memory)
        memory.problems += not_here
    if memory.options != chosen:  # by an address
        fill_options(memory.options, again=True)
    memory.framed = memory.loaded.token if memory.loaded else None
    with place:
        told = drawer(memory, hear=_hear)
    if tabs.recognise(told):
        _fill_forms(session())
        st.rerun()
    with choices, guarded():
        options_form(memory)
        downloads(memory)
    _go(memory, pages, current)


def finish_frame() -> None:
    """Send what need not delay the page: pictures of the bundled studies."""
    with st.container(key="pictures"), guarded():
        drawer_pictures()


def _fill_forms(memory: Session) -> None:
    """The fields of a reloaded page say what the record that was put back was asked."""
    fill_options(memory.options, again=True)
    if memory.index:
        fill_index(memory.index, again=True)
    if memory.search:
        search.fill_form(memory.search.query, again=True)
    if memory.rooms:
        rooms.fill_form(memory.rooms, again=True)
    if memory.evaluations:
        evaluations.fill_form(memory.evaluations, again=True)


def _fields() -> None:
    """The file fields that carry dropped and pasted files; the drawer fills them."""
    for name in opening.FIELDS:
        key = opening.field_key(name)
        with st.container(key=f"field_{name}"):
            st.file_uploader(
                "Files of a study" if name != "add" else "Further files of this study",
                accept_multiple_files=True,
                max_upload_size=opening.MEGABYTES,
                key=key,
                on_change=opening.take_over,
                args=(name, key),
                label_visibility="collapsed",
            )


def _hear(kind: str, values: dict[str, Any]) -> None:
    """Do what a person asked for in the drawer; what does not fit is ignored."""
    text = values.get("text")
    if kind == "bundled" and isinstance(text, str):
        opening.open_bundled(text)
        session().arrived = True
    elif kind == "report" and isinstance(text, str) and text.strip():
        opening.use_report(session(), text)


def _go(memory: Session, pages: Sequence[Page], current: Page) -> None:
    """Show what was opened on the page it was opened for; from one without films, in Ground."""
    wanted = memory.goes_to
    if not wanted and memory.arrived and current.url_path in _WITHOUT_FILM:
        wanted = "ground"
    memory.arrived, memory.goes_to = False, ""
    page = next((page for page in pages if page.title.lower() == wanted), None)
    if page is not None and current != page:
        st.switch_page(page)
