"""Loads tensors strictly: what is missing, extra or of another shape is named, the first five."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor, nn

from explorer.errors import CheckpointError

NAMED = 5  # keys that an error names

# A buffer that older versions of transformers wrote and newer ones compute.
POSITION_IDS = r"(.*\.)?embeddings\.position_ids"


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
