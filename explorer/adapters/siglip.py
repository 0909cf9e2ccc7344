"""SigLIP in Hugging Face folders (`SiglipModel`): SigLIP, SigLIP 2 of fixed size, and MedSigLIP.

The image vector comes from a head in which a learned query looks at all patches. A patch is read
by letting that query look at this patch alone: its value goes through the head's out-projection,
norm and MLP. What the head mixes into the image vector before its MLP are just these values.
SigLIP 2 of free shape is the family `siglip_naflex`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from explorer.adapters._base import AdapterCard
from explorer.adapters._engine import Encoded, Stage
from explorer.adapters._hf import (
    ALL_FILES,
    WEIGHTS,
    before_last,
    config_of,
    hugging_face_layout,
    open_model,
    preprocessing_of,
)
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries
from explorer.adapters._published import PublishedEngine, in_place
from explorer.adapters._siglip_words import SiglipWords
from explorer.encoders.files import CONFIG_FILE

__all__ = ["FILES", "OPTIONAL", "WEIGHTS", "layout", "load"]

OPTIONAL = ALL_FILES
FILES = (CONFIG_FILE, *OPTIONAL)
_PARTS = ("text_config", "vision_config")


def layout(folder: Path) -> Layout | None:
    """A folder of the hub whose config.json says SigLIP."""
    config = config_of(folder, ("siglip",))
    if config is None:
        return None
    import transformers

    sizes: Any = transformers.SiglipConfig(**{k: v for k, v in config.items() if k in _PARTS})
    vision = sizes.vision_config
    side = vision.image_size // vision.patch_size
    entries = card_entries(
        preprocessing_of(folder, side=vision.image_size),
        title=f"SigLIP, ViT of {vision.num_hidden_layers} layers",
        grid_shape=(side, side),
        dimension=vision.hidden_size,
        pooling="mean",
    )
    return hugging_face_layout(folder, entries, words=True)


def load(card: AdapterCard, *, device: str, precision: str) -> "SiglipEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    model = open_model(card, {"siglip": "SiglipModel"})
    words = SiglipWords(card, most=model.config.text_config.max_position_embeddings)
    return SiglipEngine(card, model, words, device=device, precision=precision)


class SiglipEngine(PublishedEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def __init__(
        self, card: AdapterCard, model: Any, words: SiglipWords, *, device: str, precision: str
    ) -> None:
        vision = model.config.vision_config
        side = vision.image_size // vision.patch_size
        super().__init__(
            card,
            preprocessing_of(card.folder, side=vision.image_size),
            grid_shape=(side, side),
            dimension=vision.hidden_size,
            device=device,
            precision=precision,
        )
        self._model = self.ready(model)
        self._words = words

    def _patches(self, images: Tensor) -> Encoded:
        vision = self._model.vision_model
        found = vision(images)
        tokens = found.last_hidden_state  # (B, h * w, C)
        patches = vision.head(tokens.flatten(0, 1)[:, None]).unflatten(0, tokens.shape[:2])
        return Encoded(in_place(patches, self.card.grid_size), found.pooler_output)

    def last_stage(self) -> Stage:
        """What the last block reads; see `DualEngine`."""
        vision = self._model.vision_model
        return Stage(before_last(vision.encoder.layers, vision.embeddings), self.card.grid_size)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """The last token of each phrase; all are padded to one length, as in training."""
        ids = self._words(phrases).to(self.device)
        vectors: Tensor = self._model.get_text_features(input_ids=ids).pooler_output
        return vectors
