"""Which index a person searches and clusters: one choice for Retrieve and Prototypes."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from explorer.ui.door import pipeline
from explorer.ui.state import Session


def offered(memory: Session | None = None) -> tuple[str, ...]:
    """Folders or addresses that the app offers: named at the start, bundled, typed before."""
    named = [uri.strip() for uri in os.environ.get("EXPLORER_INDEX", "").split(",")]
    found = [*named, pipeline.bundled_index() or "", memory.index if memory else ""]
    return tuple(dict.fromkeys(uri for uri in found if uri))


def index_uri(memory: Session | None = None) -> str | None:
    """The index that is shown: what the person chose, or the first that is offered."""
    if memory is not None and memory.index:
        return memory.index
    return next(iter(offered()), None)


def choose_index(memory: Session, uri: str) -> None:
    """Take another index: hits and rooms of the one before leave, and it is asked the same."""
    if uri.strip() == index_uri(memory):
        return
    memory.index = uri.strip()
    asked = memory.search.query if memory.search else memory.asked_search
    memory.search = memory.asked_search = None
    if asked and not asked.film and not asked.beside:  # these speak of the index before
        memory.asked_search = replace(asked, offset=0)
    if memory.rooms is not None:
        memory.rooms.leave_index()


def names_of(uris: Sequence[str]) -> dict[str, str]:
    """Short names by address: the last part, and the one above where two are called alike.

    >>> names_of(["/data/a/films.index", "/data/b/films.index"])["/data/a/films.index"]
    'a/films.index'
    """
    last = Counter(PurePosixPath(uri).name for uri in uris)
    named = {}
    for uri in uris:
        parts = PurePosixPath(uri).parts
        alike = last[PurePosixPath(uri).name] > 1
        named[uri] = "/".join(parts[-2:] if alike else parts[-1:]) or uri
        if uri == pipeline.bundled_index():
            named[uri] = "Bundled phantoms"
    return named
