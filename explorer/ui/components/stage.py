"""The workbench of one study: the viewer at once, then its maps piece by piece."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.ui import work
from explorer.ui.components.error_box import error_box
from explorer.ui.components.feeding import Feeding
from explorer.ui.components.viewer import ViewerFilm, viewer
from explorer.ui.components.workbench import desk_of, hear
from explorer.ui.state import Session, session

KEY = "viewer"


@st.fragment
def stage() -> None:
    """Show the study; a typed phrase or another radiograph reruns only this part."""
    memory = session()
    if memory.framed != (memory.loaded.token if memory.loaded else None):
        st.rerun()  # the viewer asked for another study: the bar names it, too
    radiograph = memory.radiograph
    films = [ViewerFilm(memory.loaded.token, radiograph)] if memory.loaded and radiograph else []
    viewer(films, key=KEY, desk=desk_of(memory), hear=hear)
    progress = st.container(key="progress").empty()
    with st.container(key="feeds"):
        if films:
            try:
                _show_results(memory, progress)
            except Exception as error:  # noqa: BLE001 - the border to the person
                with st.container(key="stage_error"):
                    error_box(error)
    progress.empty()


def _show_results(memory: Session, progress: DeltaGenerator) -> None:
    def say(text: str) -> None:
        progress.caption(text)

    result = work.start(memory, say=say)
    memory.shown = result.key
    pane = Feeding(memory, result, key=KEY)
    pane.head()
    work.ground_typed(result, memory, say=say)
    pane.typed()
    pane.likeness()
    pane.words(say=say)
    for index in work.ground_report(result, everything=memory.everything, say=say):
        pane.piece(index)
