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
            f"At least one checkpoint is needed, got none in {root}. Clone the repository or "
            "install the package again, or train one with `explorer train`."
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
    """Load a checkpoint; the default one when no name is given.

    Args:
        name: Of a checkpoint on the shelf, or the path of a folder. A name on the shelf comes
            first; a folder of the same name in the working directory is "./name".
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "float32", "bfloat16" or "float16".
        root: The shelf; None = the one that ships with the program.

    Raises:
        CheckpointError: Unknown name, broken folder, or absent device.
    """
    folder = (
        _folder(name, root or ASSETS / "checkpoints") if name else list_checkpoints(root)[0].folder
    )
    return adapters.open_checkpoint(folder, device=device, precision=precision)


def _folder(name: str, root: Path) -> Path:
    on_shelf = {folder.name: folder for folder in root.glob("*/")}
    if name in on_shelf:
        return on_shelf[name]
    if Path(name).is_dir():
        return Path(name)
    names = ", ".join(card.name for card in list_checkpoints(root))
    raise CheckpointError(
        f"Unknown checkpoint {name!r}: nothing on the shelf has that name and no folder has that "
        f"path. Available: {names}."
    )
