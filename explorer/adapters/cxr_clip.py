"""CXR-CLIP (You et al., 2023): ResNet-50 or Swin-T and Bio_ClinicalBERT, linear projections.

Tensors named as kakaobrain/cxr-clip (now Soombit-ai) writes them into `r50_*.tar` and
`swint_*.tar`. With a ResNet the image vector is the projection of a mean over places, so every
place has its own exact part of it: the projection of that place. With Swin-T the published code
takes the first place for the whole, and places are read as `_swin` says. Not done: projections
that are an MLP, which the code can train and the published checkpoints do not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._bert import (
    CLINICAL_BERT,
    TOKENIZER_FILES,
    BertShape,
    build_bert,
)
from explorer.adapters._clinical import ClinicalEngine, load_clinical
from explorer.adapters._engine import Encoded, Stage
from explorer.adapters._import import Layout
from explorer.adapters._layouts import (
    card_entries,
    clinical_layout,
    holder_of,
    learned_temperature,
)
from explorer.adapters._preprocessing import HALF, IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from explorer.adapters._published import (
    in_place,
    positions,
)
from explorer.adapters._resnet import RESNET_50, ResNet
from explorer.adapters._swin import COMPUTED, SwinShape, SwinTower

_DATA = ("m", "mc", "mcc")  # MIMIC-CXR; with CheXpert; with ChestX-ray14 as well
WEIGHTS = ("model.safetensors", *(f"{tower}_{d}.tar" for tower in ("r50", "swint") for d in _DATA))
FILES = (*WEIGHTS, *TOKENIZER_FILES)
OPTIONAL = FILES  # one of the weights and one of the tokenizers is there
MOST_PIECES = 256
_SWIN_STEM = "image_encoder.embeddings.patch_embeddings.projection.weight"


@dataclass(frozen=True, slots=True)
class CxrClipSizes:
    """Published sizes."""

    image: Literal["resnet_50", "swin_tiny"] = "resnet_50"
    blocks: tuple[int, ...] = RESNET_50
    width: int = 64
    swin: SwinShape = SwinShape()  # noqa: RUF009 - frozen
    image_size: int = 224
    dimension: int = 512
    text: BertShape = CLINICAL_BERT

    def __post_init__(self) -> None:
        if self.image not in ("resnet_50", "swin_tiny"):
            raise ValueError(f"image must be resnet_50 or swin_tiny, got {self.image!r}")

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Of the last feature map."""
        stride = 32 if self.image == "resnet_50" else self.swin.stride
        return self.image_size // stride, self.image_size // stride

    @property
    def preprocessing(self) -> Preprocessing:
        """Shorter side, middle; mean and deviation of ImageNet for the ResNet, .5 for Swin."""
        resnet = self.image == "resnet_50"
        return Preprocessing(
            (self.image_size, self.image_size),
            "shorter side",
            "bilinear",
            self.image_size,
            IMAGENET_MEAN if resnet else HALF,
            IMAGENET_STD if resnet else HALF,
            nearest_half=True,
        )


class _ResNetTower(nn.Module):
    def __init__(self, sizes: CxrClipSizes) -> None:
        super().__init__()
        self.resnet = ResNet(blocks=sizes.blocks, width=sizes.width)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The mean of all places (B, C), and all (B, h * w, C)."""
        places = positions(self.resnet(images)).flatten(1, 2)
        return places.mean(1), places


class _TextEncoder(nn.Module):
    def __init__(self, sizes: CxrClipSizes) -> None:
        super().__init__()
        self.text_encoder = build_bert(sizes.text, pooler=True)


class _Projection(nn.Module):
    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.projection = nn.Linear(inner, outer)

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.projection(features)
        return out


class CxrClipNetwork(nn.Module):
    """Both towers and their projections."""

    def __init__(self, sizes: CxrClipSizes) -> None:
        super().__init__()
        self.image_encoder: _ResNetTower | SwinTower
        if sizes.image == "resnet_50":
            self.image_encoder = _ResNetTower(sizes)
            channels = self.image_encoder.resnet.channels[-1]
        else:
            self.image_encoder = SwinTower(sizes.swin, image_size=sizes.image_size)
            channels = sizes.swin.channels
        self.text_encoder = _TextEncoder(sizes)
        self.image_projection = _Projection(channels, sizes.dimension)
        self.text_projection = _Projection(sizes.text.width, sizes.dimension)
        self.logit_scale = nn.Parameter(torch.ones(()))


def layout(folder: Path) -> Layout | None:
    """A folder with a file of CXR-CLIP, and vocab.txt of Bio_ClinicalBERT beside it."""
    resnet = holder_of(folder, "image_encoder.resnet.conv1.weight")
    weights = resnet or holder_of(folder, f"image_encoder.{_SWIN_STEM}")
    if weights is None:
        return None
    sizes = CxrClipSizes(image="resnet_50" if resnet else "swin_tiny")
    entries = card_entries(
        sizes.preprocessing,
        title=f"CXR-CLIP, {'ResNet-50' if resnet else 'Swin-T'} and Bio_ClinicalBERT",
        grid_shape=sizes.grid_shape,
        dimension=sizes.dimension,
        pooling="mean",
        training_data="MIMIC-CXR, in the files *_mc and *_mcc other films too, as its makers say",
        architecture={"image": sizes.image},
        temperature=learned_temperature(weights),
    )
    return clinical_layout(folder, weights, entries)


def load(card: AdapterCard, *, device: str, precision: str) -> "CxrClipEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    return load_clinical(
        card,
        CxrClipEngine,
        sizes=CxrClipSizes,
        network=CxrClipNetwork,
        most_pieces=MOST_PIECES,
        unused=[COMPUTED],
        device=device,
        precision=precision,
    )


class CxrClipEngine(ClinicalEngine[CxrClipNetwork]):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def _patches(self, images: Tensor) -> Encoded:
        network = self._network
        whole, places = network.image_encoder(images)
        patches = in_place(network.image_projection(places), self.card.grid_size)
        return Encoded(patches, network.image_projection(whole))

    def last_stage(self) -> Stage:
        """The last stage of the ResNet, or what that of Swin reads; see `DualEngine`."""
        tower = self._network.image_encoder
        if isinstance(tower, SwinTower):
            return Stage(tower.before_last, self.card.grid_size)
        return Stage(tower.resnet.last_stage)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """The last piece of each phrase, [SEP], projected."""
        pieces = self._tokenizer(phrases).to(self.device)
        network = self._network
        hidden = network.text_encoder.text_encoder(pieces.ids, pieces.mask).last_hidden_state
        last = pieces.mask.sum(1) - 1
        return network.text_projection(hidden[torch.arange(len(hidden)), last])
