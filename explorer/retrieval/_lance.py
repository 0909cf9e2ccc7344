"""The one place that imports LanceDB: it is heavy and loud, and its errors are for programmers."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import RetrievalError

if TYPE_CHECKING:
    from lancedb.db import DBConnection

# Where in the sources of Lance an error was raised: of no use to a person.
_RAISED_AT = re.compile(r",? ?/\S*/src/\S+")
_FULL = ("no space left", "disk quota exceeded", "storagefull")


def is_local(uri: str) -> bool:
    """Whether a URI is a folder of this machine."""
    return "://" not in uri


def connect(uri: str) -> "DBConnection":
    """Connect to a folder or an object store, e.g. "s3://bucket/index".

    Object stores take their keys and endpoint from the environment, as their own tools do.

    Raises:
        RetrievalError: The place cannot be reached.
    """
    os.environ.setdefault("LANCEDB_LOG", "error")  # else one warning a table that is made
    import lancedb

    with in_words(uri, "opened"):
        return lancedb.connect(str(Path(uri).expanduser()) if is_local(uri) else uri)


@contextmanager
def in_words(uri: str, done: str) -> Iterator[None]:
    """Turn what Lance and the file system raise into a sentence for the person.

    Args:
        uri: The index.
        done: What was to be done with it: "opened", "written", "searched".

    Raises:
        RetrievalError: Anything went wrong inside.
    """
    try:
        yield
    except RetrievalError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())
        if getattr(error, "errno", None) == errno.ENOSPC or any(f in said.lower() for f in _FULL):
            raise RetrievalError(
                f"The disk of the index {uri!r} is full. Make room and run the same command again: "
                "studies that are in stay in, no study is in by half."
            ) from error
        if is_local(uri) and ("not found" in said.lower() or not Path(uri).expanduser().exists()):
            raise RetrievalError(
                f"Files of the index {uri!r} are gone: they were moved or deleted while it was in "
                "use. Put them back, or build it again."
            ) from error
        said = _RAISED_AT.sub("", said)[:200]
        raise RetrievalError(
            f"The index {uri!r} cannot be {done} ({type(error).__name__}: {said}). If files "
            "of it were moved or deleted, build it again."
        ) from error
