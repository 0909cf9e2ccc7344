"""The use cases: all that pages and commands call. Records in, records out; no tensor leaves.

`__init__.pyi` lists them. Each is loaded with its module when it is first asked for (PEP 562): what
grounds one phrase needs neither tables nor classifiers, whose loading takes seconds. (The library
`lazy_loader` takes names from the package's own modules only; some of these come from others.)
"""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path


def _places() -> dict[str, tuple[str, str]]:
    """Module and name there of everything that the stub imports."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in imports
        for alias in node.names
    }


_PLACES = _places()
__all__ = list(_PLACES)


def __getattr__(name: str) -> object:
    if name in _PLACES:
        module, there = _PLACES[name]
        found = getattr(import_module(module), there)
    elif name[0] != "_" and find_spec(f"{__name__}.{name}"):
        found = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
