"""What a tab remembers of the Prototypes page: what is clustered, what is open, edits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from explorer.entities import Float32
from explorer.ui.fields import fill_fields
from explorer.ui.state import Session

if TYPE_CHECKING:
    from explorer.pipeline import Clustering, Level, Points, Use

Colour = Literal["prototype", "finding", "view", "doubt"]
Shown = Literal["own", "mixed", "closed"]
Order = Literal["size", "tightness", "purity", "position"]
ROOMS = "rooms"  # part of the page with the gallery or the open room
SHOWN = 12  # rooms at first, and with every further press


@dataclass(frozen=True, slots=True)
class Choice:
    """What is clustered and how."""

    level: "Level" = "regions"
    method: str = "kmeans"
    granularity: int = 48
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """How the map is drawn and the rooms are listed.

    Attributes:
        way: Of the map.
        beside: Index whose map is laid over it; "" for none.
        named: What names of listed rooms contain.
        hidden: Whether hidden rooms are listed.
    """

    way: str = "pca"
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
    """

    key: str
    points: "Points"
    clustering: "Clustering"

    @property
    def size(self) -> int:
        """Bytes it takes, about: vectors, and some hundred bytes of text a point."""
        return self.points.vectors.nbytes + 400 * len(self.points)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A map of the points.

    Attributes:
        plane: (N, 2) points on it.
        words: What it keeps, one sentence.
    """

    plane: Float32
    words: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Where a film looks like a prototype, asked to be drawn on Ground.

    Attributes:
        words: Number and name of the prototype, for its card.
        film: Digest of the radiograph.
        space: sha256 of the weights that both were encoded with.
    """

    words: str
    film: str
    space: str
    use: "Use"


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
        at: Part of the page that is to be in view; "" for none.
        asked: Counts what was asked to be in view.
        said: What the last edit did.
        edits: Counts edits; a field that shows what is edited is made anew after each.
    """

    choice: Choice = Choice()
    look: Look = Look()
    edited: "dict[str, Clustering]" = field(default_factory=dict)
    open: int | None = None
    picked: tuple[int, ...] = ()
    maps: int = 0
    shown: int = SHOWN
    at: str = ""
    asked: int = 0
    said: str = ""
    edits: int = 0

    def current(self, built: Built) -> "Clustering":
        """The prototypes as this person sees them."""
        return self.edited.get(built.key, built.clustering)

    def edit(self, built: Built, edited: "Clustering", *, said: str) -> None:
        """Keep an edit, and what it did in words; a room that is gone is left."""
        self.edited[built.key], self.said = edited, said
        self.edits += 1
        if self.open not in {p.id for p in edited.prototypes}:
            self.open = None

    def choose(self, choice: Choice) -> None:
        """Take other parameters; what was open or picked belonged to the ones before."""
        if choice != self.choice:
            self.choice, self.open, self.shown = choice, None, SHOWN
            self.at, self.said = "", ""
            self.forget_picked()

    def leave_index(self) -> None:
        """Take another index: nothing is open or picked there. Edits stay for who comes back."""
        self.open, self.shown = None, SHOWN
        self.at, self.said = "", ""
        self.forget_picked()

    def pick(self, rows: tuple[int, ...]) -> None:
        """List the prototypes of these points; none lists all."""
        self.picked, self.open = rows, None if rows else self.open
        self.at = ""

    def enter(self, number: int, choice: Choice) -> None:
        """Open a room and look at its top.

        Args:
            number: Of the prototype.
            choice: What was clustered when it was listed; a press on a list that is out of date
                opens nothing, for the number would be that of another prototype.
        """
        if choice != self.choice:
            return
        self.open, self.at, self.said = number, ROOMS, ""
        self.asked += 1

    def leave(self) -> None:
        """List all rooms again, at the one that was open."""
        self.open, self.at, self.said = None, f"card_{self.open}", ""
        self.asked += 1

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
        again: As in `fill_fields`.
    """
    choice, look = rooms.choice, rooms.look
    held = {
        "prototype_level": choice.level,
        "prototype_method": choice.method,
        "prototype_granularity": choice.granularity,
        "prototype_seed": choice.seed,
        "prototype_map": look.way,
        "prototype_shown": look.shown,
        "prototype_colour": look.colour,
        "prototype_beside": look.beside or None,
        "prototype_order": look.order,
        "prototype_name": look.named,
        "prototype_hidden": look.hidden,
    }
    fill_fields(held, again=again)


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
