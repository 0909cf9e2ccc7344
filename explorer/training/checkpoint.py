"""Write a trained model as a checkpoint folder: Hugging Face layout, card and hashes."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.encoders.files import (
    CARD_FILE,
    CONFIG_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    sha256_of,
)
from explorer.training.config import TrainingConfig


def write_checkpoint(
    folder: Path,
    model: LocalAlignmentModel,
    tokenizer: Tokenizer,
    *,
    config: TrainingConfig,
    card: dict[str, Any],
) -> None:
    """Write config.json, model.safetensors (half precision), tokenizer, preprocessor and card.

    Args:
        folder: Created when missing.
        model: The trained model.
        tokenizer: Of its text tower.
        config: Settings of the run, kept as training.json.
        card: licence, training_data, calibration, metrics and whatever else is worth saying.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        k: v.to(torch.float16).contiguous() if v.is_floating_point() else v.contiguous()
        for k, v in model.state_dict().items()
    }
    save_file(state, folder / WEIGHTS_FILE, metadata={"format": "pt"})
    shape = {
        k: getattr(model.config, k)
        for k in ("image_size", "width", "dimension", "pooling", "pooling_temperature", "text")
    }
    header = {"architectures": ["LocalAlignmentModel"], "model_type": "local_alignment"}
    _write_json(folder / CONFIG_FILE, header | shape)
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
    files = {
        f.name: sha256_of(f)
        for f in sorted(folder.iterdir())
        if f.is_file() and f.name != CARD_FILE
    }
    base = {
        "title": config.title,
        "family": "local_alignment",
        "input_size": model.config.image_size,
        "grid_size": model.config.grid_size,
        "dimension": model.config.dimension,
        "parameters": sum(p.numel() for p in model.parameters()),
        "frame_mode": "letterbox",
        "pooling": model.config.pooling,
    }
    _write_json(folder / CARD_FILE, base | card | {"files": files})


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
