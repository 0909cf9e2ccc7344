"""A tiny network in the layout of HKU-MedAI/MGCA, and what its BERT holds and never reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from explorer.adapters._bert import TOKEN_TYPES, BertShape
from explorer.adapters._mgca_layout import MgcaSizes
from explorer.adapters._vit import VitShape
from tests import tiny_model

from . import _random
from ._card import write_card

VIT = {"image_size": 64, "patch_size": 8, "width": 32, "depth": 2, "heads": 2, "mlp_width": 64}
TEXT = {"vocabulary": _random.VOCABULARY, "width": 16, "depth": 2, "heads": 2, "mlp_width": 24}
PLAIN: dict[str, Any] = {
    "width": 8,
    "letterbox": 72,
    "crop": 64,
    "enlarged": 96,
    "hidden": 32,
    "dimension": 12,
    "prototypes": 5,
}


def make(
    folder: Path,
    *,
    family: str,
    network: Callable[[MgcaSizes], nn.Module],
    text: str,
    weights: str,
    image: str,
    grid_size: int,
) -> None:
    """Write a whole checkpoint folder.

    Args:
        folder: Is there and empty.
        family: On the card.
        network: Made from sizes.
        text: Name of its text tower.
        weights: Name of the file.
        image: "vit_base" or "resnet_50".
        grid_size: On the card.
    """
    _random.seed()
    sizes = MgcaSizes(
        image=image,  # type: ignore[arg-type]
        blocks=(1, 1, 1, 1),
        vit=VitShape(**VIT),
        text=BertShape(**TEXT),
        **PLAIN,
    )
    made = network(sizes)
    _random.fill_zeros(made)
    tensors = _random.position_ids(made.state_dict(), f"{text}.model")
    del tensors[f"{text}.model.{TOKEN_TYPES}"]
    _random.save(tensors, folder / weights)
    tiny_model.tokenizer().save(str(folder / "tokenizer.json"))
    write_card(
        folder,
        family=family,
        weights=[weights],
        input_size=64,
        grid_size=grid_size,
        dimension=PLAIN["dimension"],
        frame_mode="letterbox",
        architecture={**PLAIN, "image": image, "blocks": [1, 1, 1, 1], "vit": VIT, "text": TEXT},
    )


def with_cross_attention(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each layer's self attention once more as "crossattention", with other values."""
    copied = {
        name.replace(".attention.", ".crossattention.", 1): torch.full_like(tensor, 9.0)
        for name, tensor in tensors.items()
        if ".encoder.layer." in name and ".attention." in name
    }
    return {**tensors, **copied}
