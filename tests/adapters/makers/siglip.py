"""A tiny SiglipModel folder of `transformers`, with the tokenizer of SigLIP or of SigLIP 2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import _hf, _random
from ._card import write_card

TOWER = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "sharded": {"sharded": True},
    "spiece": {"words": _hf.save_sentencepiece},
    "gemma": {"words": _hf.save_gemma_tokenizer},
}


def text_sizes(words: int) -> dict[str, Any]:
    """Of the text tower."""
    special = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
    sizes = {"vocab_size": words, "max_position_embeddings": 24, "projection_size": 32}
    return {**TOWER, **special, **sizes}


def make(
    folder: Path,
    *,
    sharded: bool = False,
    words: Callable[[Path], dict[str, int]] = _hf.save_siglip_tokenizer,
) -> None:
    """Write a whole checkpoint folder, its weights in one file or in several."""
    from transformers import SiglipConfig, SiglipModel

    _random.seed()
    config = SiglipConfig(
        text_config=text_sizes(len(words(folder))),
        vision_config={**TOWER, "image_size": 64, "patch_size": 8},
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
