"""Results are written whole or not at all, and what the disk refuses is said in one line."""

import errno
from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "Free some space or choose another folder, and run the command again.",
    errno.EDQUOT: "Free some space or choose another folder, and run the command again.",
    errno.EACCES: "Choose a folder that you may read and write.",
    errno.EPERM: "Choose a folder that you may read and write.",
    errno.EROFS: "Choose a folder that you may write.",
    errno.ENOTDIR: "Give a path of which every part but the last is a folder.",
    errno.EISDIR: "Give a file, not a folder.",
    errno.ENOENT: "Give a path that exists.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` through a neighbour, so that a full disk or a kill leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:  # a full disk does not name the file
        error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def file_trouble(error: OSError) -> str | None:
    """One line for the person about a disk, a folder or a right; None for another kind of error.

    >>> file_trouble(OSError(errno.EROFS, "Read-only file system", "out/a.json"))
    'Read-only file system: out/a.json. Choose a folder that you may write.'
    """
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is None:
        return None
    at = f": {error.filename}" if error.filename else ""
    return f"{error.strerror}{at}. {remedy}"
