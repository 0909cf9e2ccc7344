"""Reads tensors from published files, and loads them strictly: what is missing or extra is named.

A pickle is opened with `weights_only`: nothing but tensors and plain containers is rebuilt. Files
of training programs also hold settings of classes that are not installed here; each such class is
replaced by one that gives an empty mapping, so no code of the file runs.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from explorer.errors import CheckpointError

NAMED = 5  # keys that an error names
WHOLE = ("state_dict", "model")  # entries under which training programs keep the tensors

# A buffer that older versions of transformers wrote and newer ones compute.
POSITION_IDS = r"(.*\.)?embeddings\.position_ids"


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


def load_strictly(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    folder: Path,
    unused: Iterable[str] = (),
) -> None:
    """Load tensors in float32: every one of the module must be there and no other besides.

    Args:
        module: Takes the tensors.
        tensors: By the names of the module's state.
        folder: Of the checkpoint, for the error.
        unused: Patterns of names that a published file holds and no forward pass reads.

    Raises:
        CheckpointError: Names the first five keys that are missing, extra or of another shape.
    """
    known = re.compile("|".join(f"(?:{pattern})" for pattern in (POSITION_IDS, *unused)))
    given = {name: tensor for name, tensor in tensors.items() if not known.fullmatch(name)}
    wanted = module.state_dict()
    # Counts batches of training only; files of before PyTorch 0.4.1 lack it.
    optional = {name for name in wanted if name.endswith("num_batches_tracked")}
    shapes = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in given and given[name].shape != tensor.shape
    ]
    require_same_keys(
        missing=[name for name in wanted if name not in given and name not in optional],
        extra=[name for name in given if name not in wanted],
        shapes=shapes,
        folder=folder,
    )
    floats = {k: v.float() if v.is_floating_point() else v for k, v in given.items()}
    module.load_state_dict(floats, strict=not optional)


def require_same_keys(
    *, missing: Iterable[str], extra: Iterable[str], shapes: Iterable[str], folder: Path
) -> None:
    """Raise where weights and network differ; of each kind the first five are named.

    Raises:
        CheckpointError: A key is missing, extra or of another shape.
    """
    kinds = {"missing": list(missing), "extra": list(extra), "of another shape": list(shapes)}
    parts = [
        f"{len(keys)} {kind}: {', '.join(keys[:NAMED])}{', …' if len(keys) > NAMED else ''}"
        for kind, keys in kinds.items()
        if keys
    ]
    if parts:
        raise CheckpointError(
            f"The weights of checkpoint {folder.name!r} are not those of its family "
            f"({'; '.join(parts)}). Check the family on the card, or copy the folder again."
        )
