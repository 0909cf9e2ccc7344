"""LoVT (Mueller et al., 2022): regions and sentences of one study find each other by attention.

Tensors named as the training code of philip-mueller/lovt writes them (commit 87b9a30); its authors
published no weights. Regions and sentences are compared by the cosine that its local losses use;
`attention_map` is its cross attention, of a sentence over the regions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._bert import (
    CLINICAL_BERT,
    TOKENIZER_FILES,
    BertShape,
    Pieces,
    build_bert,
)
from explorer.adapters._clinical import ClinicalEngine, load_clinical
from explorer.adapters._engine import Encoded, Stage
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries, clinical_layout, holder_of
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._published import in_place
from explorer.adapters._resnet import RESNET_50, ResNet
from explorer.entities import Float32

WEIGHTS = ("model.safetensors", "last.ckpt")
FILES = (*WEIGHTS, *TOKENIZER_FILES)
OPTIONAL = FILES  # one of the weights and one of the tokenizers is there
# Masks of the losses, and classifiers that watched the training.
UNUSED = (r"loss_module\..*", r"chexpert_bin_\w+\..*")
MOST_PIECES = 512


@dataclass(frozen=True, slots=True)
class LovtSizes:
    """Published sizes (configuration LoVT_100).

    Attributes:
        mean, std: Of the training radiographs, which the code measures; .5 where it has not.
    """

    blocks: tuple[int, ...] = RESNET_50
    width: int = 64
    image_size: int = 224
    mean: float = 0.5
    std: float = 0.5
    hidden: int = 2048
    dimension: int = 512
    heads: int = 8
    text: BertShape = CLINICAL_BERT

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Of the last feature map."""
        return self.image_size // 32, self.image_size // 32

    @property
    def preprocessing(self) -> Preprocessing:
        """Padded to a square, then to the input."""
        side = (self.image_size, self.image_size)
        mean, std = (self.mean,) * 3, (self.std,) * 3
        return Preprocessing(side, "pad to square", "bilinear", mean=mean, std=std)


class _Projection(nn.Module):
    """(B, N, C) to (B, N, D), each vector by itself."""

    def __init__(self, inner: int, sizes: LovtSizes, *, local: bool) -> None:
        super().__init__()
        self.local = local
        self.projection_before = _layer(inner, sizes.hidden, local=local)
        self.norm = nn.BatchNorm1d(sizes.hidden)
        self.projection_after = _layer(sizes.hidden, sizes.dimension, local=local)

    def forward(self, features: Tensor) -> Tensor:
        hidden = features.transpose(1, 2) if self.local else features
        hidden = torch.relu(self.norm(self.projection_before(hidden)))
        out: Tensor = self.projection_after(hidden)
        return out.transpose(1, 2) if self.local else out


def _layer(inner: int, outer: int, *, local: bool) -> nn.Module:
    return nn.Conv1d(inner, outer, 1) if local else nn.Linear(inner, outer)


class _Aggregator(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)


class _FeatureExtractor(nn.Module):
    def __init__(self, sizes: LovtSizes) -> None:
        super().__init__()
        self.backbone_layers = ResNet(blocks=sizes.blocks, width=sizes.width)


class _ImageEncoder(nn.Module):
    def __init__(self, sizes: LovtSizes) -> None:
        super().__init__()
        self.feature_extractor = _FeatureExtractor(sizes)
        self.width = self.feature_extractor.backbone_layers.channels[-1]
        self.global_aggregator = _Aggregator(self.width, sizes.heads)


class _TextEncoder(nn.Module):
    def __init__(self, sizes: LovtSizes) -> None:
        super().__init__()
        self.language_model = build_bert(sizes.text, pooler=True)
        self.width = sizes.text.width
        self.global_aggregator = _Aggregator(self.width, sizes.heads)


class _Modality(nn.Module):
    def __init__(self, encoder: _ImageEncoder | _TextEncoder, sizes: LovtSizes) -> None:
        super().__init__()
        self.encoder = encoder
        self.project_local = _Projection(encoder.width, sizes, local=True)
        self.project_global = _Projection(encoder.width, sizes, local=False)


class _CrossAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.key_projection = nn.Linear(width, width)
        self.value_projection = nn.Linear(width, width)
        self.output_projection = nn.Linear(width, width)
        self.norm = nn.BatchNorm1d(width)

    def over_regions(self, sentences: Tensor, regions: Tensor) -> Tensor:
        """Attention (S, R) of sentences over regions, rows sum to 1."""
        keys = self.key_projection(sentences), self.key_projection(regions)
        return torch.softmax(keys[0] @ keys[1].T / keys[0].shape[-1] ** 0.5, dim=-1)


class LovtNetwork(nn.Module):
    """Radiograph (a), report (b) and the attention between them."""

    def __init__(self, sizes: LovtSizes) -> None:
        super().__init__()
        self.model_a = _Modality(_ImageEncoder(sizes), sizes)
        self.model_b = _Modality(_TextEncoder(sizes), sizes)
        self.ll_attention = _CrossAttention(sizes.dimension)

    def regions(self, images: Tensor) -> Tensor:
        """(B, h * w, D) of images (B, 3, S, S)."""
        encoder = self.model_a.encoder
        assert isinstance(encoder, _ImageEncoder)
        features = encoder.feature_extractor.backbone_layers(images)
        out: Tensor = self.model_a.project_local(features.flatten(2).transpose(1, 2))
        return out

    def sentences(self, pieces: Pieces) -> Tensor:
        """(S, D): the largest of each feature over the pieces but the special ones."""
        encoder = self.model_b.encoder
        assert isinstance(encoder, _TextEncoder)
        hidden = encoder.language_model(pieces.ids, pieces.mask).last_hidden_state
        last = pieces.mask.sum(1, keepdim=True) - 1
        place = torch.arange(hidden.shape[1], device=hidden.device)
        inside = (place > 0) & (place < last)
        largest = hidden.masked_fill(~inside[..., None], float("-inf")).amax(1)
        out: Tensor = self.model_b.project_local(largest[:, None])[:, 0]
        return out


def layout(folder: Path) -> Layout | None:
    """A folder with a file of LoVT's code, and vocab.txt of Bio_ClinicalBERT beside it."""
    weights = holder_of(folder, "ll_attention.key_projection.weight")
    if weights is None:
        return None
    sizes = LovtSizes()
    entries = card_entries(
        sizes.preprocessing,
        title="LoVT, ResNet-50 and Bio_ClinicalBERT",
        grid_shape=sizes.grid_shape,
        dimension=sizes.dimension,
        pooling="max",
        training_data="not stated",
        temperature={"images": 0.1, "regions": 0.3},
    )
    return clinical_layout(folder, weights, entries)


def load(card: AdapterCard, *, device: str, precision: str) -> "LovtEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    return load_clinical(
        card,
        LovtEngine,
        sizes=LovtSizes,
        network=LovtNetwork,
        most_pieces=MOST_PIECES,
        unused=UNUSED,
        device=device,
        precision=precision,
    )


class LovtEngine(ClinicalEngine[LovtNetwork]):
    """A loaded checkpoint; see `explorer.adapters.Engine`.

    Its whole images live in another space than its regions, so `whole` is None.
    """

    draws_attention = True

    def _patches(self, images: Tensor) -> Encoded:
        return Encoded(in_place(self._network.regions(images), self.card.grid_size))

    def last_stage(self) -> Stage:
        """The last stage of the ResNet; see `DualEngine`."""
        encoder = self._network.model_a.encoder
        assert isinstance(encoder, _ImageEncoder)
        return Stage(encoder.feature_extractor.backbone_layers.last_stage)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        return self._network.sentences(self._tokenizer(phrases).to(self.device))

    def attention_map(self, image: Float32, phrases: Sequence[str]) -> Float32:
        """Cross attention (S, h, w) of each phrase over the regions; a map sums to 1.

        Args:
            image: Pixels in the model frame, as `embed_image` takes them.
            phrases: S texts.

        Raises:
            PhraseError: A phrase is empty or too long.
        """
        self.check_phrases(phrases)
        if not phrases:
            return np.zeros((0, *self.card.grid_size), dtype=np.float32)
        with torch.inference_mode(), self.autocast():
            regions = self._network.regions(self.on_device([image]))[0]
            found = self._network.ll_attention.over_regions(self._vectors(phrases), regions)
        values = found.float().cpu().numpy().reshape(-1, *self.card.grid_size)
        return np.asarray(values, dtype=np.float32)
