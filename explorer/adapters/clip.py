"""CLIP in Hugging Face folders (`CLIPModel`): OpenAI's, PubMedCLIP and others with their layout.

Only the class token was aligned with text. A patch is read along its value path: in the last
block it looks at itself alone, then goes through post-norm and projection as the class token does
(Zhou, Loy and Dai, 2022, "MaskCLIP"; their code keeps the residual and the MLP, and so do we).
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
    last_block_twice,
    open_model,
    open_tokenizer,
    preprocessing_of,
)
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries
from explorer.adapters._published import PublishedEngine, in_place
from explorer.encoders.files import CONFIG_FILE

__all__ = ["FILES", "OPTIONAL", "WEIGHTS", "layout", "load"]

OPTIONAL = ALL_FILES
FILES = (CONFIG_FILE, *OPTIONAL)
_PARTS = ("text_config", "vision_config", "projection_dim")


def layout(folder: Path) -> Layout | None:
    """A folder of the hub whose config.json says CLIP."""
    config = config_of(folder, ("clip",))
    if config is None:
        return None
    import transformers

    sizes: Any = transformers.CLIPConfig(**{k: v for k, v in config.items() if k in _PARTS})
    vision = sizes.vision_config
    side = vision.image_size // vision.patch_size
    entries = card_entries(
        preprocessing_of(folder, side=vision.image_size),
        title=f"CLIP, ViT of {vision.num_hidden_layers} layers",
        grid_shape=(side, side),
        dimension=sizes.projection_dim,
        pooling="mean",
    )
    return hugging_face_layout(folder, entries, words=True)


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

    def last_stage(self) -> Stage:
        """What the last block reads; see `DualEngine`."""
        vision = self._model.vision_model
        return Stage(before_last(vision.encoder.layers, vision.pre_layrnorm), self.card.grid_size)

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
