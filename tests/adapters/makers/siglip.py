"""A tiny SiglipModel folder of `transformers`."""

from pathlib import Path

from . import _hf, _random
from ._card import write_card

VARIANTS = {"sharded": {"sharded": True}}


def make(folder: Path, *, sharded: bool = False) -> None:
    """Write a whole checkpoint folder, its weights in one file or in several."""
    from transformers import SiglipConfig, SiglipModel

    _random.seed()
    words = _hf.save_siglip_tokenizer(folder)
    tower = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
    }
    config = SiglipConfig(
        text_config={
            **tower,
            "vocab_size": len(words),
            "max_position_embeddings": 16,
            "pad_token_id": 0,
            "bos_token_id": 0,
            "eos_token_id": 0,
            "projection_size": 32,
        },
        vision_config={**tower, "image_size": 64, "patch_size": 8},
    )
    _hf.save_model(SiglipModel(config), folder, sharded=sharded)
    _hf.save_processor(
        folder,
        image_processor_type="SiglipImageProcessor",
        size={"height": 64, "width": 64},
        resample=2,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    write_card(
        folder,
        family="siglip",
        weights=_hf.weights_in(folder),
        input_size=64,
        grid_size=8,
        dimension=32,
        frame_mode="squash",
    )
