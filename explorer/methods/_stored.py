"""A method's own attention beside the towers of a checkpoint: written after training, opened again.

Only methods whose attention is a map are kept (`MapSource`); memories and critics are of no use to
a finished checkpoint. One safetensors file holds the parameters in half precision and, as its
metadata, which method it is and how it was built.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from explorer.errors import CheckpointError, TrainingError
from explorer.methods import find_method
from explorer.methods._attention import Asked
from explorer.methods._base import Method, Shapes, View, read_options

METHOD_FILE = "method.safetensors"


@runtime_checkable
class MapSource(Protocol):
    """A method that says where a phrase is by its own attention, beside the cosine map."""

    def attention_map(self, view: View, asked: Asked) -> Tensor:
        """Where each phrase is looked for in each image: (B, P, h, w), sums of 1."""


def write_method(folder: Path, method: Method | None) -> None:
    """Write `method.safetensors` where the method is a source of maps; else remove an old one."""
    path = folder / METHOD_FILE
    if method is None or not isinstance(method, MapSource):
        path.unlink(missing_ok=True)
        return
    built = {
        "method": type(method).__module__.rpartition(".")[2],
        "options": asdict(method.options),
        "shapes": asdict(method.shapes),
    }
    state = {
        name: value.detach().cpu().to(torch.float16 if value.is_floating_point() else value.dtype)
        for name, value in method.state_dict().items()
    }
    save_file(
        {name: value.contiguous() for name, value in state.items()},
        path,
        metadata={"built": json.dumps(built)},
    )


def open_method(folder: Path) -> MapSource | None:
    """The source of maps of a checkpoint folder, in float32 on the CPU; None where it has none.

    Hashes are checked before, with those of the folder's other files.

    Raises:
        CheckpointError: The file is damaged, of a method that is not here, or of another shape.
    """
    path = folder / METHOD_FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            built = json.loads(file.metadata()["built"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        name = str(built["method"])
        kind = find_method(name)
        grid = (int(built["shapes"]["grid"][0]), int(built["shapes"]["grid"][1]))
        shapes = Shapes(**(built["shapes"] | {"grid": grid}))
        method = kind(read_options(kind.Options, built["options"], method=name), shapes)
        method.load_state_dict(state, strict=True)
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        RuntimeError,
        SafetensorError,
        TrainingError,
    ) as error:
        raise CheckpointError(
            f"{METHOD_FILE} of {folder.name!r} must hold the method that its training wrote "
            f"({' '.join(str(error).split())[:160]}). Copy the folder again."
        ) from error
    source = method.eval().requires_grad_(requires_grad=False)
    if not isinstance(source, MapSource):
        raise CheckpointError(f"{METHOD_FILE} of {folder.name!r} is of {name}, which has no maps.")
    return source
