"""What `explorer checkpoints add` needs of a published folder: its files and the card's entries."""

import math
import pickletools
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open

from explorer.adapters._bert import TOKENIZER_FILES
from explorer.adapters._import import Layout
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._weights import read_tensors
from explorer.encoders.files import WEIGHTS_FILE

_FRAMES = {
    "shorter side": "center crop",
    "longer side": "letterbox",
    "both sides": "squash",
    "pad to square": "letterbox",
}
_WEIGHTS = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".tar")


def card_entries(
    preprocessing: Preprocessing,
    *,
    title: str,
    grid_shape: tuple[int, int],
    dimension: int,
    pooling: str,
    weights: str = WEIGHTS_FILE,
    **more: Any,
) -> dict[str, Any]:
    """Entries of a card that follow from the network and its preprocessing."""
    cropped = preprocessing.resize == "shorter side"
    return {
        "title": title,
        "weights": [weights],
        "input_size": list(preprocessing.input_shape),
        "grid_size": list(grid_shape),
        "dimension": dimension,
        "frame_mode": _FRAMES[preprocessing.resize],
        **({"resize": preprocessing.resized_to} if cropped else {}),
        "pooling": pooling,
        "normalisation": {"mean": list(preprocessing.mean), "std": list(preprocessing.std)},
        **more,
    }


def clinical_layout(
    folder: Path, weights: Path, entries: Mapping[str, Any], *, name: str = WEIGHTS_FILE
) -> Layout:
    """One file of weights, converted where it is a pickle, and the tokenizer that is there."""
    present = [file for file in TOKENIZER_FILES if (folder / file).is_file()]
    return Layout(entries=entries, files={name: weights, **{f: folder / f for f in present[:1]}})


def holder_of(folder: Path, tensor: str) -> Path | None:
    """The weights file of a folder that holds a tensor of this name, or of this ending.

    Nothing is loaded: the names are read from the list of a safetensors file or of a pickle.
    """
    for path in sorted(folder.iterdir()):
        if path.suffix in _WEIGHTS and any(n.endswith(tensor) for n in tensor_names(path)):
            return path
    return None


def tensor_names(path: Path) -> frozenset[str]:
    """Names in a weights file; of a pickle all its strings, tensors' names among them."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="numpy") as file:
                return frozenset(file.keys())
        with zipfile.ZipFile(path) as archive:
            inner = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
            program = archive.read(inner)
        return frozenset(arg for _, arg, _ in pickletools.genops(program) if isinstance(arg, str))
    except Exception:  # noqa: BLE001 - any file may lie there; what is none of ours has no names
        return frozenset()


def learned_temperature(weights: Path) -> float:
    """Temperature that training found: one over the exponential of `logit_scale`."""
    if weights.suffix == ".safetensors":
        with safe_open(weights, framework="numpy") as file:
            scale = float(file.get_tensor("logit_scale").reshape(()))
    else:
        scale = float(read_tensors(weights)["logit_scale"].reshape(()))
    return round(math.exp(-scale), 6)
