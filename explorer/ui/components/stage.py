"""The workbench of one study: the viewer at once, then its maps piece by piece."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.ui import shelf, work
from explorer.ui.components.error_box import error_box
from explorer.ui.components.feeding import Feeding
from explorer.ui.components.viewer import MAX_PANES, Desk, Note, Thumbnail, ViewerFilm, viewer
from explorer.ui.opening import join_loose_report
from explorer.ui.remedies import apply_remedy
from explorer.ui.state import Session, session
from explorer.ui.wording import one_line

KEY = "viewer"
LONGEST_PHRASE = 200  # characters; a longer text is a report


@st.fragment
def stage() -> None:
    """Show the study; a typed phrase or another radiograph reruns only this part."""
    memory = session()
    if memory.framed != (memory.loaded.token if memory.loaded else None):
        st.rerun()  # the viewer asked for another study: the bar names it, too
    radiograph = memory.radiograph
    films = [ViewerFilm(memory.loaded.token, radiograph)] if memory.loaded and radiograph else []
    viewer(films, key=KEY, desk=_desk(memory), hear=_hear)
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
    pane.words()
    for index in work.ground_report(result, everything=memory.everything, say=say):
        pane.piece(index)


def _desk(memory: Session) -> Desk:
    loaded = memory.loaded
    problems = tuple(
        Note(title=": ".join(filter(None, (p.about[:80], p.title))), text=p.message)
        for p in memory.problems
    )
    if loaded is None:
        back = memory.before.title if memory.before else None
        return Desk(problems=problems, failed=memory.failed, back=back, loose_report=_loose(memory))
    films = loaded.study.radiographs
    thumbnails = (
        tuple(
            Thumbnail(one_line(label, longest=80), shelf.thumbnail(film, side=96))
            for label, film in zip(loaded.labels, films, strict=True)
        )
        if len(films) > 1
        else ()
    )
    return Desk(
        title=loaded.title,
        link=loaded.name,
        thumbnails=thumbnails,
        index=min(memory.radiograph_index, len(films) - 1),
        problems=problems,
        loose_report=_loose(memory),
    )


def _loose(memory: Session) -> str | None:
    return None if memory.loose_report is None else one_line(memory.loose_report, longest=90)


def _pane(values: dict[str, Any]) -> int:
    """Which pane a request is about; the first when it names none."""
    pane = values.get("pane")
    return pane if isinstance(pane, int) and 0 <= pane < MAX_PANES else 0


def _hear(kind: str, values: dict[str, Any]) -> None:
    """Do what a person asked for in the viewer; what does not fit is ignored."""
    memory = session()
    text = values.get("text")
    if kind == "ask" and isinstance(text, str):
        words = " ".join(text.split())[:LONGEST_PHRASE]
        memory.add_typed(words)
        memory.ask(f"t:{words}")
    elif kind == "forget" and isinstance(text, str):
        memory.typed = [typed for typed in memory.typed if typed != text]
    elif kind == "words" and isinstance(text, str):
        memory.words_asked = [*memory.words_asked, (_pane(values), text)][-8:]
    elif kind == "film" and isinstance(values.get("index"), int) and memory.loaded is not None:
        last = len(memory.loaded.labels) - 1
        memory.radiograph_index = min(max(values["index"], 0), last)
    elif kind == "everything":
        memory.everything = True
    elif kind == "back":
        memory.go_back()
    elif kind == "join":
        join_loose_report(memory)
    elif kind == "remedy" and isinstance(text, str):
        apply_remedy(memory, text)
    elif kind == "discard":
        memory.loose_report = None
