"""One file per checkpoint family; each makes its checkpoints speak the records of `entities`."""

from explorer.adapters._base import AdapterCard, Calibration, Engine
from explorer.adapters._shelf import list_checkpoints, open_checkpoint

__all__ = ["AdapterCard", "Calibration", "Engine", "list_checkpoints", "open_checkpoint"]
