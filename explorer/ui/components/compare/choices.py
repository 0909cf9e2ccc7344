"""What the panes of Compare are set to, and what a person may change about it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from explorer.ui import engines
from explorer.ui.components.options_form import POOLINGS
from explorer.ui.components.viewer import MAX_PANES, PaneSetup, Setup
from explorer.ui.door import pipeline
from explorer.ui.state import PaneChoice, Session
from explorer.ui.wording import one_line

if TYPE_CHECKING:
    from explorer.pipeline import AdapterCard

FEWEST = 2
SECOND_SOURCE = "gradient x input"  # of a second pane where there is one checkpoint: the quickest


def panes_of(memory: Session) -> tuple[PaneChoice, ...]:
    """The panes of this session; on a first visit two that differ in the first thing that can."""
    if not memory.panes:
        names = [card.name for card in engines.checkpoints()]
        shown = memory.options.checkpoint or names[0]
        others = [name for name in names if name != shown]
        second = PaneChoice(checkpoint=others[0]) if others else PaneChoice(source=SECOND_SOURCE)
        memory.panes = (PaneChoice(), second)
    return memory.panes


def setup_of(memory: Session) -> Setup:
    """What every pane is set to and can be set to, in words for the person."""
    cards = {card.name: card for card in engines.checkpoints()}
    return Setup(
        panes=tuple(_shown(memory, pane, cards) for pane in panes_of(memory)),
        checkpoints=tuple((name, one_line(card.title)) for name, card in cards.items()),
        poolings=tuple((name, name) for name in POOLINGS),
        sources=tuple((name, name) for name in pipeline.map_sources()),
        films=tuple(
            f"{number}: {one_line(label, longest=40)}"
            for number, label in enumerate(memory.loaded.labels if memory.loaded else (), start=1)
        ),
    )


def _shown(memory: Session, pane: PaneChoice, cards: "dict[str, AdapterCard]") -> PaneSetup:
    options = pane.options(memory.options)
    checkpoint = options.checkpoint or next(iter(cards))
    own = cards[checkpoint].pooling if checkpoint in cards else ""
    film = memory.radiograph_index if pane.film is None else pane.film
    return PaneSetup(checkpoint, options.pooling or own, pane.source, film)


def change(memory: Session, index: int, name: object, value: object) -> None:
    """Set one thing of one pane; what does not fit is ignored."""
    panes = list(panes_of(memory))
    known: dict[object, set[Any]] = {
        "checkpoint": {card.name for card in engines.checkpoints()},
        "pooling": set(POOLINGS),
        "source": set(pipeline.map_sources()),
        "film": set(range(len(memory.loaded.labels))) if memory.loaded else set(),
    }
    if not 0 <= index < len(panes) or value not in known.get(name, set()):
        return
    changed: dict[str, Any] = {str(name): value}
    panes[index] = replace(panes[index], **changed)
    if name == "checkpoint":
        panes[index] = replace(panes[index], pooling=None)  # the new one's own
    if name in ("checkpoint", "source", "film"):
        memory.sources_asked = [asked for asked in memory.sources_asked if asked[0] != index]
    memory.panes = tuple(panes)


def add(memory: Session) -> None:
    """One more pane, with a checkpoint that no pane shows, or like the last pane."""
    panes = panes_of(memory)
    if len(panes) >= MAX_PANES:
        return
    setup = setup_of(memory)
    shown = {pane.checkpoint for pane in setup.panes}
    unseen = [name for name, _ in setup.checkpoints if name not in shown]
    new = PaneChoice(checkpoint=unseen[0]) if unseen else panes[-1]
    memory.panes = (*panes, new)


def remove(memory: Session, index: int) -> None:
    """Take a pane away; two stay."""
    panes = panes_of(memory)
    if len(panes) > FEWEST and 0 <= index < len(panes):
        memory.panes = panes[:index] + panes[index + 1 :]
        memory.sources_asked = []  # panes behind it have other numbers now; the viewer asks again
