"""What the panes of Compare are set to, and what a person may change about it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from explorer.ui import engines, search
from explorer.ui.components.options_form import POOLINGS
from explorer.ui.components.viewer import MAX_PANES, PaneSetup, Setup
from explorer.ui.door import pipeline
from explorer.ui.loaded import Beside
from explorer.ui.state import FEWEST, MOST_BESIDE, PaneChoice, Session
from explorer.ui.wording import one_line

if TYPE_CHECKING:
    from explorer.pipeline import AdapterCard, Corpus, Engine

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
        checkpoints=tuple((name, engines.label(card)) for name, card in cards.items()),
        poolings=tuple((name, name) for name in POOLINGS),
        films=tuple(
            f"{number}: {one_line(label, longest=40)}"
            for number, label in enumerate(_labels(memory), start=1)
        ),
    )


def _shown(memory: Session, pane: PaneChoice, cards: "dict[str, AdapterCard]") -> PaneSetup:
    options = pane.options(memory.options)
    checkpoint = options.checkpoint or next(iter(cards))
    own = cards[checkpoint].pooling if checkpoint in cards else ""
    film = memory.radiograph_index if pane.film is None else pane.film
    loaded = next(iter(engines.loaded_engines(checkpoint).values()), None)
    known = tuple(
        name for name in pipeline.map_sources(loaded) if loaded or name != pipeline.ATTENTION
    )
    return PaneSetup(checkpoint, options.pooling or own, pane.source, film, known)


def fitting(memory: Session, index: int, engine: "Engine") -> PaneChoice:
    """The choice of a pane, with similarity in place of a source that its checkpoint lacks."""
    panes = list(panes_of(memory))
    if panes[index].source not in pipeline.map_sources(engine):
        panes[index] = replace(panes[index], source=pipeline.SIMILARITY)
        memory.panes = tuple(panes)
    return panes[index]


def stop(memory: Session, index: int, phrase_id: str) -> None:
    """Leave the map of a phrase from another source undone until it is asked for again."""
    memory.sources_asked = [a for a in memory.sources_asked if a != (index, phrase_id)]
    memory.sources_stopped.add((index, phrase_id))


def change(memory: Session, index: int, name: object, value: object) -> None:
    """Set one thing of one pane; what does not fit is ignored."""
    panes = list(panes_of(memory))
    known: dict[object, set[Any]] = {
        "checkpoint": {card.name for card in engines.checkpoints()},
        "pooling": set(POOLINGS),
        "source": set(pipeline.map_sources()),
        "film": set(range(len(_labels(memory)))),
    }
    if not 0 <= index < len(panes) or value not in known.get(name, set()):
        return
    changed: dict[str, Any] = {str(name): value}
    panes[index] = replace(panes[index], **changed)
    if name == "checkpoint":
        panes[index] = replace(panes[index], pooling=None)  # the new one's own
    if name in ("checkpoint", "source", "film"):
        memory.sources_asked = [asked for asked in memory.sources_asked if asked[0] != index]
        memory.sources_stopped = {asked for asked in memory.sources_stopped if asked[0] != index}
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


def _labels(memory: Session) -> tuple[str, ...]:
    return memory.loaded.film_labels if memory.loaded else ()


def open_film(memory: Session, index: "Corpus", film: str, *, beside: bool) -> None:
    """Have a film of an index shown in Ground, or in Compare beside the study on screen.

    Raises:
        RetrievalError: The index has no such film, or its picture is damaged.
    """
    if beside and memory.loaded is not None:
        put_beside(memory, search.beside(index, film))
    else:
        memory.show(search.opened(index, film))
    memory.goes_to = "compare" if beside else "ground"


def put_beside(memory: Session, other: Beside) -> None:
    """Show a film of another study in a pane of its own, with what the first pane is set to.

    A second pane that nobody has set yet becomes it; else there is one more, or the last one
    changes.
    """
    if memory.loaded is None:
        return
    own = len(memory.loaded.labels)
    beside = list(memory.loaded.beside)
    if other.radiograph.digest in {b.radiograph.digest for b in beside}:
        place = [b.radiograph.digest for b in beside].index(other.radiograph.digest)
    elif len(beside) < MOST_BESIDE:
        place = len(beside)
        beside.append(other)
    else:
        place = len(beside) - 1
        beside[place] = other
    memory.loaded = replace(memory.loaded, beside=tuple(beside))
    panes = memory.panes or (PaneChoice(),)
    if any(pane.film == own + place for pane in panes):
        return
    memory.panes = (*panes[: MAX_PANES - 1], replace(panes[0], film=own + place))


def remove(memory: Session, index: int) -> None:
    """Take a pane away; two stay."""
    panes = panes_of(memory)
    if len(panes) > FEWEST and 0 <= index < len(panes):
        memory.panes = panes[:index] + panes[index + 1 :]
        memory.sources_stopped = set()
        memory.sources_asked = []  # panes behind it have other numbers now; the viewer asks again
