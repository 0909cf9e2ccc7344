"""What a session remembers while its tab is open: in memory only, across pages and reruns.

Streamlit forgets a widget's value when its page is left, and file uploads cannot be kept by a
widget at all. What must last is therefore held here, in one typed record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from explorer.entities import Box, Radiograph, Study
from explorer.ui.faults import explain, title_of

Origin = Literal["bundled", "upload"]
Rule = Literal["calibrated", "otsu", "fixed"]
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

    @classmethod
    def of(cls, error: Exception, *, about: str) -> "Problem":
        """Put an error into words for the person; an unexpected one is logged without its text."""
        return cls(about=about, title=title_of(error), message=explain(error))


@dataclass(frozen=True, slots=True)
class Options:
    """How maps become regions and scores.

    Attributes:
        checkpoint: Name of the checkpoint; None takes the default.
        rule: Threshold rule.
        threshold: Calibrated score in (0, 1) for the rule "fixed".
        pooling: Name of the pooling; None takes the checkpoint's own.
        device, precision: As asked for; "auto" takes the best there is.
    """

    checkpoint: str | None = None
    rule: Rule = "calibrated"
    threshold: float = 0.5
    pooling: str | None = None
    device: str = "auto"
    precision: str = "auto"

    def as_arguments(self) -> dict[str, Any]:
        """Return them as keyword arguments of the grounding use cases."""
        threshold = self.threshold if self.rule == "fixed" else None
        return {"rule": self.rule, "threshold": threshold, "pooling": self.pooling}


@dataclass(slots=True)
class Session:
    """Everything one tab remembers.

    Attributes:
        banner_dismissed: Whether "research use" was acknowledged.
        loaded: The study on screen; stays when a later upload fails.
        problems: What could not be used of the last upload.
        device, precision: Asked for on the Checkpoints page.
        uploading: Whether the upload form is open.
        radiograph_index: Which radiograph of the study is shown.
        typed: Phrases the person typed, in order, without repeats.
        shown: `ViewerPhrase.phrase_id` the viewer is asked to select.
        chosen: The phrase whose details are shown: the last one typed or pressed.
        last_choice: What the viewer reported as pressed when it was last asked.
        work: Results of the study on screen; see `explorer.ui.work`.
    """

    banner_dismissed: bool = False
    loaded: LoadedStudy | None = None
    problems: tuple[Problem, ...] = ()
    device: str = "auto"
    precision: str = "auto"
    uploading: bool = False
    radiograph_index: int = 0
    typed: list[str] = field(default_factory=list)
    shown: str | None = None
    chosen: str | None = None
    last_choice: str | None = None
    work: Any = None

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
        self.radiograph_index = next(
            (
                i
                for i, film in enumerate(loaded.study.radiographs)
                if film.view_position != "lateral"
            ),
            0,
        )
        self.shown = self.chosen = None
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
