"""CLIP in Hugging Face folders (`CLIPModel`): OpenAI's, PubMedCLIP and others with their layout.

Only the class token was aligned with text. A patch is read along its value path: in the last
block it looks at itself alone, then goes through post-norm and projection as the class token does
(Zhou, Loy and Dai, 2022, "MaskCLIP"; their code keeps the residual and the MLP, and so do we).
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from explorer.adapters._base import AdapterCard
from explorer.adapters._engine import Encoded
from explorer.adapters._hf import (
    PROCESSORS,
    TOKENIZERS,
    WEIGHTS,
    last_block_twice,
    open_model,
    open_tokenizer,
    preprocessing_of,
)
from explorer.adapters._published import PublishedEngine, in_place
from explorer.encoders.files import CONFIG_FILE

__all__ = ["FILES", "OPTIONAL", "WEIGHTS", "load"]

OPTIONAL = (*WEIGHTS, *PROCESSORS, *TOKENIZERS)
FILES = (CONFIG_FILE, *OPTIONAL)


def load(card: AdapterCard, *, device: str, precision: str) -> "ClipEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    model = open_model(card, {"clip": "CLIPModel"})
    return ClipEngine(card, model, open_tokenizer(card), device=device, precision=precision)


class ClipEngine(PublishedEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def __init__(
        self, card: AdapterCard, model: Any, tokenizer: Any, *, device: str, precision: str
    ) -> None:
        vision = model.config.vision_config
        side = vision.image_size // vision.patch_size
        super().__init__(
            card,
            preprocessing_of(card.folder, side=vision.image_size),
            grid_shape=(side, side),
            dimension=model.config.projection_dim,
            device=device,
            precision=precision,
        )
        self._model = self.ready(model)
        self._tokenizer = tokenizer
        self._most_pieces = model.config.text_config.max_position_embeddings

    def _patches(self, images: Tensor) -> Encoded:
        vision = self._model.vision_model
        tokens = vision.pre_layrnorm(vision.embeddings(images))
        mixed, alone = last_block_twice(vision.encoder.layers, tokens)
        whole = self._model.visual_projection(vision.post_layernorm(mixed[:, 0]))
        patches = self._model.visual_projection(vision.post_layernorm(alone[:, 1:]))
        return Encoded(in_place(patches, self.card.grid_size), whole)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """The end token of each phrase, projected."""
        pieces = self._tokenizer(
            list(phrases),
            padding=True,
            truncation=True,
            max_length=self._most_pieces,
            return_tensors="pt",
        ).to(self.device)
        vectors: Tensor = self._model.get_text_features(
            input_ids=pieces["input_ids"], attention_mask=pieces["attention_mask"]
        ).pooler_output
        return vectors
