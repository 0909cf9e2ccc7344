"""Opens the model of a checkpoint folder: every tensor must be there and none besides."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from explorer.encoders.alignment import (
    IMAGE_CHECK_LAYER,
    IMAGE_KINDS,
    LocalAlignmentConfig,
    LocalAlignmentModel,
)
from explorer.encoders.files import CONFIG_FILE, IMAGE_CHECK_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from explorer.encoders.strict import load_strictly
from explorer.encoders.text_share import SharedTower
from explorer.errors import CheckpointError

_NEVER = -1e4  # a logit that no other reaches


def open_stored(folder: Path) -> tuple[LocalAlignmentModel, Tokenizer]:
    """Model in float32 on the CPU, and its tokenizer; hashes are checked by `verify_hashes` before.

    Raises:
        CheckpointError: A file cannot be read, the tensors are not those of the model, or the text
            tower that it shares cannot be found.
    """
    try:
        shape = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        state = load_file(folder / WEIGHTS_FILE)
        tokenizer_file = folder / TOKENIZER_FILE
        if (shared := SharedTower.from_config(shape)) is not None:
            tower, tokenizer_file = shared.fetch(beside=folder)
            state |= tower
        if (folder / IMAGE_CHECK_FILE).exists():
            state |= load_file(folder / IMAGE_CHECK_FILE)
        if f"{IMAGE_CHECK_LAYER}.weight" in state:
            state |= with_every_kind(state)
        tokenizer = _open_tokenizer(tokenizer_file)
        model = LocalAlignmentModel(LocalAlignmentConfig(**shape))
        load_strictly(model, state, folder=folder)
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RuntimeError,
        SafetensorError,
    ) as error:
        raise not_as_described(folder, f"{type(error).__name__}: {error}") from error
    return model, tokenizer


def with_every_kind(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The image check's layer for all of `IMAGE_KINDS`, from one that does not know "inverted".

    Checkpoints written before that kind was there have one row less: it is put in as never seen.
    """
    weight, bias = (state[f"{IMAGE_CHECK_LAYER}.{name}"].float() for name in ("weight", "bias"))
    if len(bias) == len(IMAGE_KINDS) - 1:
        place = IMAGE_KINDS.index("inverted")
        weight = torch.cat([weight[:place], torch.zeros_like(weight[:1]), weight[place:]])
        bias = torch.cat([bias[:place], torch.full_like(bias[:1], _NEVER), bias[place:]])
    return {f"{IMAGE_CHECK_LAYER}.weight": weight, f"{IMAGE_CHECK_LAYER}.bias": bias}


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
