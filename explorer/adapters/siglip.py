"""SigLIP in Hugging Face folders (`SiglipModel`): SigLIP, SigLIP 2 of fixed size, and MedSigLIP.

The image vector comes from a head in which a learned query looks at all patches. A patch is read
by letting that query look at this patch alone: its value goes through the head's out-projection,
norm and MLP. What the head mixes into the image vector before its MLP are just these values.
SigLIP 2 of free shape is the family `siglip_naflex`.
"""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from explorer.adapters._base import AdapterCard
from explorer.adapters._engine import Encoded, Stage
from explorer.adapters._hf import (
    ALL_FILES,
    WEIGHTS,
    before_last,
    open_model,
)
from explorer.adapters._import import Layout
from explorer.adapters._published import in_place
from explorer.adapters._siglip_words import SiglipWords
from explorer.adapters._square_vit import SquareVitEngine, square_vit_layout
from explorer.encoders.files import CONFIG_FILE

__all__ = ["FILES", "OPTIONAL", "WEIGHTS", "layout", "load"]

OPTIONAL = ALL_FILES
FILES = (CONFIG_FILE, *OPTIONAL)


def layout(folder: Path) -> Layout | None:
    """A folder of the hub whose config.json says SigLIP."""
    return square_vit_layout(folder, kind="siglip", config="SiglipConfig", title="SigLIP")


def load(card: AdapterCard, *, device: str, precision: str) -> "SiglipEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    model = open_model(card, {"siglip": "SiglipModel"})
    words = SiglipWords(card, most=model.config.text_config.max_position_embeddings)
    return SiglipEngine(card, model, words, device=device, precision=precision)


class SiglipEngine(SquareVitEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

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
