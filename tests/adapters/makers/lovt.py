"""A tiny LoVT, its masks of the losses in the file as well."""

from pathlib import Path
from typing import Any

import torch

from explorer.adapters._bert import BertShape
from explorer.adapters.lovt import LovtNetwork, LovtSizes
from tests import tiny_model

from . import _random
from ._card import write_card

TEXT = {"vocabulary": _random.VOCABULARY, "width": 16, "depth": 2, "heads": 2, "mlp_width": 24}
PLAIN: dict[str, Any] = {"width": 8, "image_size": 128, "hidden": 32, "dimension": 12, "heads": 2}


def make(folder: Path) -> None:
    """Write a whole checkpoint folder."""
    _random.seed()
    network = LovtNetwork(LovtSizes(blocks=(1, 1, 1, 1), text=BertShape(**TEXT), **PLAIN))
    tensors = _random.position_ids(network.state_dict(), "model_b.encoder.language_model")
    tensors["loss_module.ll_alignments_a.0.pos_weights"] = torch.ones(4, 4, 4, 4)
    _random.save(tensors, folder / "model.safetensors")
    tiny_model.tokenizer().save(str(folder / "tokenizer.json"))
    write_card(
        folder,
        family="lovt",
        input_size=128,
        grid_size=4,
        dimension=12,
        frame_mode="letterbox",
        architecture={**PLAIN, "blocks": [1, 1, 1, 1], "text": TEXT},
    )
