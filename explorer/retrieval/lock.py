"""One writer at a time: a file lock in a local folder, a lease row in an object store.

A file lock goes with its process, so a killed writer bars nobody. A lease cannot know that its
owner died; it runs out.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from explorer.errors import RetrievalError
from explorer.retrieval._lance import in_words, is_local

if TYPE_CHECKING:
    from lancedb.db import DBConnection

LOCK_FILE = ".writer.lock"
LEASE_TABLE = "writer"
LEASE_SECONDS = 120.0


class Hold(Protocol):
    """The right to write."""

    def renew(self) -> None:
        """Make sure it is still held; call before every commit."""
        ...


@contextmanager
def writing_right(db: "DBConnection", uri: str) -> Iterator[Hold]:
    """Hold the right to write for as long as the block runs.

    Raises:
        RetrievalError: Another writer holds it.
    """
    if not is_local(uri):
        lease = Lease(db, uri)
        lease.renew()
        try:
            yield lease
        finally:
            lease.release()
        return
    folder = Path(uri).expanduser()
    with in_words(uri, "written"):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_FILE).open("a")
    with file:
        try:
            _lock(file)
        except OSError as error:
            raise _taken(uri, "when it is done") from error
        yield _FileHold()


class _FileHold:
    def renew(self) -> None:
        """A file lock does not run out."""


class Lease:
    """A row that names the writer and when its right ends; taken by compare-and-set."""

    def __init__(self, db: "DBConnection", uri: str, *, seconds: float = LEASE_SECONDS) -> None:
        self._db, self._uri, self._seconds = db, uri, seconds
        self._owner = uuid.uuid4().hex

    def renew(self) -> None:
        """Take or prolong the lease.

        Raises:
            RetrievalError: Another writer holds it.
        """
        self._set(until=time.time() + self._seconds)
        with in_words(self._uri, "written"):
            (row,) = self._table().search().limit(2).to_list()
        if row["owner"] != self._owner:
            left = max(1, round(row["until"] - time.time()))
            raise _taken(self._uri, f"when it is done; if it was ended, in {left} seconds")

    def release(self) -> None:
        """Let the next writer in at once."""
        self._set(until=0.0)

    def _set(self, *, until: float) -> None:
        import pyarrow as pa

        row = {
            "name": ["writer"],
            "owner": [self._owner],
            "until": [until],
            "asked": [time.time()],
        }
        free = "target.until < source.asked OR target.owner = source.owner"
        with in_words(self._uri, "written"):
            (
                self._table()
                .merge_insert("name")
                .when_matched_update_all(where=free)
                .when_not_matched_insert_all()
                .execute(pa.table(row))
            )

    def _table(self) -> Any:
        import pyarrow as pa

        columns = [("name", pa.string()), ("owner", pa.string())]
        columns += [("until", pa.float64()), ("asked", pa.float64())]
        return self._db.create_table(LEASE_TABLE, schema=pa.schema(columns), exist_ok=True)


def _taken(uri: str, when: str) -> RetrievalError:
    return RetrievalError(
        f"One process at a time may write to an index, another is writing to {uri!r}. "
        f"Run the command again {when}."
    )


def _lock(file: Any) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
