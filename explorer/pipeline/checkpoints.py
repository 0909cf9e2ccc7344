"""Which checkpoints there are, opening one, and adding one as its makers published it."""

from pathlib import Path

from explorer import adapters
from explorer.adapters import AdapterCard, Engine
from explorer.adapters._shelf import read_card
from explorer.encoders.files import verify_hashes
from explorer.errors import CheckpointError
from explorer.pipeline._assets import ASSETS, own_shelf


def list_checkpoints(root: Path | None = None) -> tuple[AdapterCard, ...]:
    """Cards of all checkpoints that can be read, the default first.

    Args:
        root: The shelf; None = the one that ships with the program, then a person's own.

    Raises:
        CheckpointError: There is none; or all are broken, and why the first one is.
    """
    cards = tuple(card for shelf in _shelves(root) for card in adapters.list_checkpoints(shelf))
    if not cards:
        for error in broken_checkpoints(root):
            raise error
        raise CheckpointError(
            f"At least one checkpoint is needed, got none in {_shelves(root)[0]}. Clone the "
            "repository or install the package again, or train one with `explorer train`."
        )
    return cards


def broken_checkpoints(root: Path | None = None) -> tuple[CheckpointError, ...]:
    """What is wrong with the checkpoint folders that are not listed."""
    return tuple(error for shelf in _shelves(root) for error in adapters.broken_checkpoints(shelf))


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
        root: The shelf; None = the one that ships with the program, then a person's own.

    Raises:
        CheckpointError: Unknown name, broken folder, licence not accepted, or absent device.
    """
    folder = _folder(name, root) if name else list_checkpoints(root)[0].folder
    return adapters.open_checkpoint(folder, device=device, precision=precision)


def add_checkpoint(
    source: str,
    *,
    revision: str | None = None,
    family: str | None = None,
    name: str | None = None,
    licence: str | None = None,
    accept_licence: bool = False,
    shelf: Path | None = None,
) -> AdapterCard:
    """Take over a checkpoint as its makers published it, whole or not at all.

    Args:
        source: A folder, or "hf:owner/name" for a repository of the Hugging Face hub.
        revision: Commit, tag or branch of a repository; the commit goes onto the card.
        family: Which family it is; found from its files when None.
        name: Of the checkpoint; the last part of the source when None.
        licence: As its makers state it; read from README.md when None.
        accept_licence: Whether a person accepted a licence that forbids some use.
        shelf: Where it is put; a person's own shelf when None.

    Raises:
        CheckpointError: The source cannot be reached, no family knows it, its licence was not
            accepted, or it does not open.
    """
    fetched = adapters.fetch(source, revision=revision)
    return adapters.take_over(
        fetched,
        shelf or own_shelf(),
        name=name or fetched.source.rpartition("/")[2],
        family=family,
        licence=licence,
        accept_licence=accept_licence,
    )


def accept_licence(name: str, root: Path | None = None) -> AdapterCard:
    """Note that a person accepted the licence of a checkpoint.

    Raises:
        CheckpointError: Unknown name, or broken folder.
    """
    return adapters.accept(_folder(name, root))


def _shelves(root: Path | None) -> tuple[Path, ...]:
    return (root,) if root else (ASSETS / "checkpoints", own_shelf())


def _folder(name: str, root: Path | None) -> Path:
    places = reversed(_shelves(root))  # what ships with the program keeps its name
    on_shelf = {folder.name: folder for shelf in places for folder in shelf.glob("*/")}
    if name in on_shelf:
        return on_shelf[name]
    if Path(name).is_dir():
        return Path(name)
    names = ", ".join(card.name for card in list_checkpoints(root))
    raise CheckpointError(
        f"Unknown checkpoint {name!r}: nothing on the shelf has that name and no folder has that "
        f"path. Available: {names}."
    )


def verify_checkpoint(name: str, root: Path | None = None) -> AdapterCard:
    """Read every file that a checkpoint's card names and compare its sha256; nothing is loaded.

    Raises:
        CheckpointError: Unknown name; or a file is missing or is not the one the card names.
    """
    card = read_card(_folder(name, root))
    files = card.extra["files"]
    verify_hashes(card.folder, files=files, loaded=list(files))
    return card
