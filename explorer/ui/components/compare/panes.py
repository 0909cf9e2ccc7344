"""The panes of Compare: films at once, then the maps of every pane, piece by piece, in turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.ui import work
from explorer.ui.components.compare import choices
from explorer.ui.components.compare.trust import trust
from explorer.ui.components.error_box import error_box, guarded
from explorer.ui.components.feeding import Feeding, feed_failure
from explorer.ui.components.viewer import Setup, ViewerFilm, feed_setup, viewer
from explorer.ui.components.workbench import desk_of, hear
from explorer.ui.state import Session, session

KEY = "compare"
LETTERS = "ABCD"
MOST_SOURCES = 48  # maps of other sources that are kept on screen


@st.fragment
def compare() -> None:
    """Show the study in every pane; what a person changes reruns only this part."""
    memory = session()
    if memory.framed != (memory.loaded.token if memory.loaded else None):
        st.rerun()  # another study was asked for: the bar names it, too
    panes = choices.panes_of(memory)
    films = [work.film_of(memory, pane) for pane in panes] if memory.loaded else []
    token = memory.loaded.token if memory.loaded else ""
    shown = [ViewerFilm(token, film) for film in films if film is not None]
    viewer(shown, key=KEY, desk=desk_of(memory), hear=_hear)
    progress = st.container(key="progress").empty()
    with st.container(key="feeds"):
        if shown:
            filled, problems = _fill(memory, token, progress)
            if problems:
                with st.container(key="stage_error"):
                    for about, error in problems:
                        error_box(error, about=about)
    if shown:
        with guarded(about="Faithfulness"):
            trust(memory, filled, partial(_say, progress))
    progress.empty()


def _tell_setup(memory: Session, token: str, told: Setup | None = None) -> Setup:
    """Tell what the panes are set to, unless that was told."""
    setup = choices.setup_of(memory)
    if setup != told:
        feed_setup(token, setup, key=KEY, run=memory.run_of(KEY, -1, (token, setup)))
    return setup


Problems = list[tuple[str, Exception]]


def _fill(memory: Session, token: str, progress: DeltaGenerator) -> tuple[list[Feeding], Problems]:
    """Heads of all panes first, then what was typed, then the report, a piece of each in turn.

    A pane that fails says why; the others are filled all the same.

    Returns:
        The panes that have results, and what else went wrong with the letter of its pane.
    """
    problems: Problems = []
    filled: list[Feeding] = []

    say = partial(_say, progress)
    told = _tell_setup(memory, token)
    for index, pane in enumerate(choices.panes_of(memory)):
        say_of = partial(_say_of, progress, LETTERS[index])
        try:
            result = work.start(memory, say=say_of, pane=pane)
            pane = choices.fitting(memory, index, result.engine)
            feeding = Feeding(memory, result, KEY, index, pane.source)
            feeding.head()
        except Exception as error:  # noqa: BLE001 - the border to the person; the others stay
            feed_failure(memory, error, pane, key=KEY, index=index)
        else:
            filled.append(feeding)
    _tell_setup(memory, token, told)  # what a checkpoint can draw is known when it is loaded
    if filled:
        memory.shown = filled[0].result.key
    for feeding in filled:
        with _collected(problems, feeding):
            work.ground_typed(feeding.result, memory, say=say, forget=False)
        feeding.typed()
        with _collected(problems, feeding):
            feeding.words(say=say)
    _fill_reports(memory, filled, say, problems)
    for feeding in filled:
        with _collected(problems, feeding):
            feeding.sources(say=partial(_say_of, progress, LETTERS[feeding.pane]))
    return filled, problems


def _say(progress: DeltaGenerator, text: str) -> None:
    progress.caption(text)


def _say_of(progress: DeltaGenerator, letter: str, text: str) -> None:
    progress.caption(f"{letter}: {text}")


def _fill_reports(
    memory: Session, filled: list[Feeding], say: work.Say, problems: Problems
) -> None:
    left = [
        (f, work.ground_report(f.result, everything=memory.everything, say=say)) for f in filled
    ]
    while left:
        going = []
        for feeding, pieces in left:
            with _collected(problems, feeding):
                index = next(pieces, None)
                if index is not None:
                    feeding.piece(index)
                    going.append((feeding, pieces))
        left = going


@contextmanager
def _collected(problems: Problems, feeding: Feeding) -> Iterator[None]:
    """What goes wrong in one pane is said later, and the others go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the border to the person
        problems.append((f"Pane {LETTERS[feeding.pane]}", error))


def _hear(kind: str, values: dict[str, Any]) -> None:
    """Do what a person asked for in the viewer; what does not fit is ignored."""
    memory, pane = session(), values.get("pane")
    if kind == "set" and isinstance(pane, int):
        choices.change(memory, pane, values.get("name"), values.get("value"))
    elif kind == "source" and isinstance(pane, int) and isinstance(values.get("text"), str):
        memory.sources_asked = [*memory.sources_asked, (pane, values["text"])][-MOST_SOURCES:]
        memory.sources_stopped.discard((pane, values["text"]))
    elif kind == "stop" and isinstance(pane, int) and isinstance(values.get("text"), str):
        choices.stop(memory, pane, values["text"])
    elif kind == "check" and isinstance(values.get("text"), str):
        memory.checked = values["text"]
    elif kind == "add":
        choices.add(memory)
    elif kind == "remove" and isinstance(pane, int):
        choices.remove(memory, pane)
    else:
        hear(kind, values)
