"""Which checkpoints there are, and opening one."""

from pathlib import Path

from explorer import adapters
from explorer.adapters import AdapterCard, Engine
from explorer.errors import CheckpointError
from explorer.pipeline._assets import ASSETS


def list_checkpoints(root: Path | None = None) -> tuple[AdapterCard, ...]:
    """Cards of all checkpoints that can be read, the default first.

    Raises:
        CheckpointError: There is none; or all are broken, and why the first one is.
    """
    root = root or ASSETS / "checkpoints"
    cards = adapters.list_checkpoints(root)
    if not cards:
        for error in adapters.broken_checkpoints(root):
            raise error
        raise CheckpointError(
            f"At least one checkpoint is needed, got none in {root}. Clone the repository again "
            "or train one with `explorer train`."
        )
    return cards


def broken_checkpoints(root: Path | None = None) -> tuple[CheckpointError, ...]:
    """What is wrong with the checkpoint folders that are not listed."""
    return adapters.broken_checkpoints(root or ASSETS / "checkpoints")


def open_engine(
    name: str | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    root: Path | None = None,
) -> Engine:
    """Load a checkpoint by folder name or path; the default one when no name is given.

    Raises:
        CheckpointError: Unknown name, broken folder, or absent device.
    """
    for folder in (Path(name), (root or ASSETS / "checkpoints") / name) if name else ():
        if folder.is_dir():
            return adapters.open_checkpoint(folder, device=device, precision=precision)
    cards = list_checkpoints(root)
    if name:
        names = ", ".join(card.name for card in cards)
        raise CheckpointError(f"Unknown checkpoint {name!r}. Available: {names}.")
    return adapters.open_checkpoint(cards[0].folder, device=device, precision=precision)
