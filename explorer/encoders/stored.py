"""Opens the model of a checkpoint folder: every tensor must be there and none besides."""

import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer

from explorer.encoders.alignment import LocalAlignmentConfig, LocalAlignmentModel
from explorer.encoders.files import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from explorer.errors import CheckpointError


def open_stored(folder: Path) -> tuple[LocalAlignmentModel, Tokenizer]:
    """Model in float32 on the CPU, and its tokenizer; hashes are checked by `verify_hashes` before.

    Raises:
        CheckpointError: A file cannot be read, or the tensors are not those of the model.
    """
    try:
        shape = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        state = load_file(folder / WEIGHTS_FILE)
        tokenizer = _open_tokenizer(folder / TOKENIZER_FILE)
        model = LocalAlignmentModel(LocalAlignmentConfig(**shape))
        model.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in state.items()}, strict=True
        )
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        raise not_as_described(folder, f"{type(error).__name__}: {error}") from error
    return model, tokenizer


def not_as_described(folder: Path, why: str) -> CheckpointError:
    """The error for a folder whose files are whole and do not fit each other."""
    return CheckpointError(
        f"Checkpoint {folder.name!r} does not hold the model its card describes "
        f"({' '.join(why.split())[:160]}). Copy the folder again."
    )


def _open_tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise ValueError(str(error)) from error
