"""The families there are: modules of this package, and of packages that name theirs.

Another package brings a family with an entry point of the group `explorer.adapters`, whose name is
the family's and whose value is a module; see docs/own_family.md. A name of this package comes
first, so that no installed package can take its place.
"""

import importlib
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast

from explorer import adapters
from explorer.adapters._base import AdapterCard, Engine
from explorer.errors import CheckpointError
from explorer.registry import module_names

GROUP = "explorer.adapters"


class Family(Protocol):
    """What a family's module holds; see `explorer.adapters._base`."""

    FILES: Sequence[str]
    WEIGHTS: Sequence[str]

    def load(self, card: AdapterCard, *, device: str, precision: str) -> Engine:
        """Load strictly: every tensor of the model must be in the files and nothing else."""
        ...


def family_names() -> list[str]:
    """Names of all families, sorted, without importing them."""
    return sorted({*module_names(adapters), *_elsewhere()})


def family_module(name: str) -> Family:
    """The module of a family.

    Raises:
        CheckpointError: There is no such family, or its package cannot be imported.
    """
    if name in module_names(adapters):
        return cast(Family, importlib.import_module(f"{adapters.__name__}.{name}"))
    if name not in _elsewhere():
        raise CheckpointError(
            f"Unknown checkpoint family {name!r}. Available: {', '.join(family_names())}."
        )
    point = _elsewhere()[name]
    try:
        module = point.load()
    except Exception as error:  # what a foreign package does on import is not known
        raise CheckpointError(
            f"The family {name!r} comes from {point.value!r}, which cannot be imported "
            f"({type(error).__name__}: {error}). Install that package again."
        ) from error
    lacking = [entry for entry in ("FILES", "WEIGHTS", "load") if not hasattr(module, entry)]
    if lacking:
        raise CheckpointError(
            f"The family {name!r} from {point.value!r} needs {', '.join(lacking)}, as "
            "docs/own_family.md says."
        )
    return cast(Family, module)


def _elsewhere() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
