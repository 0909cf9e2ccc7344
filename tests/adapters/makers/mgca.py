"""A tiny MGCA with a ViT, saved as its published files are."""

from pathlib import Path

from explorer.adapters.mgca import MgcaNetwork

from . import _mgca


def make(folder: Path, *, image: str = "vit_base") -> None:
    """Write a whole checkpoint folder; the other image tower is "resnet_50"."""
    _mgca.make(
        folder,
        family="mgca",
        network=MgcaNetwork,
        text="text_encoder_q",
        weights=f"{image}.ckpt",
        image=image,
        grid_size=8 if image == "vit_base" else 6,
    )
