"""A tiny Dinov2Model folder of `transformers`."""

from pathlib import Path
from typing import Any

from . import _hf, _random
from ._card import write_card

VARIANTS = {"sharded": {"sharded": True}, "registers": {"registers": 2}}


def make(folder: Path, *, registers: int = 0, sharded: bool = False) -> None:
    """Write a whole checkpoint folder, with register tokens or weights in several files."""
    import transformers

    _random.seed()
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "mlp_ratio": 2,
        "image_size": 56,
        "patch_size": 14,
    }
    if registers:
        config = transformers.Dinov2WithRegistersConfig(num_register_tokens=registers, **sizes)
        model: Any = transformers.Dinov2WithRegistersModel(config)
    else:
        model = transformers.Dinov2Model(transformers.Dinov2Config(**sizes))
    _hf.save_model(model, folder, sharded=sharded)
    _hf.save_processor(
        folder,
        image_processor_type="BitImageProcessor",
        size={"shortest_edge": 84},
        do_center_crop=True,
        crop_size={"height": 84, "width": 84},
        resample=3,
        image_mean=[0.5307] * 3,
        image_std=[0.2583] * 3,
    )
    write_card(
        folder,
        family="dino",
        weights=_hf.weights_in(folder),
        input_size=84,
        grid_size=6,
        dimension=32,
        frame_mode="center crop",
    )
