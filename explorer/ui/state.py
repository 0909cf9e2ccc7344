"""What a session remembers while its tab is open: in memory only, across pages and reruns.

Streamlit forgets a widget's value when its page is left, and file uploads cannot be kept by a
widget at all. What must last is therefore held here, in one typed record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from explorer.entities import Box, GroundedPhrase, Radiograph, Study

Origin = Literal["bundled", "upload"]
_KEY = "_session"
MOST_TYPED = 12


@dataclass(frozen=True, slots=True)
class Reference:
    """A box whose place is known, drawn beside what the model found."""

    label: str
    sentence_index: int | None
    box: Box


@dataclass(frozen=True, slots=True)
class LoadedStudy:
    """The study on screen.

    Attributes:
        title: Name of a bundled study, or "Your files".
        labels: One short text per radiograph, for the selector.
        expected: "works", "normal" or "fails" for a bundled study.
    """

    study: Study
    origin: Origin
    title: str
    labels: tuple[str, ...]
    name: str | None = None
    description: str = ""
    expected: str | None = None
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of an upload that could not be used; the other parts are kept."""

    about: str
    title: str
    message: str


@dataclass(slots=True)
class Session:
    """Everything one tab remembers.

    Attributes:
        banner_dismissed: Whether "research use" was acknowledged.
        loaded: The study on screen; stays when a later upload fails.
        problems: What could not be used of the last upload.
        radiograph_index: Which radiograph of the study is shown.
        typed: Phrases the person typed, in order, without repeats.
        chosen: Index of the chosen phrase among sentences, then typed phrases.
        grounded: Results for the radiograph and options of `grounded_key`, by phrase.
    """

    banner_dismissed: bool = False
    loaded: LoadedStudy | None = None
    problems: tuple[Problem, ...] = ()
    radiograph_index: int = 0
    typed: list[str] = field(default_factory=list)
    chosen: int = 0
    grounded_key: tuple[str, ...] = ()
    grounded: dict[str, GroundedPhrase] = field(default_factory=dict)

    @property
    def radiograph(self) -> Radiograph | None:
        """The radiograph on screen."""
        if self.loaded is None:
            return None
        films = self.loaded.study.radiographs
        return films[min(self.radiograph_index, len(films) - 1)]

    def show(self, loaded: LoadedStudy, *, problems: Sequence[Problem] = ()) -> None:
        """Put a study on screen and forget what belonged to the one before."""
        self.loaded = loaded
        self.problems = tuple(problems)
        self.radiograph_index = 0
        self.chosen = 0
        self.typed = []

    def add_typed(self, phrase: str) -> bool:
        """Keep a typed phrase; return whether it is new and there was room."""
        text = " ".join(phrase.split())
        if not text or len(self.typed) >= MOST_TYPED:
            return False
        if text.casefold() in (typed.casefold() for typed in self.typed):
            return False
        self.typed.append(text)
        return True


def session() -> Session:
    """Return this tab's record, made on first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
    found = st.session_state[_KEY]
    assert isinstance(found, Session)
    return found
