"""A tiny CXR-CLIP with a ResNet or a Swin transformer."""

from pathlib import Path
from typing import Any

from explorer.adapters._bert import BertShape
from explorer.adapters._swin import SwinShape
from explorer.adapters.cxr_clip import CxrClipNetwork, CxrClipSizes
from tests import tiny_model

from . import _random
from ._card import write_card

TEXT = {"vocabulary": _random.VOCABULARY, "width": 16, "depth": 2, "heads": 2, "mlp_width": 24}
PLAIN: dict[str, Any] = {"width": 8, "image_size": 128, "dimension": 12}
SWIN: dict[str, Any] = {"width": 8, "depths": (1, 1, 1, 2), "heads": (1, 2, 2, 4), "window": 4}
VARIANTS = {"swin": {"swin": True}}


def make(folder: Path, *, swin: bool = False) -> None:
    """Write a whole checkpoint folder."""
    _random.seed()
    plain = {**PLAIN, "image": "swin_tiny" if swin else "resnet_50"}
    sizes: dict[str, Any] = {
        "blocks": (1, 1, 1, 1),
        "text": BertShape(**TEXT),
        "swin": SwinShape(**SWIN),
    }
    network = CxrClipNetwork(CxrClipSizes(**sizes, **plain))
    _random.fill_zeros(network)
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
        architecture={**plain, "blocks": [1, 1, 1, 1], "text": TEXT, "swin": SWIN},
    )
