"""What a session remembers while its tab is open: in memory only, across pages and reruns.

Streamlit forgets a widget's value when its page is left, and file uploads cannot be kept by a
widget at all. What must last is therefore held here, in one typed record. A reload of the page
starts a new Streamlit session; `explorer.ui.tabs` gives it this record back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from explorer.entities import Box, Radiograph
from explorer.ui.components.viewer import LONGEST_PHRASE, MOST_TYPED
from explorer.ui.faults import explain, title_of
from explorer.ui.loaded import LoadedStudy, new_token

if TYPE_CHECKING:
    from explorer.ui.evaluations import Evaluations
    from explorer.ui.rooms import Alike, Rooms
    from explorer.ui.search import Judgement, Query, Search
    from explorer.ui.work import Work

Rule = Literal["calibrated", "otsu", "fixed"]
_KEY = "_session"
MOST_WORKS = 8  # results of one study that are kept: two for each pane of Compare
FEWEST = 2  # panes of Compare
MOST_BESIDE = 8  # films of an index that lie beside a study on Compare


@dataclass(frozen=True, slots=True)
class File:
    """One file a person chose; `name` is shown to that person and goes nowhere else."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """Files that were chosen and are not read yet.

    Attributes:
        joins: Whether the person asked to add them to the study on screen.
    """

    files: tuple[File, ...]
    joins: bool = False


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


@dataclass(frozen=True, slots=True)
class PaneChoice:
    """What one pane of Compare shows; what is None is taken from the session's options.

    Attributes:
        checkpoint: Name of the checkpoint.
        pooling: Name of the pooling.
        source: Where its maps come from: "similarity", or a way of `pipeline.map_sources`.
        film: Which radiograph of the study; None follows the one on screen.
        device: As asked for.
    """

    checkpoint: str | None = None
    pooling: str | None = None
    source: str = "similarity"
    film: int | None = None
    device: str | None = None

    def options(self, shared: Options) -> Options:
        """The session's options with those of this pane in their place; rules are shared."""
        return replace(
            shared,
            checkpoint=self.checkpoint or shared.checkpoint,
            pooling=self.pooling or shared.pooling,
            device=self.device or shared.device,
        )


@dataclass(slots=True)
class Session:
    """Everything one tab remembers.

    Attributes:
        tab: Secret name of the browser tab, known to this process and that tab only.
        loaded: The study on screen; None while a failed opening is explained.
        failed: Whether the last opening failed; then no study is on screen.
        failure: Names the last failed opening, so that the next one is another.
        before: The study that was on screen before a failed opening.
        problems: What could not be used of the last opening.
        incoming: Files that were chosen and are not read yet.
        taken: Ids of the latest uploads that were taken over.
        spent: How often each file field was emptied; part of its key.
        loose_report: A report that came without a radiograph; joined only on request.
        options: Checkpoint, threshold rule, pooling, device, precision.
        radiograph_index: Which radiograph of the study is shown.
        typed: Phrases the person typed, in order, without repeats.
        asked: Phrase the viewer is to select, with a number that makes each request new.
        words_asked: Phrases whose words were asked for: (pane, id of the phrase, way).
        sources_asked: Maps of other sources that were asked for: (pane, id of the phrase).
        sources_stopped: Those of them that a person stopped before they were done.
        checked: Phrase whose maps are checked for faithfulness on Compare.
        everything: Whether the person asked for all sentences of a long report.
        runs: Counts results; names them in order.
        works: Results of the study on screen, by what decides them, the newest last.
        shown: Key of the results that the first pane shows, whatever page is open.
        placed: Which results a pane of a viewer shows, and the number they got there.
        panes: What the panes of Compare show; none before its first visit.
        index: Folder or address of the index that was chosen; "" for the first that is offered.
        search: What was searched for last on the Retrieve page, with its results.
        asked_search: A search that was asked for on a hit and is not run yet.
        boxes: Boxes drawn on the film on screen, in its pixels, the newest last.
        judged: What the person said of hits, by the name of the query and the film.
        rooms: What the Prototypes page shows, with this person's edits.
        alike: Where the film on screen looks like a prototype, when that was asked for.
        evaluations: What the Evaluate page shows.
        framed: Token of the study that the bar names.
        arrived: Whether a study was just opened from the drawer.
        goes_to: Page ("ground", "compare") on which something was just opened to be seen.
        link_read: What the address of the page asked for that was followed last.
    """

    tab: str | None = None
    loaded: LoadedStudy | None = None
    failed: bool = False
    failure: str = ""
    before: LoadedStudy | None = None
    problems: tuple[Problem, ...] = ()
    incoming: Incoming | None = None
    taken: tuple[str, ...] = ()
    spent: dict[str, int] = field(default_factory=dict)
    loose_report: str | None = None
    options: Options = Options()
    radiograph_index: int = 0
    typed: list[str] = field(default_factory=list)
    asked: tuple[int, str] | None = None
    words_asked: list[tuple[int, str, str]] = field(default_factory=list)
    sources_asked: list[tuple[int, str]] = field(default_factory=list)
    sources_stopped: set[tuple[int, str]] = field(default_factory=set)
    checked: str | None = None
    everything: bool = False
    runs: int = 0
    works: "dict[tuple[object, ...], Work]" = field(default_factory=dict)
    shown: tuple[object, ...] | None = None
    placed: dict[tuple[str, int], tuple[tuple[object, ...], int]] = field(default_factory=dict)
    panes: tuple[PaneChoice, ...] = ()
    index: str = ""
    search: "Search | None" = None
    asked_search: "Query | None" = None
    boxes: tuple[Box, ...] = ()
    judged: "dict[tuple[str, str], Judgement]" = field(default_factory=dict)
    rooms: "Rooms | None" = None
    alike: "Alike | None" = None
    evaluations: "Evaluations | None" = None
    framed: str | None = None
    arrived: bool = False
    goes_to: str = ""
    link_read: dict[str, str] = field(default_factory=dict)

    @property
    def radiograph(self) -> Radiograph | None:
        """The radiograph on screen."""
        if self.loaded is None:
            return None
        films = self.loaded.study.radiographs
        return films[min(self.radiograph_index, len(films) - 1)]

    @property
    def work(self) -> "Work | None":
        """Results that the first pane shows."""
        return None if self.shown is None else self.works.get(self.shown)

    def keep_work(self, work: "Work") -> None:
        """Keep results as the newest; the oldest make room."""
        self.works.pop(work.key, None)
        self.works[work.key] = work
        for key in list(self.works)[:-MOST_WORKS]:
            del self.works[key]

    def run_of(self, viewer: str, pane: int, key: tuple[object, ...]) -> int:
        """Number what a pane shows, named by a key: higher than what it showed before."""
        before, run = self.placed.get((viewer, pane), (None, 0))
        if before != key:
            self.runs += 1
            run = self.runs
            self.placed[viewer, pane] = key, run
        return run

    def forget_work(self) -> None:
        """Drop all results."""
        self.works, self.shown = {}, None

    def show(self, loaded: LoadedStudy, *, problems: Sequence[Problem] = ()) -> None:
        """Put a study on screen and forget what belonged to the one before.

        Typed phrases stay: they are questions, and can be asked of many studies.
        """
        self.panes = _following(self.panes, self.loaded or self.before, loaded)
        self.loaded, self.before, self.failed = loaded, None, False
        self.problems = tuple(problems)
        self.radiograph_index = loaded.first_frontal()
        self.asked, self.checked, self.everything = None, None, False
        self.words_asked, self.sources_asked, self.boxes = [], [], ()
        self.alike = None
        self.sources_stopped = set()
        self.forget_work()

    def fail(self, problems: Sequence[Problem]) -> None:
        """Say why nothing could be opened; the study before comes back only when asked for."""
        self.before = self.loaded or self.before
        self.loaded, self.failed, self.failure = None, True, new_token()
        self.forget_work()
        self.problems = tuple(problems)

    def go_back(self) -> None:
        """Put the study before a failed opening on screen again."""
        self.loaded = self.loaded or self.before
        self.show_again()

    def show_again(self, *, problems: Sequence[Problem] = (), **changes: Any) -> None:
        """Open the study on screen anew, with changes, at the radiograph that is shown."""
        if self.loaded is not None:
            index = self.radiograph_index
            self.show(self.loaded.anew(**changes), problems=problems)
            self.radiograph_index = index

    def ask(self, phrase_id: str) -> None:
        """Have the viewer select a phrase."""
        self.asked = ((self.asked[0] if self.asked else 0) + 1, phrase_id)

    def choose(self, **options: Any) -> None:
        """Change some of the options."""
        self.options = replace(self.options, **options)

    def add_typed(self, phrase: str) -> str | None:
        """Keep a typed phrase; return why it was not kept, or None."""
        text = typed_words(phrase)
        if not text:
            return "Type a phrase first, for example pleural effusion."
        if text.casefold() in (typed.casefold() for typed in self.typed):
            return "This phrase is in the list already."
        if len(self.typed) >= MOST_TYPED:
            return f"{MOST_TYPED} phrases are kept at a time. Remove one, then try again."
        self.typed.append(text)
        return None


def typed_words(text: str) -> str:
    """A typed phrase as it is kept: single spaces, cut to the length that a phrase may have."""
    return " ".join(text.split())[:LONGEST_PHRASE]


def _following(
    panes: tuple[PaneChoice, ...], before: LoadedStudy | None, after: LoadedStudy
) -> tuple[PaneChoice, ...]:
    """The panes for another study: films beside the one before have other numbers, or are gone.

    A pane whose film is gone goes with it; with none left but one that nobody has set, Compare
    starts as on a first visit.
    """
    own = len(before.labels) if before else 0
    found, stay = [], []
    for pane in panes:
        place = -1 if before is None or pane.film is None else pane.film - own
        there = place < len(after.beside)
        if place >= 0:
            pane = replace(pane, film=len(after.labels) + place if there else None)
        found.append(pane)
        if there:
            stay.append(pane)
    if len(stay) >= FEWEST:
        return tuple(stay)
    return () if stay == [PaneChoice()] else tuple(found[:FEWEST])


def session() -> Session:
    """Return this tab's record, made on first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
    found = st.session_state[_KEY]
    assert isinstance(found, Session)
    return found


def replace_session(record: Session) -> None:
    """Make an earlier record this tab's own."""
    st.session_state[_KEY] = record
