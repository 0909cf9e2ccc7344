"""One file per checkpoint family; each makes its checkpoints speak the records of `entities`."""

import importlib
from typing import TYPE_CHECKING, Any

from explorer.adapters._base import AdapterCard, Calibration, Engine, scoring_of, threshold_of
from explorer.adapters._families import family_names
from explorer.adapters._hub import fetch
from explorer.adapters._import import Layout, accept, take_over
from explorer.adapters._product_threads import products_in_one_thread
from explorer.adapters._recent import Recent
from explorer.adapters._reference import add_reference
from explorer.adapters._shelf import broken_checkpoints, list_checkpoints, open_checkpoint

if TYPE_CHECKING:
    from explorer.adapters._device import (
        choose_device,
        choose_precision,
        encoding_threads,
        sharing_processors,
    )
    from explorer.adapters._engine import DualEngine, Encoded
    from explorer.adapters._weights import load_strictly, read_tensors

__all__ = [
    "AdapterCard",
    "Calibration",
    "DualEngine",
    "Encoded",
    "Engine",
    "Layout",
    "Recent",
    "accept",
    "add_reference",
    "broken_checkpoints",
    "choose_device",
    "choose_precision",
    "encoding_threads",
    "family_names",
    "fetch",
    "list_checkpoints",
    "load_strictly",
    "open_checkpoint",
    "products_in_one_thread",
    "read_tensors",
    "scoring_of",
    "sharing_processors",
    "take_over",
    "threshold_of",
]


def __getattr__(name: str) -> Any:
    # torch takes a second to import: only who writes or opens a family pays for it.
    if name in _LAZY:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_LAZY = {
    "DualEngine": "_engine",
    "Encoded": "_engine",
    "choose_device": "_device",
    "choose_precision": "_device",
    "encoding_threads": "_device",
    "sharing_processors": "_device",
    "load_strictly": "_weights",
    "read_tensors": "_weights",
}
