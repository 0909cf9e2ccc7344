"""BioViL-T: the pipeline of BioViL on a 14 x 14 grid, with a film of before beside the current one.

Shorter side to 512, middle 448 x 448. Half of the image channels say what changed since the
previous film; without one they are a learned vector, the same everywhere.
"""

from pathlib import Path

import torch

from explorer.adapters._base import AdapterCard
from explorer.adapters._biovil import UNUSED, PairModel, shape_of
from explorer.adapters._import import Layout
from explorer.adapters._weights import load_strictly, read_tensors
from explorer.adapters.biovil import (
    FILES,
    IMAGE_FILE,
    WEIGHTS,
    BioVilEngine,
    load_text,
    published_layout,
    whole_and_parts,
)
from explorer.entities import Float32, ImageEmbeddings, ModelFrame

__all__ = ["FILES", "WEIGHTS", "layout", "load"]


def load(card: AdapterCard, *, device: str, precision: str) -> "BioVilTEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the networks its card describes.
    """
    tensors = read_tensors(card.folder / IMAGE_FILE)
    model = PairModel(shape_of(tensors), grid=card.grid_size)
    load_strictly(model, tensors, folder=card.folder, unused=UNUSED)
    return BioVilTEngine(card, model, load_text(card), device=device, precision=precision)


def layout(folder: Path) -> Layout | None:
    """A folder of microsoft/BiomedVLP-BioViL-T."""
    return published_layout(folder, images="biovil_t_image_*.pt", title="BioViL-T", side=448)


class BioVilTEngine(BioVilEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    reads_prior = True

    def embed_pair(self, current: Float32, prior: Float32, *, frame: ModelFrame) -> ImageEmbeddings:
        """Encode a film beside an earlier one, both in the model frame; see `Engine`."""
        films = self.on_device([current, prior])
        with torch.inference_mode(), self.autocast():
            patches = self._model(films[:1], films[1:])
        return self.as_embeddings(whole_and_parts(patches), frames=[frame])[0]
