"""A tiny Siglip2Model folder of `transformers`: at most 64 patches of 8 pixels."""

from pathlib import Path

from . import _hf, _random, siglip
from ._card import write_card

PATCH, MOST = 8, 64
VARIANTS = {"sharded": {"sharded": True}}


def make(folder: Path, *, sharded: bool = False) -> None:
    """Write a whole checkpoint folder, its weights in one file or in several."""
    from transformers import Siglip2Config, Siglip2ImageProcessorPil, Siglip2Model

    _random.seed()
    config = Siglip2Config(
        text_config=siglip.text_sizes(len(_hf.save_gemma_tokenizer(folder))),
        vision_config={**siglip.TOWER, "patch_size": PATCH, "num_patches": 16},
    )
    _hf.save_model(Siglip2Model(config), folder, sharded=sharded)
    Siglip2ImageProcessorPil(patch_size=PATCH, max_num_patches=MOST).save_pretrained(folder)
    write_card(
        folder,
        family="siglip_naflex",
        weights=_hf.weights_in(folder),
        input_size=64,
        grid_size=8,
        dimension=32,
        frame_mode="squash",
    )
