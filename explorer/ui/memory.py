"""Freed films go back to the system: without this, a server that opens many keeps their memory.

The allocator of glibc learns from every freed block: after the first radiograph it serves blocks of
up to 32 MB from the heaps of its threads, of which Streamlit makes a new one a run, and holes in a
heap are not given back. Fixed limits keep every large array in a mapping of its own.
"""

import ctypes
import gc
import os
import sys
from pathlib import Path

LARGE_BLOCK = 1 << 20  # bytes from which a block is a mapping of its own
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of malloc.h


def give_back_large_blocks() -> bool:
    """Fix the limits of this process; return whether its C library knows them."""
    if not sys.platform.startswith("linux"):
        return False
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is None:
        return False
    return all(adjust(name, LARGE_BLOCK) == 1 for name in (_MMAP_THRESHOLD, _TRIM_THRESHOLD))


def give_back() -> None:
    """Collect what nobody holds and hand free heap pages to the system, where it can be asked."""
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def resident() -> int | None:
    """Bytes of memory this process holds now; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
