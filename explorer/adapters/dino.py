"""DINOv2 in Hugging Face folders, RAD-DINO among them: patches that were learned from images alone.

Films, regions and prototypes can be compared; phrases cannot, since nothing ties a patch to words.
"""

from pathlib import Path
from typing import Any

from torch import Tensor

from explorer.adapters._base import AdapterCard
from explorer.adapters._engine import Encoded
from explorer.adapters._hf import (
    IMAGE_FILES,
    WEIGHTS,
    config_of,
    hugging_face_layout,
    open_model,
    preprocessing_of,
)
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries
from explorer.adapters._published import PublishedEngine, in_place
from explorer.encoders.files import CONFIG_FILE

__all__ = ["FILES", "OPTIONAL", "WEIGHTS", "layout", "load"]

OPTIONAL = IMAGE_FILES
FILES = (CONFIG_FILE, *OPTIONAL)
MODELS = {"dinov2": "Dinov2Model", "dinov2_with_registers": "Dinov2WithRegistersModel"}

_RENAMED = {
    "q_proj": "attention.query",
    "k_proj": "attention.key",
    "v_proj": "attention.value",
    "o_proj": "output.dense",
}


def layout(folder: Path) -> Layout | None:
    """A folder of the hub whose config.json says DINOv2, with registers or without."""
    config = config_of(folder, MODELS)
    if config is None:
        return None
    preprocessing = preprocessing_of(folder)
    rows, columns = preprocessing.input_shape
    patch = config.get("patch_size", 14)
    entries = card_entries(
        preprocessing,
        title=f"DINOv2, ViT of {config.get('num_hidden_layers', 12)} layers",
        grid_shape=(rows // patch, columns // patch),
        dimension=config.get("hidden_size", 768),
        pooling="mean",
    )
    return hugging_face_layout(folder, entries, words=False)


def load(card: AdapterCard, *, device: str, precision: str) -> "DinoEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    model = open_model(card, MODELS, published=published_name)
    return DinoEngine(card, model, device=device, precision=precision)


def published_name(name: str) -> str:
    """Name in the files of the hub of a tensor of `transformers` 5, which renamed attention.

    >>> published_name("encoder.layer.0.attention.q_proj.bias")
    'encoder.layer.0.attention.attention.query.bias'
    """
    for new, old in _RENAMED.items():
        name = name.replace(f".attention.{new}.", f".attention.{old}.")
    return name


class DinoEngine(PublishedEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    reads_text = False

    def __init__(self, card: AdapterCard, model: Any, *, device: str, precision: str) -> None:
        preprocessing = preprocessing_of(card.folder)
        rows, columns = preprocessing.input_shape  # positions are interpolated to it
        patch = model.config.patch_size
        super().__init__(
            card,
            preprocessing,
            grid_shape=(rows // patch, columns // patch),
            dimension=model.config.hidden_size,
            device=device,
            precision=precision,
        )
        self._model = self.ready(model)
        self._before = 1 + getattr(model.config, "num_register_tokens", 0)

    def _patches(self, images: Tensor) -> Encoded:
        tokens = self._model(pixel_values=images).last_hidden_state
        return Encoded(in_place(tokens[:, self._before :], self.card.grid_size), tokens[:, 0])
