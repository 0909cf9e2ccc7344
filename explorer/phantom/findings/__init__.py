"""The folder is the list: each public file is one finding with `CARD` and `insert`."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType


@cache
def list_findings() -> dict[str, ModuleType]:
    """Finding id (the file name) -> its module, sorted by id."""
    names = sorted(i.name for i in pkgutil.iter_modules(__path__) if not i.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}
