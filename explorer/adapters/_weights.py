"""Reads tensors from published files; `load_strictly` names what is missing or extra.

A pickle is opened with `weights_only`: nothing but tensors and plain containers is rebuilt. Files
of training programs also hold settings of classes that are not installed here; each such class is
replaced by one that gives an empty mapping, so no code of the file runs.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from explorer.encoders.strict import load_strictly, require_same_keys
from explorer.errors import CheckpointError

__all__ = ["load_strictly", "read_tensors", "require_same_keys", "without_prefix"]

WHOLE = ("state_dict", "model")  # entries under which training programs keep the tensors

_one_at_a_time = Lock()  # the list of known classes is one for the process


class _StandIn:
    """Stands for a class of another program: gives an empty mapping, whatever it is given.

    An OrderedDict, since the restricted unpickler fills no container that it does not know.
    """

    def __new__(cls, *_: Any, **__: Any) -> Any:
        return OrderedDict()


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file or of a pickle, by name, on the CPU.

    Raises:
        CheckpointError: The file cannot be read or holds no tensors.
    """
    try:
        found: Any = load_file(path) if path.suffix == ".safetensors" else _unpickle(path)
    except Exception as error:  # both libraries raise many kinds, the unpickler its own
        said = str(error).removeprefix("Weights only load failed.")
        why = " ".join(said.rpartition("WeightsUnpickler error:")[2].split())[:160]
        raise CheckpointError(
            f"{path.name} of checkpoint {path.parent.name!r} cannot be read as tensors "
            f"({type(error).__name__}: {why}). Copy the file again, or convert it to safetensors."
        ) from error
    for entry in WHOLE:
        if isinstance(found, Mapping) and isinstance(found.get(entry), Mapping):
            found = found[entry]
    tensors = {k: v for k, v in found.items() if isinstance(v, Tensor)} if found else {}
    if not tensors:
        raise CheckpointError(
            f"{path.name} of checkpoint {path.parent.name!r} must hold named tensors, got none. "
            "Copy the file again."
        )
    return tensors


def _unpickle(path: Path) -> Any:
    names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    stand_ins: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
        (type(name.rpartition(".")[2], (_StandIn,), {}), name) for name in names
    ]
    with _one_at_a_time, torch.serialization.safe_globals(stand_ins):
        return torch.load(path, map_location="cpu", weights_only=True)


def without_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The same tensors, `prefix` taken from the names that begin with it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
