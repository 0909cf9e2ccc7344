"""A study that was opened, with its known places and the films that lie beside it."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from explorer.entities import Box, Radiograph, Study

Origin = Literal["bundled", "upload", "index"]


def new_token() -> str:
    """A name that nothing else has."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Reference:
    """A box whose place is known, drawn beside what the model found."""

    label: str
    sentence_index: int | None
    box: Box


@dataclass(frozen=True, slots=True)
class Beside:
    """A film of another study that Compare may show beside the study on screen."""

    radiograph: Radiograph
    label: str


@dataclass(frozen=True, slots=True)
class LoadedStudy:
    """The study on screen.

    Attributes:
        token: Names this opening: the same films opened again are another opening. Every message
            to the browser carries it, so that nothing of one study is drawn on another.
        title: Name of a bundled study, or "Your study".
        labels: One short text per radiograph, for the selector.
        expected: "works", "normal" or "fails" for a bundled study.
        beside: Films of other studies, for Compare only; they never become part of the study.
    """

    study: Study
    origin: Origin
    title: str
    labels: tuple[str, ...]
    name: str | None = None
    description: str = ""
    expected: str | None = None
    references: tuple[Reference, ...] = ()
    beside: tuple[Beside, ...] = ()
    token: str = field(default_factory=new_token)

    @property
    def films(self) -> tuple[Radiograph, ...]:
        """What a pane of Compare can show: the study's own films, then those beside it."""
        return (*self.study.radiographs, *(other.radiograph for other in self.beside))

    @property
    def film_labels(self) -> tuple[str, ...]:
        """Short texts for `films`."""
        return (*self.labels, *(other.label for other in self.beside))

    def anew(self, **changes: Any) -> "LoadedStudy":
        """The same study as another opening of its own, with changes."""
        return replace(self, token=new_token(), **changes)

    def first_frontal(self) -> int:
        """Index of the radiograph to show first: the first that is not a lateral."""
        films = self.study.radiographs
        return next((i for i, f in enumerate(films) if f.view_position != "lateral"), 0)
