"""Which checkpoints there are, and opening one."""

from pathlib import Path

from explorer import adapters
from explorer.adapters import AdapterCard, Engine
from explorer.errors import CheckpointError
from explorer.pipeline._assets import ASSETS


def list_checkpoints(root: Path | None = None) -> tuple[AdapterCard, ...]:
    """Cards of all checkpoints, the default first.

    Raises:
        CheckpointError: There is none, or a card cannot be read.
    """
    root = root or ASSETS / "checkpoints"
    cards = adapters.list_checkpoints(root)
    if not cards:
        raise CheckpointError(
            f"At least one checkpoint is needed, got none in {root}. Clone the repository again "
            "or train one with `explorer train`."
        )
    return cards


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
    if name is not None and Path(name).is_dir():
        return adapters.open_checkpoint(Path(name), device=device, precision=precision)
    cards = {card.name: card for card in list_checkpoints(root)}
    if name is not None and name not in cards:
        raise CheckpointError(f"Unknown checkpoint {name!r}. Available: {', '.join(cards)}.")
    card = cards[name] if name else next(iter(cards.values()))
    return adapters.open_checkpoint(card.folder, device=device, precision=precision)
