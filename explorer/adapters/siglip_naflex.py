"""SigLIP 2 of free shape (NaFlex, `Siglip2Model`): the patch grid follows the shape of a film.

A film is resized so that its aspect is nearly kept and it has at most as many patches as the
folder's processor says (256 in published ones); so 2 : 1 becomes 22 x 11 patches. Patches and
phrases are read as in the family `siglip`. The card's input and grid are those of a square film.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import unfold

from explorer.adapters._base import AdapterCard
from explorer.adapters._engine import Encoded
from explorer.adapters._hf import (
    ALL_FILES,
    PROCESSORS,
    WEIGHTS,
    config_of,
    hugging_face_layout,
    open_model,
    read_json,
    values_of,
)
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._published import PublishedEngine, in_place
from explorer.adapters._siglip_words import SiglipWords
from explorer.encoders.files import CONFIG_FILE
from explorer.encoders.stored import not_as_described
from explorer.entities import Float32, ImageEmbeddings, ModelFrame

__all__ = ["FILES", "OPTIONAL", "WEIGHTS", "layout", "load"]

OPTIONAL = ALL_FILES
FILES = (CONFIG_FILE, *OPTIONAL)
_PARTS = ("text_config", "vision_config")


@dataclass(frozen=True, slots=True)
class FreeShape:
    """What the processor of a folder does.

    Attributes:
        steps: For a square film.
        patch: Side of a patch in pixels.
        most: Patches of a film.
    """

    steps: Preprocessing
    patch: int
    most: int

    def of(self, rows: int, columns: int) -> Preprocessing:
        """The steps for a film of this shape."""
        return replace(self.steps, input_shape=_input_shape(rows, columns, self.patch, self.most))

    def grid(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Patches of an input of this shape."""
        return shape[0] // self.patch, shape[1] // self.patch


def _input_shape(rows: int, columns: int, patch: int, most: int) -> tuple[int, int]:
    from transformers.models.siglip2.image_processing_pil_siglip2 import (
        get_image_size_for_max_num_patches,
    )

    height, width = get_image_size_for_max_num_patches(rows, columns, patch, most)
    return int(height), int(width)


def free_shape_of(folder: Path, *, patch: int) -> FreeShape:
    """What the processor of a folder does to an image.

    Args:
        folder: Of the checkpoint.
        patch: Side of a patch of the network in pixels.

    Raises:
        CheckpointError: Its file is missing, or names a step that is not known here.
    """
    said = read_json(folder, PROCESSORS)
    said = said.get("image_processor", said)
    try:
        most, own = said.get("max_num_patches", 256), said.get("patch_size", 16)
        if not isinstance(most, int) or not 4 <= most <= 16_384:
            raise ValueError(f"max_num_patches must be a number of patches, got {most!r}")
        if own != patch:
            raise ValueError(f"patch_size is {own!r}, the network has patches of {patch}")
        shape = _input_shape(patch, patch, patch, most)
        return FreeShape(Preprocessing(shape, "both sides", **values_of(said)), patch, most)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_as_described(folder, f"{PROCESSORS[0]}: {error!r}") from error


def layout(folder: Path) -> Layout | None:
    """A folder of the hub whose config.json says SigLIP 2 of free shape."""
    config = config_of(folder, ("siglip2",))
    if config is None:
        return None
    import transformers

    sizes: Any = transformers.Siglip2Config(**{k: v for k, v in config.items() if k in _PARTS})
    vision = sizes.vision_config
    shape = free_shape_of(folder, patch=vision.patch_size)
    entries = card_entries(
        shape.steps,
        title=f"SigLIP 2 NaFlex, ViT of {vision.num_hidden_layers} layers",
        grid_shape=shape.grid(shape.steps.input_shape),
        dimension=vision.hidden_size,
        pooling="mean",
    )
    return hugging_face_layout(folder, entries, words=True)


def load(card: AdapterCard, *, device: str, precision: str) -> "NaflexEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    model = open_model(card, {"siglip2": "Siglip2Model"})
    words = SiglipWords(card, most=model.config.text_config.max_position_embeddings)
    return NaflexEngine(card, model, words, device=device, precision=precision)


class NaflexEngine(PublishedEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    grid_varies = True

    def __init__(
        self, card: AdapterCard, model: Any, words: SiglipWords, *, device: str, precision: str
    ) -> None:
        vision = model.config.vision_config
        self._shape = free_shape_of(card.folder, patch=vision.patch_size)
        super().__init__(
            card,
            self._shape.steps,
            grid_shape=self._shape.grid(self._shape.steps.input_shape),
            dimension=vision.hidden_size,
            device=device,
            precision=precision,
        )
        self._model = self.ready(model)
        self._words = words

    def frame_of(self, rows: int, columns: int) -> ModelFrame:
        """Input and grid of this film; see `Engine`."""
        steps = self._shape.of(rows, columns)
        return steps.frame(rows, columns, grid_shape=self._shape.grid(steps.input_shape))

    def model_input(self, pixels: Float32, *, frame: ModelFrame) -> Float32:
        """Resample into the model frame as published; see `Engine`."""
        return self._shape.of(*frame.image_shape).model_input(pixels, frame)

    def steps(self) -> tuple[str, ...]:
        """The published steps; see `Engine`."""
        first = f"both sides to whole patches of {self._shape.patch} px, at most {self._shape.most}"
        return (f"{first}, aspect nearly kept", *self._shape.steps.steps()[1:])

    def embed_images(
        self, images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        """One batch for each shape; see `Engine`."""
        found: dict[int, ImageEmbeddings] = {}
        for shape in dict.fromkeys(image.shape for image in images):
            own = [k for k, image in enumerate(images) if image.shape == shape]
            batch = super().embed_images([images[k] for k in own], frames=[frames[k] for k in own])
            found |= dict(zip(own, batch, strict=True))
        return tuple(found[k] for k in range(len(images)))

    def _patches(self, images: Tensor) -> Encoded:
        patch, grid = self._shape.patch, self._shape.grid((images.shape[2], images.shape[3]))
        # Each patch row by row, its channels last, as the processor lays it out.
        cut = unfold(images, patch, stride=patch).transpose(1, 2).unflatten(2, (3, patch * patch))
        pixels = cut.transpose(2, 3).flatten(2)
        vision = self._model.vision_model
        found = vision(
            pixel_values=pixels,
            pixel_attention_mask=pixels.new_ones(pixels.shape[:2], dtype=torch.long),
            spatial_shapes=pixels.new_tensor([grid] * len(images), dtype=torch.long),
        )
        tokens = found.last_hidden_state
        patches = vision.head(tokens.flatten(0, 1)[:, None]).unflatten(0, tokens.shape[:2])
        return Encoded(in_place(patches, grid), found.pooler_output)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """As in the family `siglip`."""
        ids = self._words(phrases).to(self.device)
        vectors: Tensor = self._model.get_text_features(input_ids=ids).pooler_output
        return vectors
