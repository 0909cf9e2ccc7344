"""Where words go: results to stdout; progress and notes to stderr."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID


def consoles() -> "tuple[Console, Console]":
    """Results go to stdout, progress and notes to stderr."""
    from rich.console import Console

    results = Console()
    if not results.is_terminal:  # a file or a pipe has no width: keep tables whole
        results.width = 120
    return results, Console(stderr=True)


def say(log: "Console", text: str) -> None:
    log.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def working(log: "Console", what: str) -> Iterator[None]:
    with log.status(what):
        yield


_Item = TypeVar("_Item")


def tracked(log: "Console", items: Sequence[_Item]) -> Iterable[_Item]:
    from rich.progress import track

    return track(items, description="Images", console=log, total=len(items))


@contextmanager
def staged(log: "Console") -> Iterator[Callable[[str, int, int], None]]:
    """One progress bar a stage, with the time that is left.

    Yields the function that is told (stage, done, all); a stage that begins ends those before.
    """
    from rich.progress import Progress

    # News may be minutes apart, and one that is older is not counted in the speed.
    with Progress(console=log, speed_estimate_period=1800) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for task in bars.tasks:
                    bars.update(task.id, completed=task.total)
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done)

        yield tell


@contextmanager
def logged(log: "Console") -> Iterator[None]:
    """What long work notes on its way goes to stderr, above the progress bars."""
    import logging

    from rich.logging import RichHandler

    handler = RichHandler(console=log, show_path=False, markup=False)
    logger = logging.getLogger("explorer")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
