"""A tiny BioViL: 192 px after a resize to 220, 6 x 6 patches."""

from pathlib import Path

from explorer.adapters._biovil import ImageModel

from ._biovil import SMALL, write_image, write_text
from ._card import write_card


def make(folder: Path) -> None:
    """Write a whole checkpoint folder."""
    write_image(folder, ImageModel(SMALL))
    write_text(folder)
    write_card(
        folder,
        family="biovil",
        weights=["image_model.safetensors", "model.safetensors"],
        input_size=192,
        grid_size=6,
        dimension=SMALL.joint,
        frame_mode="center crop",
        resize=220,
        smoothing=1.5,
    )
