"""From the study on screen to grounded phrases, piece by piece: only what changed is done again."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from explorer.entities import GroundedPhrase, ImageCheck, Radiograph, Report
from explorer.errors import ExplorerError, PhraseError
from explorer.ui import encoded, engines, grounded
from explorer.ui.door import pipeline
from explorer.ui.loaded import LoadedStudy
from explorer.ui.sharing import turn
from explorer.ui.state import Options, PaneChoice, Session
from explorer.ui.wording import count

if TYPE_CHECKING:
    from explorer.pipeline import Engine, Faithfulness, Sanity, SourceMap, WordShares

Say = Callable[[str], None]
ON_SCREEN = PaneChoice()  # the film, checkpoint and options on screen


@dataclass(frozen=True, slots=True)
class Checks:
    """Whether a map can be trusted: curves, and what is left of it without learned weights.

    Attributes:
        sanity: None where the family lets its layers not be drawn anew; `why` then says so.
    """

    curves: "Faithfulness"
    sanity: "Sanity | None"
    why: str = ""


@dataclass(slots=True)
class Work:
    """Results for one radiograph, report, checkpoint and set of options.

    Attributes:
        opened: Name, device and precision of the checkpoint; unloading it drops nothing here.
        key: All that decides the results: engine, opening, film, threshold rule, pooling.
        options: Threshold rule and pooling.
        sentences: Grounded sentences so far, in report order; None where nothing is grounded.
        pieces: [start, end) of the sentences of every finished piece.
        typed: Grounded phrases that were typed, by their text.
        refused: Why a sentence of the report cannot be grounded; else empty.
        sources: Maps of other sources, or why there is none, by source and phrase.
        checks: Whether a map can be trusted, by source and phrase.
        words: What each word adds, or why that cannot be said, by way and phrase.
    """

    key: tuple[object, ...]
    opened: tuple[str | None, str, str]
    loaded: LoadedStudy
    radiograph: Radiograph
    encoded: encoded.Encoded
    options: Options
    sentences: list[GroundedPhrase | None] = field(default_factory=list)
    pieces: list[tuple[int, int]] = field(default_factory=list)
    refused: str = ""
    typed: dict[str, GroundedPhrase] = field(default_factory=dict)
    sources: "dict[tuple[str, str], SourceMap | str]" = field(default_factory=dict)
    checks: "dict[tuple[str, str], Checks]" = field(default_factory=dict)
    words: "dict[tuple[str, str], WordShares | str]" = field(default_factory=dict)

    @property
    def engine(self) -> "Engine":
        """The checkpoint, loaded again if it was unloaded: results alone keep no weights."""
        name, device, precision = self.opened
        return engines.engine(name, device=device, precision=precision)

    @property
    def check(self) -> ImageCheck:
        """What kind of image this looks like."""
        return self.encoded.embeddings.check

    @property
    def report(self) -> Report | None:
        """The report of the study."""
        return self.loaded.study.report

    @property
    def answers(self) -> bool:
        """Whether phrases can be grounded: by this checkpoint, on this picture."""
        return self.engine.reads_text and not self.check.refuse

    @property
    def total(self) -> int:
        """Number of sentences of the report."""
        return len(self.report.sentences) if self.report else 0


def start(memory: Session, *, say: Say, pane: PaneChoice = ON_SCREEN) -> Work:
    """Return the results of a pane, encoded and without sentences when they are new.

    Args:
        memory: With the study on screen and the options that all panes share.
        say: Told what is being done.
        pane: What is the pane's own; the first pane takes everything from the session.

    Raises:
        ExplorerError: The checkpoint cannot be loaded.
    """
    loaded, radiograph = memory.loaded, film_of(memory, pane)
    if radiograph is None or loaded is None:
        raise RuntimeError("There is no radiograph to ground; the page shows its empty state.")
    options = pane.options(memory.options)
    say("Loading the checkpoint")
    engine = engines.engine(options.checkpoint, device=options.device, precision=options.precision)
    rules = options.as_arguments().values()
    key = (engines.engine_key(engine), loaded.token, radiograph.digest, *rules)
    work = memory.works.get(key)
    if work is None:
        say("Encoding the radiograph")
        film = encoded.encode(engine, radiograph, told=queue_words(say, "Encoding the radiograph"))
        opened = options.checkpoint, options.device, options.precision
        work = Work(key, opened, loaded, radiograph, film, options)
    memory.keep_work(work)
    return work


def film_of(memory: Session, pane: PaneChoice) -> Radiograph | None:
    """The radiograph of a pane; one that is not there is the one on screen."""
    films = memory.loaded.films if memory.loaded else ()
    if pane.film is None or not 0 <= pane.film < len(films):
        return memory.radiograph
    return films[pane.film]


def queue_words(say: Say, doing: str) -> Callable[[int], None]:
    """Say the place in the queue while others are served, then what is being done."""

    def told(place: int) -> None:
        ahead = "piece of work" if place == 1 else "pieces of work"
        say(f"{place} {ahead} of others before yours" if place else doing)

    return told


def ground_report(work: Work, *, everything: bool, say: Say) -> Iterator[int]:
    """Ground the sentences that are missing, piece by piece.

    Between two pieces other sessions take their turn, and a person who opens another study or
    leaves the page ends the work: nothing is lost, it goes on from here the next time.

    Args:
        work: The results so far; completed here.
        everything: Go on beyond `grounded.MOST_UNASKED` sentences.
        say: Told what is being done.

    Yields:
        The index of each finished piece in `work.pieces`, also of those finished before.

    Raises:
        PhraseError: After the last piece: a sentence cannot be grounded, the others are.
    """
    yield from range(len(work.pieces))
    if work.report is None or not work.answers:
        return
    sentences = count(work.total, "sentence")
    doing = f"Grounding {sentences}"
    pieces = grounded.ground_pieces(
        work.engine,
        work.encoded,
        work.report,
        options=work.options,
        start=len(work.sentences),
        stop=bound(work, everything=everything),
        first=grounded.PIECE if work.pieces else grounded.FIRST_PIECE,
        told=queue_words(say, doing),
    )
    say(doing)
    for piece in pieces:
        work.sentences.extend(piece.phrases)
        work.pieces.append((piece.start, piece.stop))
        work.refused = work.refused or piece.problem
        yield len(work.pieces) - 1
        say(f"{piece.stop} of {sentences} grounded")
    if work.refused:
        raise PhraseError(work.refused)


def bound(work: Work, *, everything: bool) -> int:
    """How many sentences are grounded without a further press."""
    return work.total if everything else min(work.total, grounded.MOST_UNASKED)


def ground_typed(work: Work, memory: Session, *, say: Say, forget: bool = True) -> None:
    """Ground the typed phrases that are missing, in one text batch.

    Args:
        work: The results so far; completed here.
        memory: With the phrases that were typed.
        say: Told what is being done.
        forget: Take phrases that cannot be grounded from the list; other panes may know them.

    Raises:
        PhraseError: A phrase cannot be grounded; the others are.
    """
    fresh = [phrase for phrase in memory.typed if phrase not in work.typed]
    if not fresh or not work.answers:
        return
    doing = "Grounding what you asked"
    say(doing)
    told = queue_words(say, doing)
    try:
        _ground_typed(work, fresh, told)
        return
    except ExplorerError as error:
        problem = error
    for phrase in fresh:
        try:
            _ground_typed(work, [phrase], told)
        except ExplorerError as error:
            problem = error
            if forget:
                memory.typed = [typed for typed in memory.typed if typed != phrase]
    raise problem


def _ground_typed(work: Work, phrases: list[str], told: Callable[[int], None]) -> None:
    result = grounded.ground(work.engine, work.encoded, phrases, options=work.options, told=told)
    work.typed.update({p.phrase: p for p in result.phrases if p is not None})


def ask_words(work: Work, found: GroundedPhrase, way: str, *, say: Say) -> "WordShares | str":
    """Find what each word of a grounded phrase adds to its map, or why that cannot be said."""
    key = way, found.phrase
    if key not in work.words:
        doing = f"Words of \u201c{found.phrase[:60]}\u201d by {way}"
        say(doing)
        told = queue_words(say, doing)
        try:
            work.words[key] = grounded.word_shares(
                work.engine, work.encoded, found, way=way, told=told
            )
        except ExplorerError as error:
            work.words[key] = str(error)
    return work.words[key]


def ask_source(work: Work, phrase: str, source: str, *, say: Say) -> None:
    """Find the map of a phrase from another source, taking a turn for each call of the model.

    Between two calls the script ends when something newer is to be run.
    """
    key = source, phrase
    if key in work.sources:
        return
    doing = f"{source[:1].upper()}{source[1:]} of \u201c{phrase[:60]}\u201d"
    say(doing)
    try:
        work.sources[key] = pipeline.source_map(
            work.engine,
            work.radiograph,
            phrase,
            source=source,
            around=_counted(doing, pipeline.source_calls(source), say),
        )
    except ExplorerError as error:
        work.sources[key] = str(error)


def _counted(doing: str, calls: int, say: Say) -> Callable[[], AbstractContextManager[None]]:
    """Take a turn for each call and say which it is, where there are several."""
    count = itertools.count(1)

    def around() -> AbstractContextManager[None]:
        step = f"{doing}, {min(next(count), calls)} of {calls}" if calls > 1 else doing
        say(step)
        return turn(queue_words(say, step))

    return around


def check_map(work: Work, phrase: str, source: str, *, say: Say) -> Checks | None:
    """Whether the map of a phrase can be trusted; None where there is no such map."""
    key = source, phrase
    if key not in work.checks:
        ask_source(work, phrase, source, say=say)
        shown = work.sources[key]
        if isinstance(shown, str):
            return None
        work.checks[key] = _checks(work, shown, say)
    return work.checks[key]


def _checks(work: Work, shown: "SourceMap", say: Say) -> Checks:
    doing = "Taking parts of the film away, and bringing them back"
    say(doing)
    parts = work.engine, work.radiograph, shown
    around = partial(turn, queue_words(say, doing))
    curves = pipeline.check_faithfulness(*parts, around=around)
    say("Drawing the layers anew")
    try:
        return Checks(curves, pipeline.check_sanity(*parts, around=around))
    except ExplorerError as error:
        return Checks(curves, None, str(error))
