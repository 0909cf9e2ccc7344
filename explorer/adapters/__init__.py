"""One file per checkpoint family; each makes its checkpoints speak the records of `entities`."""

from explorer.adapters._base import AdapterCard, Calibration, Engine
from explorer.adapters._reference import add_reference
from explorer.adapters._shelf import broken_checkpoints, list_checkpoints, open_checkpoint

__all__ = [
    "AdapterCard",
    "Calibration",
    "Engine",
    "add_reference",
    "broken_checkpoints",
    "list_checkpoints",
    "open_checkpoint",
]
