"""MGCA (Wang et al., 2022): regions and words in one space of 128 dimensions.

Tensors named as HKU-MedAI/MGCA writes them into `vit_base.ckpt` and `resnet_50.ckpt`. Patches and
phrases are those of its token-wise alignment: a phrase is the mean of its words, so that its cosine
with a patch is, but for one factor a phrase, the mean of the cosines of its words (our choice;
the published code aligns words, not phrases).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._bert import TOKENIZER_FILES, plain_words
from explorer.adapters._clinical import ClinicalEngine, load_clinical
from explorer.adapters._engine import Encoded, Stage
from explorer.adapters._import import Layout
from explorer.adapters._mgca_layout import (
    MOST_PIECES,
    UNUSED,
    ImageEncoder,
    MgcaSizes,
    TextEncoder,
    complete,
    mean_of_words,
    mgca_layout,
)
from explorer.adapters._published import in_place

WEIGHTS = ("model.safetensors", "vit_base.ckpt", "resnet_50.ckpt")
FILES = (*WEIGHTS, *TOKENIZER_FILES)
OPTIONAL = FILES  # one of the weights and one of the tokenizers is there
LOCAL_STRIDE = 16  # of the ResNet's feature map that regions are taken from


@dataclass(frozen=True, slots=True)
class MgcaLocalSizes(MgcaSizes):
    """Published sizes."""

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Of the regions that are read."""
        return self.grid_of(LOCAL_STRIDE)


class MgcaNetwork(nn.Module):
    """Both towers, the attention layers that the published runs switch off, and the prototypes."""

    def __init__(self, sizes: MgcaSizes) -> None:
        super().__init__()
        self.img_encoder_q = ImageEncoder(sizes)
        self.text_encoder_q = TextEncoder(sizes)
        self.patch_local_atten_layer = nn.MultiheadAttention(sizes.dimension, 1)
        self.word_local_atten_layer = nn.MultiheadAttention(sizes.dimension, 1)
        self.prototype_layer = nn.Linear(sizes.dimension, sizes.prototypes, bias=False)


def layout(folder: Path) -> Layout | None:
    """A folder with a file of MGCA's code, and vocab.txt of Bio_ClinicalBERT beside it."""
    temperature = {"images": 0.07, "words": 0.1, "prototypes": 0.2}
    return mgca_layout(
        folder, "MGCA", tower="img_encoder_q", stride=LOCAL_STRIDE, temperature=temperature
    )


def load(card: AdapterCard, *, device: str, precision: str) -> "MgcaEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    return load_clinical(
        card,
        MgcaEngine,
        sizes=MgcaLocalSizes,
        network=MgcaNetwork,
        most_pieces=MOST_PIECES,
        renamed=lambda tensors, said: complete(tensors, text="text_encoder_q", sizes=said),
        unused=UNUSED,
        device=device,
        precision=precision,
    )


class MgcaEngine(ClinicalEngine[MgcaNetwork]):
    """A loaded checkpoint; see `explorer.adapters.Engine`.

    Its whole images live in another space than its patches, so `whole` is None.
    """

    def _patches(self, images: Tensor) -> Encoded:
        encoder = self._network.img_encoder_q
        if encoder.sizes.image == "vit_base":
            features: Tensor = encoder.model(images)[:, 1:]
        else:
            features = encoder.feature_maps(images)[2].flatten(2).transpose(1, 2)
        return Encoded(in_place(encoder.local_embed(features), self.card.grid_size))

    def last_stage(self) -> Stage:
        """The one that regions come of, or what the last block reads; see `DualEngine`."""
        return self._network.img_encoder_q.stage(2)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        pieces = self._tokenizer(plain_words(phrases)).to(self.device)
        encoder = self._network.text_encoder_q
        return mean_of_words(encoder.local_embed(encoder.words(pieces)), pieces.counts.tolist())
