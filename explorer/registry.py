"""The folder is the list: each public module of a package is an entry, its name is the id."""

import importlib
import pkgutil
from types import ModuleType


def module_names(package: ModuleType) -> list[str]:
    """Names of the public modules of `package`, sorted, without importing them.

    Modules that start with an underscore are shared machinery and are left out.
    """
    return sorted(
        info.name
        for info in pkgutil.iter_modules(package.__path__)
        if not info.name.startswith("_")
    )


def discover(package: ModuleType) -> dict[str, ModuleType]:
    """Import the public modules of `package`, sorted by name.

    A module that fails to import raises: a broken entry is never dropped in silence.

    Returns:
        Mapping from module name (the id used in the CLI, URLs and tables) to the module.
    """
    return {
        name: importlib.import_module(f"{package.__name__}.{name}")
        for name in module_names(package)
    }
