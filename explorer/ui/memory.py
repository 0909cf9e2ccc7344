"""Freed films go back to the system: without this, a server that opens many keeps their memory.

The allocator of glibc learns from every freed block: after the first radiograph it serves blocks of
up to 32 MB from the heaps of its threads, of which Streamlit makes a new one a run, and holes in a
heap are not given back. Fixed limits keep every large array in a mapping of its own.
"""

import ctypes
import sys

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
