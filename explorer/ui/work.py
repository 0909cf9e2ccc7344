"""From the study on screen to grounded phrases: only what changed is done again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.entities import GroundedPhrase, ImageCheck, Radiograph, Report
from explorer.errors import ExplorerError
from explorer.ui import cache
from explorer.ui.state import Options, Session

if TYPE_CHECKING:
    from explorer.pipeline import Engine

Say = Callable[[str], None]


@dataclass(slots=True)
class Work:
    """Results for one radiograph, report, checkpoint and set of options.

    Attributes:
        sentences: One entry per sentence of the report, None where nothing is grounded.
        typed: Grounded phrases that were typed, by their text.
        words: What each word adds, for phrases that were asked for; by the phrase.
        batch: How many phrases the last text batch grounded.
        batch_ms: How long that batch took, in milliseconds.
    """

    key: tuple[object, ...]
    engine: "Engine"
    radiograph: Radiograph
    encoded: cache.Encoded
    sentences: tuple[GroundedPhrase | None, ...] = ()
    typed: dict[str, GroundedPhrase] = field(default_factory=dict)
    words: dict[str, dict[int, cache.Share]] = field(default_factory=dict)
    batch: int = 0
    batch_ms: float = 0.0

    @property
    def check(self) -> ImageCheck:
        """What kind of image this looks like."""
        return self.encoded.embeddings.check


def is_current(memory: Session, options: Options) -> bool:
    """Whether the radiograph on screen was encoded and its report grounded with these options."""
    return isinstance(memory.work, Work) and memory.work.key[1:] == _key(memory, options)


def do(memory: Session, options: Options, *, say: Say) -> Work:
    """Bring the results of the session up to date.

    Args:
        memory: The session; its `work` is replaced only when all went well.
        options: Checkpoint, threshold rule and pooling.
        say: Told what is being done, for the progress line.

    Raises:
        ExplorerError: The checkpoint cannot be loaded or a phrase cannot be grounded.
    """
    radiograph = memory.radiograph
    if radiograph is None or memory.loaded is None:
        raise RuntimeError("There is no radiograph to ground; the page shows its empty state.")
    say("Loading the checkpoint")
    engine = cache.engine(options.checkpoint, device=options.device, precision=options.precision)
    key = (cache.engine_key(engine), *_key(memory, options))
    if not isinstance(memory.work, Work) or memory.work.key != key:
        memory.work = _ground_study(
            key, engine, radiograph, memory.loaded.study.report, options, say
        )
    work: Work = memory.work
    fresh = [phrase for phrase in memory.typed if phrase not in work.typed]
    if fresh and not work.check.refuse:
        say("Grounding what you typed")
        try:
            _ground_typed(work, fresh, options)
        except ExplorerError:
            memory.typed = [phrase for phrase in memory.typed if phrase not in fresh]
            raise
    return work


def last(memory: Session) -> Work | None:
    """Return the last result when it belongs to the radiograph on screen."""
    work, radiograph = memory.work, memory.radiograph
    if not isinstance(work, Work) or radiograph is None:
        return None
    return work if work.radiograph.digest == radiograph.digest else None


def _key(memory: Session, options: Options) -> tuple[object, ...]:
    assert memory.loaded is not None
    assert memory.radiograph is not None
    return memory.loaded.study.study_id, memory.radiograph.digest, options


def _ground_study(
    key: tuple[object, ...],
    engine: "Engine",
    radiograph: Radiograph,
    report: Report | None,
    options: Options,
    say: Say,
) -> Work:
    say("Encoding the radiograph")
    encoded = cache.encode(engine, radiograph)
    work = Work(key, engine, radiograph, encoded)
    if work.check.refuse or report is None or not report.sentences:
        return work
    say(f"Grounding {len(report.sentences)} sentences")
    result = cache.ground_report(engine, encoded, report, options=options)
    work.sentences = result.phrases
    work.batch = sum(phrase is not None for phrase in result.phrases)
    work.batch_ms = result.milliseconds
    return work


def _ground_typed(work: Work, phrases: list[str], options: Options) -> None:
    result = cache.ground(work.engine, work.encoded, phrases, options=options)
    work.typed.update({p.phrase: p for p in result.phrases if p is not None})
    work.batch, work.batch_ms = len(phrases), result.milliseconds
