"""GLoRIA (Huang et al., 2021): ResNet-50 and Bio_ClinicalBERT that meet word by word.

Tensors named as marshuang80/gloria writes them into `chexpert_resnet50.ckpt`. A phrase is put on
the image by attention: every region divides its attention among the words, then every word among
the regions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.adapters._base import AdapterCard
from explorer.adapters._bert import (
    CLINICAL_BERT,
    TOKENIZER_FILES,
    BertShape,
    Pieces,
    build_bert,
    plain_words,
)
from explorer.adapters._clinical import ClinicalEngine, load_clinical
from explorer.adapters._engine import Encoded
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries, clinical_layout, holder_of
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._published import positions
from explorer.adapters._recent import Recent
from explorer.adapters._resnet import RESNET_50, ResNet
from explorer.adapters._weights import without_prefix
from explorer.entities import Float32, ImageEmbeddings

WEIGHTS = ("model.safetensors", "chexpert_resnet50.ckpt")
FILES = (*WEIGHTS, *TOKENIZER_FILES)
OPTIONAL = FILES  # one of the weights and one of the tokenizers is there
LAST_LAYERS = 4  # of the BERT, summed
SHARPNESS = 4.0  # "temp1": of the attention among regions
MOST_PIECES = 97
KEPT_PHRASES = 256  # word matrices kept an engine: some 30 kB each


@dataclass(frozen=True, slots=True)
class GloriaSizes:
    """Published sizes.

    Attributes:
        letterbox, crop: Square to which an image is fitted, and its middle that is kept.
        enlarged: Side to which the network itself enlarges that.
    """

    blocks: tuple[int, ...] = RESNET_50
    width: int = 64
    letterbox: int = 256
    crop: int = 224
    enlarged: int = 299
    text: BertShape = CLINICAL_BERT

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Of the third feature map of the enlarged image."""
        return math.ceil(self.enlarged / 16), math.ceil(self.enlarged / 16)

    @property
    def dimension(self) -> int:
        """Of the joint space: that of the text tower."""
        return self.text.width

    @property
    def preprocessing(self) -> Preprocessing:
        """Letterbox, its middle, values from -1 to 1."""
        side = (self.crop, self.crop)
        return Preprocessing(side, "longer side", "area", self.letterbox, nearest_half=True)


class _ImageEncoder(nn.Module):
    def __init__(self, sizes: GloriaSizes) -> None:
        super().__init__()
        self.enlarged = sizes.enlarged
        self.model = ResNet(blocks=sizes.blocks, width=sizes.width)
        local, last = self.model.channels[2], self.model.channels[3]
        self.global_embedder = nn.Linear(last, sizes.text.width)
        self.local_embedder = nn.Conv2d(local, sizes.text.width, 1, bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        side = (self.enlarged, self.enlarged)
        large = functional.interpolate(images, size=side, mode="bilinear", align_corners=True)
        stages = self.model.stages(large)
        return self.local_embedder(stages[2]), self.global_embedder(stages[3].mean((2, 3)))


class _TextEncoder(nn.Module):
    def __init__(self, sizes: GloriaSizes) -> None:
        super().__init__()
        self.model = build_bert(sizes.text, pooler=True)

    def forward(self, pieces: Pieces) -> Tensor:
        """Words (S, W, D): the last layers of all their pieces, summed; zero after the last."""
        found = self.model(pieces.ids, pieces.mask, output_hidden_states=True)
        layers = torch.stack(found.hidden_states[-LAST_LAYERS:]).sum(0)
        return pieces.words @ layers.to(pieces.words.dtype)


class GloriaNetwork(nn.Module):
    """Both towers, named as in the published file less its prefix "gloria."."""

    def __init__(self, sizes: GloriaSizes) -> None:
        super().__init__()
        self.img_encoder = _ImageEncoder(sizes)
        self.text_encoder = _TextEncoder(sizes)


def layout(folder: Path) -> Layout | None:
    """A folder with a file of GLoRIA's code, and vocab.txt of Bio_ClinicalBERT beside it."""
    weights = holder_of(folder, "img_encoder.local_embedder.weight")
    if weights is None:
        return None
    sizes = GloriaSizes()
    entries = card_entries(
        sizes.preprocessing,
        title="GLoRIA, ResNet-50 and Bio_ClinicalBERT",
        grid_shape=sizes.grid_shape,
        dimension=sizes.dimension,
        pooling="max",
        cosine_range=[0.0, 1.0],
        training_data="CheXpert, as its makers say",
        temperature={"regions": 1 / SHARPNESS, "words": 0.2, "logits": 0.1},
    )
    return clinical_layout(folder, weights, entries)


def load(card: AdapterCard, *, device: str, precision: str) -> "GloriaEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    return load_clinical(
        card,
        GloriaEngine,
        sizes=GloriaSizes,
        network=GloriaNetwork,
        most_pieces=MOST_PIECES,
        renamed=lambda tensors, _: without_prefix(tensors, "gloria."),
        device=device,
        precision=precision,
    )


class GloriaEngine(ClinicalEngine[GloriaNetwork]):
    """A loaded checkpoint; `similarity` is word attention and not a cosine."""

    draws_attention = True

    def __init__(self, *loaded: Any, **options: Any) -> None:
        super().__init__(*loaded, **options)
        self._words_kept = Recent(KEPT_PHRASES)

    def _patches(self, images: Tensor) -> Encoded:
        local, whole = self._network.img_encoder(images)
        return Encoded(positions(local), whole)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """Sum over words, [CLS] and [SEP] among them: their mean but for its length."""
        words: Tensor = self._words(phrases)[0]
        return words.sum(1)

    def similarity(self, embeddings: ImageEmbeddings, phrases: Sequence[str]) -> Float32:
        """Word attention (S, h, w) in [0, 1], the mean over the words of a phrase.

        1 is the most that one region can draw: all of one word's attention. Spread evenly over
        361 regions it is .02. That a phrase is the mean of its words is our choice; the published
        code draws one map a word.
        """
        self.check_phrases(phrases)
        lengths = embeddings.lengths
        assert lengths is not None  # as_embeddings gives them
        grid = embeddings.grid.values
        regions = torch.from_numpy((grid * lengths[..., None]).reshape(-1, grid.shape[-1]))
        return self._attention(regions, phrases) / np.float32(most_attention(len(regions)))

    def attention_map(self, image: Float32, phrases: Sequence[str]) -> Float32:
        """As `similarity`, but each map (h, w) sums to 1.

        Args:
            image: Pixels in the model frame, as `embed_image` takes them.
            phrases: S texts.

        Raises:
            PhraseError: A phrase is empty or too long.
        """
        self.check_phrases(phrases)
        with torch.inference_mode(), self.autocast():
            local, _ = self._network.img_encoder(self.on_device([image]))
        return self._attention(local[0].flatten(1).T.float().cpu(), phrases)

    def _attention(self, regions: Tensor, phrases: Sequence[str]) -> Float32:
        maps = [word_attention(regions, words)[1:].mean(0) for words in self._kept(phrases)]
        shape = (len(phrases), *self.card.grid_size)
        return np.array([found.numpy() for found in maps], dtype=np.float32).reshape(shape)

    def _kept(self, phrases: Sequence[str]) -> list[Tensor]:
        """[CLS] and the words of each phrase, (1 + W, D); those asked before from memory."""
        kept = self._words_kept.get(phrases)
        unknown = [phrase for phrase in dict.fromkeys(phrases) if phrase not in kept]
        if unknown:
            with torch.inference_mode(), self.autocast():
                words, counts = self._words(unknown)
            rows = words.float().cpu().numpy()
            fresh = {p: rows[i, : int(counts[i]) - 1] for i, p in enumerate(unknown)}
            self._words_kept.add(fresh)
            kept |= fresh
        return [torch.from_numpy(kept[phrase]) for phrase in phrases]

    def _words(self, phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
        pieces = self._tokenizer(plain_words(phrases))
        return self._network.text_encoder(pieces.to(self.device)), pieces.counts


def word_attention(regions: Tensor, words: Tensor) -> Tensor:
    """Attention (W, R) of words (W, D) over regions (R, D), rows sum to 1 (their eq. 3 and 4).

    Softmax among the words comes first, then, sharpened, the one among the regions.
    """
    among_words = torch.softmax(regions @ words.T, dim=1)  # (R, W)
    return torch.softmax(SHARPNESS * among_words.T, dim=1)


def most_attention(regions: int) -> float:
    """Largest value of `word_attention` over this many regions."""
    return 1 / (1 + (regions - 1) * math.exp(-SHARPNESS))
