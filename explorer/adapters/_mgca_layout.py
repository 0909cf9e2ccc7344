"""Encoders of HKU-MedAI/MGCA, which its MGCA and its ConVIRT share: ResNet-50 or ViT-B/16 and BERT.

Both hold a head for whole images and reports and one for regions and words, each an MLP that ends
in a batch normalisation. The BERT has 6 layers, no token types, and cross attention that its text
mode does not run.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.adapters._bert import BertShape, Pieces, build_bert, without_token_types
from explorer.adapters._engine import Stage
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries, clinical_layout, holder_of, tensor_names
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._resnet import RESNET_50, ResNet
from explorer.adapters._vit import VIT_B_16, VisionTransformer, VitShape

UNUSED = (r".*\.encoder\.layer\.\d+\.crossattention\..*",)
MOST_PIECES = 112
MGCA_BERT = BertShape(depth=6)


@dataclass(frozen=True, slots=True)
class MgcaSizes:
    """Published sizes; see `GloriaSizes` for the three of the image."""

    image: Literal["resnet_50", "vit_base"] = "vit_base"
    blocks: tuple[int, ...] = RESNET_50
    width: int = 64
    vit: VitShape = VIT_B_16
    letterbox: int = 256
    crop: int = 224
    enlarged: int = 299
    hidden: int = 2048
    dimension: int = 128
    prototypes: int = 500
    text: BertShape = MGCA_BERT

    def __post_init__(self) -> None:
        if self.image not in ("resnet_50", "vit_base"):
            raise ValueError(f"image must be resnet_50 or vit_base, got {self.image!r}")

    @property
    def preprocessing(self) -> Preprocessing:
        """Letterbox as GLoRIA, then its middle."""
        return Preprocessing(
            (self.crop, self.crop), "longer side", "area", self.letterbox, nearest_half=True
        )

    def grid_of(self, stride: int) -> tuple[int, int]:
        """Side of the patch grid: of the ViT, or of the ResNet's feature map of this stride."""
        vit = self.image == "vit_base"
        side = self.vit.grid_size if vit else math.ceil(self.enlarged / stride)
        return side, side


def _head(layer: Callable[[int, int], nn.Module], inner: int, sizes: MgcaSizes) -> nn.Sequential:
    return nn.Sequential(
        layer(inner, sizes.hidden),
        nn.BatchNorm1d(sizes.hidden),
        nn.ReLU(),
        layer(sizes.hidden, sizes.dimension),
        nn.BatchNorm1d(sizes.dimension, affine=False),
    )


def _pointwise(inner: int, outer: int) -> nn.Conv1d:
    return nn.Conv1d(inner, outer, 1)


class GlobalHead(nn.Module):
    """(..., C) to (..., D): for whole images and reports."""

    def __init__(self, inner: int, sizes: MgcaSizes) -> None:
        super().__init__()
        self.head = _head(nn.Linear, inner, sizes)

    def forward(self, features: Tensor) -> Tensor:
        """Each vector by itself."""
        flat: Tensor = self.head(features.flatten(0, -2))
        return flat.unflatten(0, features.shape[:-1])


class LocalHead(nn.Module):
    """(B, N, C) to (B, N, D): for regions and words."""

    def __init__(self, inner: int, sizes: MgcaSizes) -> None:
        super().__init__()
        self.head = _head(_pointwise, inner, sizes)

    def forward(self, features: Tensor) -> Tensor:
        """Each vector by itself."""
        out: Tensor = self.head(features.transpose(1, 2)).transpose(1, 2)
        return out


class ImageEncoder(nn.Module):
    """Trunk and heads of the image."""

    def __init__(self, sizes: MgcaSizes) -> None:
        super().__init__()
        self.sizes = sizes
        if sizes.image == "vit_base":
            self.model: nn.Module = VisionTransformer(sizes.vit)
            local = whole = sizes.vit.width
        else:
            resnet = ResNet(blocks=sizes.blocks, width=sizes.width)
            self.model, local, whole = resnet, resnet.channels[2], resnet.channels[3]
        self.global_embed = GlobalHead(whole, sizes)
        self.local_embed = LocalHead(local, sizes)

    def feature_maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the ResNet, of the enlarged image."""
        assert isinstance(self.model, ResNet)
        side = (self.sizes.enlarged, self.sizes.enlarged)
        large = functional.interpolate(images, size=side, mode="bilinear", align_corners=True)
        return self.model.stages(large)

    def stage(self, place: int) -> Stage:
        """A stage of the ResNet, or what the last block of the ViT reads."""
        if isinstance(self.model, VisionTransformer):
            side = self.model.shape.grid_size
            return Stage(self.model.before_last, (side, side))
        assert isinstance(self.model, ResNet)
        return Stage(self.model.stage(place))


class TextEncoder(nn.Module):
    """BERT and heads of the text."""

    def __init__(self, sizes: MgcaSizes) -> None:
        super().__init__()
        self.model = build_bert(sizes.text, pooler=False)
        self.global_embed = GlobalHead(sizes.text.width, sizes)
        self.local_embed = LocalHead(sizes.text.width, sizes)

    def words(self, pieces: Pieces) -> Tensor:
        """Features (S, W, C) of words: those of their pieces, summed; [CLS] first, [SEP] last."""
        hidden = self.model(pieces.ids, pieces.mask).last_hidden_state
        return pieces.words @ hidden.to(pieces.words.dtype)


def mgca_layout(
    folder: Path, title: str, *, tower: str, stride: int, temperature: Mapping[str, float]
) -> Layout | None:
    """A folder whose weights hold this image tower; which of the two it is, its names tell."""
    weights = holder_of(folder, f"{tower}.local_embed.head.0.weight")
    if weights is None:
        return None
    vit = f"{tower}.model.cls_token" in tensor_names(weights)
    sizes = MgcaSizes(image="vit_base" if vit else "resnet_50")
    entries = card_entries(
        sizes.preprocessing,
        title=f"{title}, {'ViT-B/16' if vit else 'ResNet-50'} and Bio_ClinicalBERT",
        grid_shape=sizes.grid_of(stride),
        dimension=sizes.dimension,
        pooling="max" if stride == 16 else "mean",
        training_data="MIMIC-CXR, as its makers say",
        architecture={"image": sizes.image},
        temperature=dict(temperature),
    )
    return clinical_layout(folder, weights, entries)


def complete(tensors: Mapping[str, Tensor], *, text: str, sizes: MgcaSizes) -> dict[str, Tensor]:
    """Published tensors with the token types that the BERT of `transformers` expects."""
    return without_token_types(tensors, prefix=f"{text}.model.", width=sizes.text.width)


def mean_of_words(embeddings: Tensor, counts: Sequence[int]) -> Tensor:
    """Mean (S, D) of the unit vectors of the words of each phrase, [CLS] and [SEP] left out."""
    units = functional.normalize(embeddings, dim=-1)
    return torch.stack([row[1 : n - 1].mean(0) for row, n in zip(units, counts, strict=True)])
