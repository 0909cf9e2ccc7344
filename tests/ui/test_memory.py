"""Memory of freed films goes back to the system, in a process of its own."""

import subprocess
import sys

import pytest

# Frees one block of 24 MB, which makes glibc serve such blocks from its heap afterwards; then
# takes a dozen with small ones between them, as a script does, and frees the large ones.
PROGRAM = """
import sys
import numpy as np
from explorer.ui.memory import give_back_large_blocks

def resident():
    text = open("/proc/self/status").read()
    return int(text.split("VmRSS:")[1].split()[0]) // 1024

if sys.argv[1] == "fixed":
    assert give_back_large_blocks()
np.ones(3_000_000).sum()
before = resident()
large, small = [], []
for _ in range(12):
    large.append(np.ones(3_000_000))
    small.append(np.ones(12_000))
large.clear()
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of glibc")
def test_freed_films_are_given_back() -> None:
    def growth(limits: str) -> int:  # in units of 2^20 bytes
        run = [sys.executable, "-c", PROGRAM, limits]
        return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)

    assert growth("fixed") < 30  # the small ones take 1
    assert growth("as found") > 150  # else nothing needs to be fixed any more
