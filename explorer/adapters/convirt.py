"""ConVIRT (Zhang et al., 2020) in the layout of HKU-MedAI/MGCA, which trains it as a baseline.

The authors of ConVIRT published no weights. Only whole images and reports are aligned, so regions
are read by our choice: every place of the last feature map of a ResNet, or every patch of a ViT
that looks at itself alone, goes through the head for whole images.
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
    mgca_layout,
)
from explorer.adapters._published import positions
from explorer.adapters._vit import VisionTransformer

WEIGHTS = ("model.safetensors", "last.ckpt")
FILES = (*WEIGHTS, *TOKENIZER_FILES)
OPTIONAL = FILES  # one of the weights and one of the tokenizers is there
LAST_STRIDE = 32  # of the ResNet's last feature map


@dataclass(frozen=True, slots=True)
class ConvirtSizes(MgcaSizes):
    """Published sizes."""

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Of the places that are read."""
        return self.grid_of(LAST_STRIDE)


class ConvirtNetwork(nn.Module):
    """Both towers, their heads for regions and words among them, which nobody trained."""

    def __init__(self, sizes: MgcaSizes) -> None:
        super().__init__()
        self.img_encoder = ImageEncoder(sizes)
        self.text_encoder = TextEncoder(sizes)


def layout(folder: Path) -> Layout | None:
    """A folder with a ConVIRT of MGCA's code, and vocab.txt of Bio_ClinicalBERT beside it."""
    return mgca_layout(
        folder, "ConVIRT", tower="img_encoder", stride=LAST_STRIDE, temperature={"images": 0.07}
    )


def load(card: AdapterCard, *, device: str, precision: str) -> "ConvirtEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    return load_clinical(
        card,
        ConvirtEngine,
        sizes=ConvirtSizes,
        network=ConvirtNetwork,
        most_pieces=MOST_PIECES,
        renamed=lambda tensors, said: complete(tensors, text="text_encoder", sizes=said),
        unused=UNUSED,
        device=device,
        precision=precision,
    )


class ConvirtEngine(ClinicalEngine[ConvirtNetwork]):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def _patches(self, images: Tensor) -> Encoded:
        encoder = self._network.img_encoder
        if isinstance(encoder.model, VisionTransformer):
            whole, places = encoder.model.whole_and_places(images)
        else:
            places = positions(encoder.feature_maps(images)[-1])
            whole = places.mean((1, 2))
        return Encoded(encoder.global_embed(places), encoder.global_embed(whole))

    def last_stage(self) -> Stage:
        """Of the ResNet, or what the last block of the ViT reads; see `DualEngine`."""
        return self._network.img_encoder.stage(-1)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """The [CLS] of the phrase through the head for reports."""
        pieces = self._tokenizer(plain_words(phrases)).to(self.device)
        encoder = self._network.text_encoder
        vectors: Tensor = encoder.global_embed(encoder.words(pieces)[:, 0])
        return vectors
