"""The protocols of placed phrases, found by listing their folder; every figure is named by one."""

from collections.abc import Mapping
from functools import cache
from typing import Protocol, cast

from explorer import registry
from explorer.errors import DataSetError
from explorer.evaluation import protocols
from explorer.evaluation.asked import Asked, Floats, Metric
from explorer.placed import digest_of

DEFAULT = "original_pixels"


class Listed(Protocol):
    """What every protocol says of itself."""

    ID: str
    TITLE: str
    METRICS: Mapping[str, Metric]


class PlacedProtocol(Listed, Protocol):
    """A module of `explorer.evaluation.protocols` that measures maps of placed phrases."""

    __doc__: str

    def measure(self, asked: Asked) -> dict[str, Floats]:
        """(P,) figures by metric."""
        ...


@cache
def placed_protocols() -> dict[str, PlacedProtocol]:
    """Protocols by name, sorted."""
    found = registry.discover(protocols)
    return {n: cast(PlacedProtocol, m) for n, m in found.items() if hasattr(m, "measure")}


def named(names: "list[str] | tuple[str, ...]") -> dict[str, PlacedProtocol]:
    """The protocols of these names, by name or id ("aep", "aep/1").

    Raises:
        DataSetError: One is unknown.
    """
    known = placed_protocols()
    by_id = {protocol.ID: name for name, protocol in known.items()}
    chosen = [by_id.get(name, name) for name in names]
    for name in chosen:
        if name not in known:
            raise DataSetError(f"A protocol must be one of {', '.join(known)}, got {name!r}.")
    return {name: known[name] for name in dict.fromkeys(chosen)}


def stamp(protocol: PlacedProtocol) -> str:
    """Id and digest of the definition: "aep/1 3f2a9c". Words of the definition change it."""
    return f"{protocol.ID} {digest_of([protocol.__doc__])[:6]}"


def definitions() -> dict[str, tuple[str, str]]:
    """Title and full definition by id, of every protocol of the folder."""
    found = {}
    for name, module in registry.discover(protocols).items():
        words = " ".join((module.__doc__ or "").split("\n\n", 1)[0].split())
        title = getattr(module, "TITLE", words.removeprefix(f'Protocol "{name}": '))
        found[getattr(module, "ID", getattr(module, "PROTOCOL", name))] = (
            title,
            (module.__doc__ or "").strip(),
        )
    return found
