"""CLIP in Hugging Face folders (`CLIPModel`): OpenAI's, PubMedCLIP and others with their layout.

Only the class token was aligned with text. A patch is read along its value path: in the last
block it looks at itself alone, then goes through post-norm and projection as the class token does
(Zhou, Loy and Dai, 2022, "MaskCLIP"; their code keeps the residual and the MLP, and so do we).
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
    last_block_twice,
    open_model,
    open_tokenizer,
)
from explorer.adapters._import import Layout
from explorer.adapters._published import in_place
from explorer.adapters._square_vit import SquareVitEngine, square_vit_layout
from explorer.encoders.files import CONFIG_FILE

__all__ = ["FILES", "OPTIONAL", "WEIGHTS", "layout", "load"]

OPTIONAL = ALL_FILES
FILES = (CONFIG_FILE, *OPTIONAL)


def layout(folder: Path) -> Layout | None:
    """A folder of the hub whose config.json says CLIP."""
    return square_vit_layout(folder, kind="clip", config="CLIPConfig", title="CLIP")


def load(card: AdapterCard, *, device: str, precision: str) -> "ClipEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    model = open_model(card, {"clip": "CLIPModel"})
    return ClipEngine(card, model, open_tokenizer(card), device=device, precision=precision)


class ClipEngine(SquareVitEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def _patches(self, images: Tensor) -> Encoded:
        vision = self._model.vision_model
        tokens = vision.pre_layrnorm(vision.embeddings(images))
        mixed, alone = last_block_twice(vision.encoder.layers, tokens)
        whole = self._model.visual_projection(vision.post_layernorm(mixed[:, 0]))
        patches = self._model.visual_projection(vision.post_layernorm(alone[:, 1:]))
        return Encoded(in_place(patches, self.card.grid_size), whole)

    def last_stage(self) -> Stage:
        """What the last block reads; see `DualEngine`."""
        vision = self._model.vision_model
        return Stage(before_last(vision.encoder.layers, vision.pre_layrnorm), self.card.grid_size)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """The end token of each phrase, projected."""
        pieces = self._words(
            list(phrases),
            padding=True,
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self.device)
        vectors: Tensor = self._model.get_text_features(
            input_ids=pieces["input_ids"], attention_mask=pieces["attention_mask"]
        ).pooler_output
        return vectors
