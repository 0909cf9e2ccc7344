"""Published ways to learn from radiographs and reports: the folder is the list, a file a method.

A file holds `METHOD`, a class with a `card` and `Options`; its name is the id everywhere (CLI flag,
table row, test file). Files that start with an underscore are shared.
"""

import sys
from functools import cache
from typing import Any

from explorer.errors import TrainingError
from explorer.registry import discover, module_names


@cache
def list_methods() -> dict[str, type[Any]]:
    """Method id (the file name) -> its class, sorted by id."""
    return {name: module.METHOD for name, module in discover(sys.modules[__name__]).items()}


def find_method(name: str) -> type[Any]:
    """The class of a method.

    Raises:
        TrainingError: There is no such method; the message names those that exist.
    """
    if name not in module_names(sys.modules[__name__]):
        known = ", ".join(module_names(sys.modules[__name__]))
        raise TrainingError(f"Unknown method {name!r}. Available: {known}.")
    return list_methods()[name]
