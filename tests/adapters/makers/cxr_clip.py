"""A tiny CXR-CLIP with a ResNet."""

from pathlib import Path
from typing import Any

from explorer.adapters._bert import BertShape
from explorer.adapters.cxr_clip import CxrClipNetwork, CxrClipSizes
from tests import tiny_model

from . import _random
from ._card import write_card

TEXT = {"vocabulary": _random.VOCABULARY, "width": 16, "depth": 2, "heads": 2, "mlp_width": 24}
PLAIN: dict[str, Any] = {"width": 8, "image_size": 128, "dimension": 12}


def make(folder: Path) -> None:
    """Write a whole checkpoint folder."""
    _random.seed()
    network = CxrClipNetwork(CxrClipSizes(blocks=(1, 1, 1, 1), text=BertShape(**TEXT), **PLAIN))
    tensors = _random.position_ids(network.state_dict(), "text_encoder.text_encoder")
    _random.save(tensors, folder / "model.safetensors")
    tiny_model.tokenizer().save(str(folder / "tokenizer.json"))
    write_card(
        folder,
        family="cxr_clip",
        input_size=128,
        grid_size=4,
        dimension=12,
        frame_mode="center crop",
        architecture={**PLAIN, "blocks": [1, 1, 1, 1], "text": TEXT},
    )
