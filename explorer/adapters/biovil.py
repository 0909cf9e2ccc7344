"""BioViL: a ResNet-50 on a 15 x 15 grid and CXR-BERT in a joint space of 128 dimensions.

Follows the published pipeline of microsoft/hi-ml step by step: grey levels stretched to 8 bits,
shorter side to 512 (Pillow, bilinear, smoothed), middle 480 x 480, three equal channels in [0, 1],
patches projected and brought to unit norm, cosines with the projected first token of the phrase,
a Gaussian of 1.5 patches. `explorer.grounding.hi_ml` then places a map as the published code does.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from explorer.adapters import _cxr_bert
from explorer.adapters._base import AdapterCard
from explorer.adapters._biovil import UNUSED, ImageModel, shape_of
from explorer.adapters._cxr_bert import CxrBert, Words, save_tokenizer
from explorer.adapters._device import choose_device, choose_precision
from explorer.adapters._engine import DualEngine, Encoded, Stage
from explorer.adapters._import import Layout
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._reference import read_reference
from explorer.adapters._weights import load_strictly, read_tensors
from explorer.encoders.files import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from explorer.entities import Float32, ModelFrame
from explorer.errors import CheckpointError

IMAGE_FILE = "image_model.safetensors"
WEIGHTS = (IMAGE_FILE, WEIGHTS_FILE)
FILES = (CONFIG_FILE, TOKENIZER_FILE, *WEIGHTS)


def load(card: AdapterCard, *, device: str, precision: str) -> "BioVilEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the networks its card describes.
    """
    tensors = read_tensors(card.folder / IMAGE_FILE)
    model = ImageModel(shape_of(tensors))
    load_strictly(model, tensors, folder=card.folder, unused=UNUSED)
    return BioVilEngine(card, model, load_text(card), device=device, precision=precision)


def load_text(card: AdapterCard) -> CxrBert:
    """The text tower of a folder, loaded strictly."""
    text = _cxr_bert.build(card.folder)
    tensors = read_tensors(card.folder / WEIGHTS_FILE)
    load_strictly(text, tensors, folder=card.folder, unused=_cxr_bert.UNUSED)
    return text


def layout(folder: Path) -> Layout | None:
    """A folder of microsoft/BiomedVLP-CXR-BERT-specialized with its image weights."""
    return published_layout(folder, images="biovil_image_*.pt", title="BioViL", side=480)


def published_layout(folder: Path, *, images: str, title: str, side: int) -> Layout | None:
    """Image weights, text weights and words of a published folder; None where one is missing."""
    image = next(iter(sorted(folder.glob(images))), None)
    text = first_of(folder, WEIGHTS_FILE, "pytorch_model.bin")
    words = first_of(folder, TOKENIZER_FILE, "vocab.txt")
    config = first_of(folder, CONFIG_FILE)
    if image is None or text is None or words is None or config is None:
        return None
    return Layout(
        entries={
            "title": f"{title}, ResNet-50 and CXR-BERT",
            "training_data": "MIMIC-CXR and other clinical text, as its makers say",
            "weights": list(WEIGHTS),
            "input_size": side,
            "grid_size": side // 32,
            "dimension": shape_of(read_tensors(image)).joint,
            "frame_mode": "center crop",
            "resize": 512,
            "smoothing": 1.5,
            "pooling": "mean",
        },
        files={
            IMAGE_FILE: image,
            WEIGHTS_FILE: text,
            CONFIG_FILE: config,
            TOKENIZER_FILE: words if words.suffix == ".json" else partial(save_tokenizer, words),
        },
    )


def first_of(folder: Path, *names: str) -> Path | None:
    """The first of these files that is there."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


class BioVilEngine(DualEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def __init__(
        self, card: AdapterCard, model: ImageModel, text: CxrBert, *, device: str, precision: str
    ) -> None:
        device = choose_device(device)
        dtype = choose_precision(precision, device=device)
        super().__init__(card, device=device, dtype=dtype, reference=read_reference(card))
        self._steps = Preprocessing(
            input_shape=card.input_size,
            resize="shorter side",
            resized_to=card.resize or max(card.input_size),
            resampling="bilinear",
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
            nearest_half=True,
        )
        self._words = Words(card.folder, most=text.bert.config.max_position_embeddings)
        self._text = text.eval().requires_grad_(requires_grad=False).to(device)
        self._model = model.eval().requires_grad_(requires_grad=False).to(device)
        found, said = self._sizes(), (card.grid_size, card.dimension)
        if found != said:
            raise CheckpointError(
                f"Checkpoint {card.name!r} gives grid and dimension {found}, the card says {said}. "
                "Copy the folder again."
            )

    def _sizes(self) -> tuple[tuple[int, int], int]:
        rows, columns = (-(-side // 32) for side in self.card.input_size)
        joint = self._text.cls_projection_head.dense_to_output.out_features
        return (rows, columns), joint

    def frame_of(self, rows: int, columns: int) -> ModelFrame:
        """Shorter side to `resize`, then the middle, rounded as the published code rounds."""
        return self._steps.frame(rows, columns, grid_shape=self.card.grid_size)

    def model_input(self, pixels: Float32, *, frame: ModelFrame) -> Float32:
        """Grey levels to 8 bits, resized by Pillow, cut; see `Engine`."""
        resized = Image.fromarray(to_uint8(pixels)).resize(
            self._steps.resized_shape(*pixels.shape)[::-1], Image.Resampling.BILINEAR
        )
        rows, columns = self.card.input_size
        top, left = (int(-offset) for offset in (frame.offset_y, frame.offset_x))
        cut = np.asarray(resized)[top : top + rows, left : left + columns]
        return cut.astype(np.float32) / np.float32(255)

    def steps(self) -> tuple[str, ...]:
        """The published steps; see `Engine`."""
        return ("grey levels stretched to 0 to 255, in 8 bits", *self._steps.steps())

    def network_input(self, images: Sequence[Float32]) -> Float32:
        """Three equal channels in [0, 1]; see `Engine`."""
        return self._steps.network_input(images)

    def _patches(self, images: Tensor) -> Encoded:
        return whole_and_parts(self._model(images))

    def last_stage(self) -> Stage:
        """The last stage of the ResNet; see `DualEngine`."""
        return Stage(self._model.encoder.encoder.last_stage)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        token_ids, mask = self._words(phrases)
        vectors: Tensor = self._text(token_ids.to(self.device), mask.to(self.device))
        return vectors


def whole_and_parts(patches: Tensor) -> Encoded:
    """Projected patches and, for the image as a whole, their mean before any norm."""
    return Encoded(patches, patches.float().mean((1, 2)))


def to_uint8(pixels: Float32) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """Stretch grey levels from 0 to 255 and cut them to whole ones; a constant film is black.

    Pixels are taken as the 8 or 16 bits that they were, so that cutting gives the same levels.
    """
    levels = np.round(pixels.astype(np.float64) * 65535)
    values = levels - levels.min()
    highest = values.max()
    return (values / (highest if highest > 0 else 1.0) * 255).astype(np.uint8)
