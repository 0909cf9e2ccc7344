"""A tiny CLIPModel folder of `transformers`."""

from pathlib import Path

from explorer.adapters._preprocessing import OPENAI_MEAN, OPENAI_STD

from . import _hf, _random
from ._card import write_card

VARIANTS = {"sharded": {"sharded": True}}


def make(folder: Path, *, sharded: bool = False) -> None:
    """Write a whole checkpoint folder, its weights in one file or in several."""
    from transformers import CLIPConfig, CLIPModel

    _random.seed()
    ids = _hf.clip_vocabulary()
    tower = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    end = {"eos_token_id": ids["<|endoftext|>"], "bos_token_id": ids["<|startoftext|>"]}
    config = CLIPConfig(
        text_config={
            **tower,
            **end,
            "pad_token_id": ids["<|endoftext|>"],
            "intermediate_size": 48,
            "vocab_size": len(ids),
            "max_position_embeddings": 40,
        },
        vision_config={**tower, "intermediate_size": 48, "image_size": 64, "patch_size": 8},
        projection_dim=12,
    )
    _hf.save_model(CLIPModel(config), folder, sharded=sharded)
    _hf.save_clip_tokenizer(folder)
    _hf.save_processor(
        folder,
        image_processor_type="CLIPImageProcessor",
        size={"shortest_edge": 64},
        do_center_crop=True,
        crop_size={"height": 64, "width": 64},
        resample=3,
        image_mean=OPENAI_MEAN,
        image_std=OPENAI_STD,
    )
    write_card(
        folder,
        family="clip",
        weights=_hf.weights_in(folder),
        input_size=64,
        grid_size=8,
        dimension=12,
        frame_mode="center crop",
    )
