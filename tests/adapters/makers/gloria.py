"""A tiny GLoRIA: prefix, towers and buffer named as in the published file."""

from pathlib import Path
from typing import Any

from explorer.adapters._bert import BertShape
from explorer.adapters.gloria import GloriaNetwork, GloriaSizes
from tests import tiny_model

from . import _random
from ._card import write_card

TEXT = {"vocabulary": _random.VOCABULARY, "width": 16, "depth": 5, "heads": 2, "mlp_width": 24}
PLAIN: dict[str, Any] = {"width": 8, "letterbox": 72, "crop": 64, "enlarged": 96}


def make(folder: Path) -> None:
    """Write a whole checkpoint folder."""
    _random.seed()
    sizes = GloriaSizes(blocks=(1, 1, 1, 1), text=BertShape(**TEXT), **PLAIN)
    tensors = GloriaNetwork(sizes).state_dict()
    tensors = _random.position_ids(tensors, "text_encoder.model")
    _random.save({f"gloria.{k}": v for k, v in tensors.items()}, folder / "model.safetensors")
    tiny_model.tokenizer().save(str(folder / "tokenizer.json"))
    write_card(
        folder,
        family="gloria",
        input_size=64,
        grid_size=6,
        dimension=16,
        frame_mode="letterbox",
        cosine_range=[0.0, 1.0],
        architecture={**PLAIN, "blocks": [1, 1, 1, 1], "text": TEXT},
    )
