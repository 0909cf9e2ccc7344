"""The shelf of checkpoint folders: read their cards, check their hashes, open one.

A checkpoint is a folder in the Hugging Face layout with `card.json` beside it. The card names the
sha256 of every other file; nothing is loaded before all of them match. Weights are safetensors
only: no pickle is opened and no code of the folder is run.
"""

import importlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer import adapters
from explorer.adapters._base import AdapterCard, Calibration, Engine
from explorer.encoders.files import (
    CARD_FILE,
    WEIGHTS_FILE,
    verify_hashes,
)
from explorer.errors import CheckpointError
from explorer.registry import module_names

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


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
        if any(path.iterdir()):
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
        CheckpointError: A file is missing, damaged, swapped or a pickle; or the device is absent.
    """
    card = read_card(folder)
    verify_hashes(folder, files=card.extra["files"])
    module = importlib.import_module(f"{adapters.__name__}.{card.family}")
    engine: Engine = module.load(card, device=device, precision=precision)
    return engine


def read_card(folder: Path) -> AdapterCard:
    """Read and check `card.json`.

    Raises:
        CheckpointError: The file is missing, no JSON, or lacks an entry.
    """
    path = folder / CARD_FILE
    _refuse_pickles(folder)
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        calibration = Calibration(**data.pop("calibration"))
        _check_values(data, calibration)
        size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file())
        card = AdapterCard(
            name=folder.name,
            size_bytes=size,
            calibration=calibration,
            folder=folder,
            sha256=data["files"][WEIGHTS_FILE],
            **{k: data.pop(k) for k in _CARD_KEYS},
            metrics=data.pop("metrics", {}),
            extra=data,
        )
    except FileNotFoundError as error:
        raise CheckpointError(
            f"A checkpoint folder needs {CARD_FILE}; {folder.name!r} has none. "
            "Copy the whole folder again."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{CARD_FILE} of checkpoint {folder.name!r} is not complete ({error}). "
            "Copy the folder again or write the card as docs/checkpoints.md says."
        ) from error
    if card.family not in module_names(adapters):
        raise CheckpointError(
            f"Unknown checkpoint family {card.family!r} in {folder.name!r}. "
            f"Available: {', '.join(module_names(adapters))}."
        )
    return card


_WORDS = ("title", "family", "licence", "training_data", "frame_mode", "pooling")
_NUMBERS = ("input_size", "grid_size", "dimension", "parameters")
_CARD_KEYS = (*_WORDS, *_NUMBERS)


def _check_values(data: dict[str, Any], calibration: Calibration) -> None:
    """Raise ValueError for an entry of the wrong kind; a missing one is found later."""
    for name in _WORDS:
        if not isinstance(data.get(name, ""), str):
            raise ValueError(f"{name} must be text, got {data[name]!r}")
    for name in _NUMBERS:
        value = data.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise ValueError(f"{name} must be a positive whole number, got {value!r}")
    for name in ("threshold", "null_peak_mean", "null_peak_std"):
        value = getattr(calibration, name)
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"calibration {name} must be a number, got {value!r}")
    if not all(isinstance(digest, str) for digest in data["files"].values()):
        raise ValueError("files must map names to sha256 digests")


def _refuse_pickles(folder: Path) -> None:
    found = [f.name for f in folder.glob("*") if f.suffix in _PICKLES]
    if found and not (folder / WEIGHTS_FILE).exists():
        raise CheckpointError(
            f"Weights must be {WEIGHTS_FILE}, got {found[0]!r} in {folder.name!r}: a pickle can "
            "run code and is not opened. Convert it with the safetensors package first."
        )
