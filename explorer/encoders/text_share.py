"""Small checkpoints share a text tower: theirs is named by digest and taken from another folder.

Checkpoints that were trained on the frozen vectors of one text tower would each carry the same
20 MB. Theirs hold the image side only; `config.json` names the checkpoint that has the tower, and
the sha256 of its tensors and tokenizer, so that another tower is never taken in its place.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from explorer.encoders.files import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from explorer.errors import CheckpointError

ENTRY = "text_tower"  # of config.json
PREFIX = "text_encoder."
_PACKAGE = Path(__file__).parents[1]
_SHIPPED = _PACKAGE / "shipped"
SHELF = (_SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent) / "assets" / "checkpoints"


@dataclass(frozen=True, slots=True)
class SharedTower:
    """Where a text tower is, and which one it must be.

    Attributes:
        checkpoint: Name of the folder that holds it.
        sha256: Digest of its tensors, as stored, and of its tokenizer.
    """

    checkpoint: str
    sha256: str

    @classmethod
    def of(cls, folder: Path) -> "SharedTower":
        """The tower that a checkpoint folder holds, or that it takes from another."""
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        return cls.from_config(config) or cls(
            folder.name, _digest(_read(folder), folder / TOKENIZER_FILE)
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "SharedTower | None":
        """What config.json says; None where the checkpoint has a tower of its own."""
        entry = config.get(ENTRY)
        return None if entry is None else cls(str(entry["checkpoint"]), str(entry["sha256"]))

    def fetch(self, *, beside: Path) -> tuple[dict[str, Tensor], Path]:
        """Tensors of the tower, and its tokenizer file.

        Args:
            beside: Folder of the checkpoint that asks; the tower is looked for beside it first,
                then on the shelf that ships with the program.

        Raises:
            CheckpointError: No folder holds this very tower.
        """
        places = [place / self.checkpoint for place in (beside.parent, SHELF)]
        for place in places:
            if (place / WEIGHTS_FILE).is_file() and (place / TOKENIZER_FILE).is_file():
                state = _read(place)
                if _digest(state, place / TOKENIZER_FILE) == self.sha256:
                    return state, place / TOKENIZER_FILE
        raise CheckpointError(
            f"Checkpoint {beside.name!r} shares the text tower {self.sha256[:12]}… of "
            f"{self.checkpoint!r}, which is neither beside it nor on the shelf of the program. "
            f"Put the folder {self.checkpoint!r} beside it."
        )


def _read(folder: Path) -> dict[str, Tensor]:
    with safe_open(folder / WEIGHTS_FILE, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith(PREFIX)]  # noqa: SIM118 - no dict
        return {name: file.get_tensor(name) for name in names}


def _digest(state: Mapping[str, Tensor], tokenizer: Path) -> str:
    found = hashlib.sha256(tokenizer.read_bytes())
    for name in sorted(state):
        tensor = state[name].contiguous()
        found.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        found.update(tensor.view(torch.uint8).numpy().tobytes() if tensor.ndim else b"")
    return found.hexdigest()
