"""Weights in several files, as `transformers` cuts large ones, with the index that names them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open

from explorer.errors import CheckpointError

INDEX_FILE = "model.safetensors.index.json"
PICKLED_INDEX_FILE = "pytorch_model.bin.index.json"


def shard_names(index: Path) -> tuple[str, ...]:
    """The files that an index names, sorted.

    Raises:
        CheckpointError: It is no index, or it names a file outside the folder.
    """
    return tuple(sorted(set(_map_of(index).values())))


def require_whole(folder: Path) -> None:
    """Check that each file holds just the tensors that the index puts there.

    Raises:
        CheckpointError: Names the first tensors that are missing or extra, and their files.
    """
    from explorer.encoders.strict import require_same_keys  # torch: cards are listed without it

    index = folder / INDEX_FILE
    wanted = {f"{tensor} in {name}" for tensor, name in _map_of(index).items()}
    held: set[str] = set()
    for name in shard_names(index):
        try:
            with safe_open(folder / name, framework="numpy") as file:
                held |= {f"{tensor} in {name}" for tensor in file.keys()}  # noqa: SIM118
        except Exception as error:  # the library raises its own and those of the system
            raise _broken(folder / name, error) from error
    missing, extra = sorted(wanted - held), sorted(held - wanted)
    require_same_keys(missing=missing, extra=extra, shapes=(), folder=folder)


def write_index(published: Path, target: Path) -> None:
    """The index of pickled shards, for the safetensors that they become."""
    data = {
        "metadata": {},
        "weight_map": {
            tensor: converted(name) for tensor, name in sorted(_map_of(published).items())
        },
    }
    target.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def converted(name: str) -> str:
    """Name of the safetensors file that a pickle becomes.

    >>> converted("pytorch_model-00001-of-00002.bin")
    'pytorch_model-00001-of-00002.safetensors'
    """
    return Path(name).with_suffix(".safetensors").name


def _map_of(index: Path) -> dict[str, str]:
    try:
        found: Any = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        if not isinstance(found, Mapping) or not found:
            raise ValueError("weight_map must map tensors to files")
        for name in found.values():
            if not isinstance(name, str) or Path(name).name != name:
                raise ValueError(f"weight_map must name files of the folder, got {name!r}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _broken(index, error) from error
    return dict(found)


def _broken(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path.name} of checkpoint {path.parent.name!r} cannot be read "
        f"({' '.join(str(error).split())[:160]}). Copy the folder again."
    )
