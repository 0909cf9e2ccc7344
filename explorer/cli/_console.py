"""Where words go: results to stdout; progress and notes to stderr."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console


def consoles() -> "tuple[Console, Console]":
    """Results go to stdout, progress and notes to stderr."""
    from rich.console import Console

    return Console(), Console(stderr=True)


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
