"""CXR-CLIP (You et al., 2023): ResNet-50 and Bio_ClinicalBERT, each with a linear projection.

Tensors named as kakaobrain/cxr-clip (now Soombit-ai) writes them into `r50_*.tar`. Since the image
vector is the projection of a mean over places, every place has its own exact part of it: the
projection of that place. Not done: its Swin-T checkpoints (`swint_*.tar`) and MLP projections.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._bert import (
    CLINICAL_BERT,
    TOKENIZER_FILES,
    BertShape,
    WordPieces,
    build_bert,
)
from explorer.adapters._engine import Encoded
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries, clinical_layout, holder_of, learned_temperature
from explorer.adapters._preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from explorer.adapters._published import PublishedEngine, positions, sizes_of, weights_path
from explorer.adapters._resnet import RESNET_50, ResNet
from explorer.adapters._weights import load_strictly, read_tensors

WEIGHTS = ("model.safetensors", "r50_m.tar", "r50_mc.tar", "r50_mcc.tar")
FILES = (*WEIGHTS, *TOKENIZER_FILES)
OPTIONAL = FILES  # one of the weights and one of the tokenizers is there
MOST_PIECES = 256


@dataclass(frozen=True, slots=True)
class CxrClipSizes:
    """Published sizes."""

    blocks: tuple[int, ...] = RESNET_50
    width: int = 64
    image_size: int = 224
    dimension: int = 512
    text: BertShape = CLINICAL_BERT

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Of the last feature map."""
        return self.image_size // 32, self.image_size // 32

    @property
    def preprocessing(self) -> Preprocessing:
        """Shorter side, middle, ImageNet's mean and deviation."""
        return Preprocessing(
            (self.image_size, self.image_size),
            "shorter side",
            "bilinear",
            self.image_size,
            IMAGENET_MEAN,
            IMAGENET_STD,
            nearest_half=True,
        )


class _ImageEncoder(nn.Module):
    def __init__(self, sizes: CxrClipSizes) -> None:
        super().__init__()
        self.resnet = ResNet(blocks=sizes.blocks, width=sizes.width)


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
        self.image_encoder = _ImageEncoder(sizes)
        self.text_encoder = _TextEncoder(sizes)
        channels = self.image_encoder.resnet.channels[-1]
        self.image_projection = _Projection(channels, sizes.dimension)
        self.text_projection = _Projection(sizes.text.width, sizes.dimension)
        self.logit_scale = nn.Parameter(torch.ones(()))


def layout(folder: Path) -> Layout | None:
    """A folder with a `r50_*.tar` of CXR-CLIP, and vocab.txt of Bio_ClinicalBERT beside it."""
    weights = holder_of(folder, "image_encoder.resnet.conv1.weight")
    if weights is None:
        return None
    sizes = CxrClipSizes()
    entries = card_entries(
        sizes.preprocessing,
        title="CXR-CLIP, ResNet-50 and Bio_ClinicalBERT",
        grid_shape=sizes.grid_shape,
        dimension=sizes.dimension,
        pooling="mean",
        training_data="MIMIC-CXR, in r50_mc and r50_mcc other films too, as its makers say",
        temperature=learned_temperature(weights),
    )
    return clinical_layout(folder, weights, entries)


def load(card: AdapterCard, *, device: str, precision: str) -> "CxrClipEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    sizes = sizes_of(card, CxrClipSizes)
    network = CxrClipNetwork(sizes)
    load_strictly(network, read_tensors(weights_path(card)), folder=card.folder)
    tokenizer = WordPieces(card.folder, most=MOST_PIECES)
    return CxrClipEngine(card, network, tokenizer, sizes, device=device, precision=precision)


class CxrClipEngine(PublishedEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def __init__(
        self,
        card: AdapterCard,
        network: CxrClipNetwork,
        tokenizer: WordPieces,
        sizes: CxrClipSizes,
        *,
        device: str,
        precision: str,
    ) -> None:
        super().__init__(
            card,
            sizes.preprocessing,
            grid_shape=sizes.grid_shape,
            dimension=sizes.dimension,
            device=device,
            precision=precision,
        )
        self._network = self.ready(network)
        self._tokenizer = tokenizer

    def _patches(self, images: Tensor) -> Encoded:
        network = self._network
        places = positions(network.image_encoder.resnet(images))
        return Encoded(
            network.image_projection(places), network.image_projection(places.mean((1, 2)))
        )

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """The last piece of each phrase, [SEP], projected."""
        pieces = self._tokenizer(phrases).to(self.device)
        network = self._network
        hidden = network.text_encoder.text_encoder(pieces.ids, pieces.mask).last_hidden_state
        last = pieces.mask.sum(1) - 1
        return network.text_projection(hidden[torch.arange(len(hidden)), last])
