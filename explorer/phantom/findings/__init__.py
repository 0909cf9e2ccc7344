"""The folder is the list: each public file is one finding with `CARD` and `insert`."""

import sys
from functools import cache
from types import ModuleType

from explorer.registry import discover


@cache
def list_findings() -> dict[str, ModuleType]:
    """Finding id (the file name) -> its module, sorted by id."""
    return discover(sys.modules[__name__])
