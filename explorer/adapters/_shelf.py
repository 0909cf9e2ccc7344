"""The shelf of checkpoint folders: read their cards, check their hashes, open one.

A checkpoint is a folder with `card.json` beside the files of its family. The card names the
sha256 of every other file; nothing is loaded before all of them match. Weights are safetensors
only: no pickle is opened and no code of the folder is run.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer.adapters._base import AdapterCard, Engine
from explorer.adapters._card import card_from
from explorer.adapters._families import Family, family_module, family_names
from explorer.adapters._licences import require_accepted
from explorer.adapters._shards import INDEX_FILE, shard_names
from explorer.encoders.files import CARD_FILE, WEIGHTS_FILE, verify_hashes
from explorer.errors import CheckpointError

PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".tar")


def list_checkpoints(root: Path) -> tuple[AdapterCard, ...]:
    """Cards that can be read below `root`, the default checkpoint first, then by name.

    One broken folder does not hide the others; `broken_checkpoints` says what is wrong with it.
    """
    cards = [found for found in _read_all(root) if isinstance(found, AdapterCard)]
    return tuple(sorted(cards, key=lambda card: (not card.extra.get("default"), card.name)))


def broken_checkpoints(root: Path) -> tuple[CheckpointError, ...]:
    """Why folders below `root` that should be checkpoints are not listed, by name."""
    return tuple(found for found in _read_all(root) if isinstance(found, CheckpointError))


def _read_all(root: Path) -> Iterator[AdapterCard | CheckpointError]:
    for path in sorted(root.glob("*/")):
        if any(path.iterdir()) and not path.name.startswith("."):
            try:
                yield read_card(path)
            except CheckpointError as error:
                yield error


def open_checkpoint(folder: Path, *, device: str = "auto", precision: str = "auto") -> Engine:
    """Check every hash of the folder, then load it with the adapter its card names.

    Args:
        folder: Checkpoint folder.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "float32", "bfloat16" or "float16".

    Raises:
        CheckpointError: A file is missing, damaged, swapped or a pickle; the licence forbids some
            use and nobody accepted it; or the device is absent.
    """
    card = read_card(folder)
    require_accepted(card.name, card.licence, accepted=card.licence_accepted)
    family = family_module(card.family)
    optional = tuple(getattr(family, "OPTIONAL", ()))
    verify_hashes(
        folder,
        files=card.extra["files"],
        loaded=[name for name in family.FILES if name not in optional],
        optional=optional,
    )
    named = _weights_of(card, family)
    if set(named) != set(card.extra["weights"]):
        raise CheckpointError(
            f"{CARD_FILE} of checkpoint {folder.name!r} must name the weights "
            f"{', '.join(named)} of the family {card.family!r}, got "
            f"{', '.join(card.extra['weights'])}. Copy the folder again."
        )
    return family.load(card, device=device, precision=precision)


def _weights_of(card: AdapterCard, family: Family) -> list[str]:
    """The weights of a folder by its family: one file of several names, or those of an index."""
    files = card.extra["files"]
    named = [name for name in family.WEIGHTS if name in files]
    if not named and INDEX_FILE in files and INDEX_FILE in family.FILES:
        return list(shard_names(card.folder / INDEX_FILE))
    return named


def read_card(folder: Path) -> AdapterCard:
    """Read and check `card.json`.

    Raises:
        CheckpointError: The file is missing, no JSON, lacks an entry or holds a wrong one.
    """
    path = folder / CARD_FILE
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        card = card_from(data, folder=folder)
    except FileNotFoundError as error:
        _refuse_pickles(folder)
        raise CheckpointError(
            f"A checkpoint folder needs {CARD_FILE}; {folder.name!r} has none. "
            "Copy the whole folder again, or take one over with `explorer checkpoints add`."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{CARD_FILE} of checkpoint {folder.name!r} is not complete ({error}). "
            "Copy the folder again or write the card as docs/checkpoints.md says."
        ) from error
    if card.family not in family_names():
        raise CheckpointError(
            f"Unknown checkpoint family {card.family!r} in {folder.name!r}. "
            f"Available: {', '.join(family_names())}."
        )
    _refuse_pickles(folder, weights=card.extra["weights"])
    return card


def _refuse_pickles(folder: Path, *, weights: tuple[str, ...] = ()) -> None:
    found = [f.name for f in folder.glob("*") if f.suffix in PICKLES]
    lacking = [name for name in weights or (WEIGHTS_FILE,) if not (folder / name).exists()]
    if found and lacking:
        raise CheckpointError(
            f"Weights must be {lacking[0]}, got {found[0]!r} in {folder.name!r}: a pickle can "
            "run code and is not opened. Convert it with `explorer checkpoints add`."
        )
