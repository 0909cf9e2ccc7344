"""LocalAlignmentModel: image and text towers in one space, scored region by sentence."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, PretrainedConfig, PreTrainedModel

from explorer.encoders.image import (
    INPUT_MULTIPLE,
    PATCH_STRIDE,
    ImageEncoder,
    TwinImageEncoder,
)
from explorer.encoders.pooling import POOLING_NAMES, pool
from explorer.encoders.projection import (
    PatchProjection,
    PhraseProjection,
    region_sentence_scores,
)
from explorer.encoders.small_image import SmallImageEncoder
from explorer.encoders.text import TextEncoder

_TOWERS: dict[str, type[ImageEncoder] | type[SmallImageEncoder]] = {
    "lite0": ImageEncoder,
    "lite0-twin": TwinImageEncoder,
    "small": SmallImageEncoder,
}
TOWERS = tuple(_TOWERS)  # image towers by name
IMAGE_CHECK_LAYER = "image_check.1"  # the linear layer behind the standardised summary
# What the image check tells apart, in the order of its logits.
IMAGE_KINDS = (
    "frontal",
    "lateral",
    "rotated left",
    "rotated right",
    "upside down",
    "inverted",
    "not a chest radiograph",
)


class LocalAlignmentConfig(PretrainedConfig):
    """Shape of a `LocalAlignmentModel`.

    Attributes:
        image_size: Side of the square model input in pixels, a multiple of 32.
        width: Channels of the neck.
        dimension: Size D of the joint space.
        pooling: Default pooling of region-sentence scores.
        pooling_temperature: In units of the calibrated logit.
        mirror: Look at the mirror image as well when embedding; see `both_views`.
        tower: Image tower, one of `TOWERS`.
        checks_images: Whether the image check was fitted; else another checkpoint answers.
        text_tower: Of a checkpoint without one of its own: see `encoders.text_share`.
        text: Keyword arguments of `transformers.BertConfig`.
    """

    model_type = "local_alignment"

    def __init__(
        self,
        image_size: int = 320,
        width: int = 160,
        dimension: int = 128,
        pooling: str = "log-sum-exp",
        pooling_temperature: float = 1.0,
        mirror: bool = False,
        tower: str = "lite0",
        checks_images: bool = True,
        text_tower: dict[str, str] | None = None,
        text: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if image_size % INPUT_MULTIPLE or image_size <= 0:
            raise ValueError(
                f"image_size must be a positive multiple of {INPUT_MULTIPLE}, got {image_size}."
            )
        if pooling not in POOLING_NAMES:
            raise ValueError(f"Unknown pooling {pooling!r}. Available: {', '.join(POOLING_NAMES)}.")
        self.image_size = image_size
        self.width = width
        self.dimension = dimension
        self.pooling = pooling
        self.pooling_temperature = pooling_temperature
        if tower not in TOWERS:
            raise ValueError(f"Unknown tower {tower!r}. Available: {', '.join(TOWERS)}.")
        self.mirror = mirror
        self.tower = tower
        self.checks_images = checks_images
        self.text_tower = text_tower
        self.text = text or {}
        super().__init__(**kwargs)

    @property
    def grid_size(self) -> int:
        """Side of the patch grid."""
        return self.image_size // PATCH_STRIDE

    @property
    def embedding_size(self) -> int:
        """Numbers of a patch or phrase embedding: D, twice D with the mirror image."""
        return self.dimension * (2 if self.mirror else 1)


class LocalAlignmentModel(PreTrainedModel):
    """Two towers, two projections, and a learned scale and bias that turn cosines into logits.

    The calibrated score of a patch for a phrase is `sigmoid(scale * cosine + bias)`; scale and
    bias are trained with the dense supervision, so 0.5 means "as often inside as outside".
    `pooled_bias` calibrates the score of a whole image for the pooling used in training.
    """

    config_class = LocalAlignmentConfig

    def __init__(self, config: LocalAlignmentConfig) -> None:
        super().__init__(config)
        encoder = _TOWERS[config.tower](width=config.width)
        self.image_encoder = encoder
        self.patch_projection = PatchProjection(config.width, config.dimension)
        self.text_encoder = TextEncoder(BertConfig(**config.text))
        self.phrase_projection = PhraseProjection(self.text_encoder.hidden_size, config.dimension)
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.bias = nn.Parameter(torch.tensor(-3.0))
        self.pooled_bias = nn.Parameter(torch.tensor(3.0))
        self.image_check = nn.Sequential(
            nn.BatchNorm1d(encoder.summary_size, affine=False),
            nn.Linear(encoder.summary_size, len(IMAGE_KINDS)),
        )

    def encode_image(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised images (B, 1, S, S) -> patches (B, h, w, D) and image-check logits."""
        features, summary = self.image_encoder(images)
        # The image check reads the towers and must not bend them.
        return self.patch_projection(features), self.image_check(summary.detach())

    def encode_text(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        """Token ids and mask (S, T) -> unit phrase embeddings (S, D)."""
        return self.phrase_projection(self.text_encoder(token_ids, mask))

    def logits(self, patches: Tensor, phrases: Tensor) -> Tensor:
        """Calibrated logits (B, S, h, w) of patches (B, h, w, D) for phrases (S, D)."""
        return region_sentence_scores(patches, phrases * self.log_scale.exp()) + self.bias

    def pooled(self, logits: Tensor, *, pooling: str | None = None) -> Tensor:
        """Image-phrase logits (B, S) from region-sentence logits (B, S, h, w)."""
        name = pooling or self.config.pooling
        pooled = pool(logits.flatten(2), name, temperature=self.config.pooling_temperature)
        return pooled + self.pooled_bias if name == self.config.pooling else pooled


def both_views(own: Tensor, mirrored: Tensor) -> Tensor:
    """Join unit embeddings (..., D) of two views to unit embeddings (..., 2 D).

    Patches of an image and, turned back, of its mirror image; a phrase and its side-swapped form.
    The cosine of two joined vectors is the mean of the two cosines, so every map is the mean of
    the two views, and a mirrored image with a swapped phrase gives exactly the mirrored map.
    """
    return torch.cat([own, mirrored], dim=-1) / math.sqrt(2)
