"""Processes that a test began, told from those of other tests on the same machine."""

import os
from pathlib import Path


def descends(process: Path) -> bool:
    """Whether this process began one, or one that began it.

    Args:
        process: Its folder in /proc.

    Raises:
        OSError: It has ended.
    """
    while process.name not in ("0", "1"):
        if int(process.name) == os.getpid():
            return True
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        process = process.parent / fields[1]  # its parent
    return False
