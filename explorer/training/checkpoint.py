"""Write a trained model as a checkpoint folder, and start a training from one.

Hugging Face layout, card and hashes.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.encoders.files import (
    CARD_FILE,
    CONFIG_FILE,
    LOADED_FILES,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    sha256_of,
    verify_hashes,
)
from explorer.encoders.stored import open_stored
from explorer.encoders.text_share import ENTRY, PREFIX, SharedTower
from explorer.errors import CheckpointError
from explorer.methods._base import Method
from explorer.methods._stored import write_method
from explorer.training.config import TrainingConfig

_SHAPE = (
    "image_size",
    "width",
    "dimension",
    "pooling",
    "pooling_temperature",
    "mirror",
    "tower",
    "checks_images",
    "text",
)


def write_checkpoint(
    folder: Path,
    model: LocalAlignmentModel,
    tokenizer: Tokenizer,
    *,
    config: TrainingConfig,
    card: dict[str, Any],
    shared: SharedTower | None = None,
    method: Method | None = None,
) -> None:
    """Write config.json, model.safetensors (half precision), tokenizer, preprocessor and card.

    Args:
        folder: Created when missing.
        model: The trained model.
        tokenizer: Of its text tower.
        config: Settings of the run, kept as training.json.
        card: licence, training_data, calibration, metrics and whatever else is worth saying.
        shared: The frozen text tower, when it stays in the folder it came from; None writes it.
        method: With what it learned; kept where its attention is a map.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file(_halved(model, shared), folder / WEIGHTS_FILE, metadata={"format": "pt"})
    _write_json(folder / CONFIG_FILE, _shape(model, shared))
    if shared is None:
        tokenizer.save(str(folder / TOKENIZER_FILE))
    _write_json(
        folder / "preprocessor_config.json",
        {
            "size": model.config.image_size,
            "frame": "letterbox",
            "channels": 1,
            "standardise": "zero mean, unit deviation over the radiograph; padding 0",
        },
    )
    (folder / "training.json").write_text(config.to_json(), encoding="utf-8")
    write_method(folder, method)
    files = {
        f.name: sha256_of(f)
        for f in sorted(folder.iterdir())
        if f.is_file() and f.name != CARD_FILE
    }
    _write_json(folder / CARD_FILE, _first_entries(model, config) | card | {"files": files})


def _halved(model: LocalAlignmentModel, shared: SharedTower | None) -> dict[str, torch.Tensor]:
    """Tensors of a model in half precision; those of a shared text tower are left out."""
    return {
        k: v.to(torch.float16).contiguous() if v.is_floating_point() else v.contiguous()
        for k, v in model.state_dict().items()
        if shared is None or not k.startswith(PREFIX)
    }


def _shape(model: LocalAlignmentModel, shared: SharedTower | None) -> dict[str, Any]:
    """What config.json says: the shape of the model, and where a shared text tower is."""
    header = {"architectures": ["LocalAlignmentModel"], "model_type": "local_alignment"}
    shape = {name: getattr(model.config, name) for name in _SHAPE}
    return header | shape | ({} if shared is None else {ENTRY: asdict(shared)})


def _first_entries(model: LocalAlignmentModel, config: TrainingConfig) -> dict[str, Any]:
    """What every card says of a model."""
    return {
        "title": config.title,
        "method": config.method,
        "family": "local_alignment",
        "input_size": model.config.image_size,
        "grid_size": model.config.grid_size,
        "dimension": model.config.embedding_size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "frame_mode": "letterbox",
        "pooling": model.config.pooling,
    }


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_start(
    folder: Path, *, config: TrainingConfig | None = None
) -> tuple[LocalAlignmentModel, Tokenizer]:
    """Model and tokenizer of a checkpoint, to train on from its weights.

    Every tensor must be there and none besides; hashes must be those of the card. The text tower
    comes frozen, as it stays in training. Stored weights have half precision, so a training that
    starts here does not go on exactly where the one that wrote the folder ended.

    Args:
        folder: Checkpoint folder as `write_checkpoint` writes it.
        config: Settings of the new run; its width and dimension must be those of the checkpoint.
            The model takes its image size: the network is convolutional and has none of its own.

    Raises:
        CheckpointError: A file is missing, changed or of another model, or the settings ask for
            another shape.
    """
    try:
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        files = dict(card["files"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"A training starts from a whole local_alignment checkpoint, {folder.name!r} has no "
            f"{CARD_FILE} that names its files ({type(error).__name__}). Copy the folder again."
        ) from error
    own = [n for n in LOADED_FILES if n != TOKENIZER_FILE or (folder / n).exists()]
    verify_hashes(folder, files=files, loaded=own)
    model, tokenizer = open_stored(folder)
    if config is not None:
        _take_settings(model, config, folder=folder)
    model.text_encoder.eval().requires_grad_(requires_grad=False)
    return model, tokenizer


def _take_settings(model: LocalAlignmentModel, config: TrainingConfig, *, folder: Path) -> None:
    for name in ("tower", "width", "dimension"):
        asked, found = getattr(config, name), getattr(model.config, name)
        if asked != found:
            raise CheckpointError(
                f"A run that starts from {folder.name!r} must keep its {name} of {found}, the "
                f'settings ask for {asked}. Set "{name}" to {found}.'
            )
    model.config.image_size = config.image_size
    model.config.pooling = config.pooling
    model.config.mirror = config.both_views
