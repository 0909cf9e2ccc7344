"""A tiny ConVIRT with a ResNet, in the layout of HKU-MedAI/MGCA."""

from pathlib import Path

from explorer.adapters.convirt import ConvirtNetwork

from . import _mgca


def make(folder: Path, *, image: str = "resnet_50") -> None:
    """Write a whole checkpoint folder; the other image tower is "vit_base"."""
    _mgca.make(
        folder,
        family="convirt",
        network=ConvirtNetwork,
        text="text_encoder",
        weights="model.safetensors",
        image=image,
        grid_size=8 if image == "vit_base" else 3,
    )
