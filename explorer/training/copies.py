"""What fine-tuned copies and students of a checkpoint share: films in memory, figures, a folder."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel, both_views
from explorer.encoders.files import CARD_FILE, WEIGHTS_FILE, sha256_of
from explorer.encoders.preprocessing import standardise
from explorer.encoders.text import tokenize
from explorer.entities import Float32
from explorer.text import NULL_PHRASES, side_swapped
from explorer.training import calibrate
from explorer.training.checkpoint import load_start, write_checkpoint
from explorer.training.config import TrainingConfig
from explorer.training.image_check import fit_image_check
from explorer.training.other_radiographs import other_radiographs
from explorer.training.strange_pictures import strange_pictures

UInt8 = NDArray[np.uint8]
Progress = Callable[[str, int, int], None]
_BATCH = 8
_STRANGE, _OTHER = 100, 150  # pictures that are no chest radiographs
_TYPICAL = 60  # films that the threshold is measured on


@dataclass(frozen=True, slots=True)
class PlacedPhrase:
    """A phrase that is true of a film, and its place: (80, 80) share of each cell of the film."""

    film: int
    phrase: str
    mask: Float32


def load_frozen(folder: Path) -> tuple[LocalAlignmentModel, Tokenizer]:
    """Model and tokenizer of a checkpoint; nothing of it learns."""
    model, tokenizer = load_start(folder)
    return model.eval().requires_grad_(requires_grad=False), tokenizer


def digest_of(folder: Path) -> str:
    """Sha256 of the weights of a checkpoint folder."""
    return sha256_of(folder / WEIGHTS_FILE)


def as_inputs(films: Sequence[UInt8], side: int) -> Tensor:
    """Standardised, letterboxed images (N, 1, S, S) of films of any shape."""
    return torch.from_numpy(np.stack([_square(film, side) for film in films]))[:, None]


def _square(film: UInt8, side: int) -> Float32:
    scale = side / max(film.shape)
    height, width = (max(1, round(edge * scale)) for edge in film.shape)
    top, left = (side - height) // 2, (side - width) // 2
    pixels = np.zeros((side, side), np.float32)
    inside = np.zeros((side, side), bool)
    small = cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA)
    pixels[top : top + height, left : left + width] = small.astype(np.float32) / 255
    inside[top : top + height, left : left + width] = True
    return standardise(pixels, inside)


def mask_cells(mask: Float32, shape: tuple[int, int], grid: int) -> Float32:
    """(h, w) share of grid cells of a letterboxed film of `shape` that a mask over it covers."""
    fine = grid * 8
    scale = fine / max(shape)
    height, width = (max(1, round(edge * scale)) for edge in shape)
    top, left = (fine - height) // 2, (fine - width) // 2
    whole = np.zeros((fine, fine), np.float32)
    whole[top : top + height, left : left + width] = cv2.resize(mask, (width, height))
    return np.asarray(cv2.resize(whole, (grid, grid), interpolation=cv2.INTER_AREA))


def phrase_vectors(
    model: LocalAlignmentModel, tokenizer: Tokenizer, phrases: Sequence[str]
) -> Tensor:
    """Unit vectors (P, D) of phrases, of one view."""
    with torch.inference_mode():
        found = model.encode_text(*tokenize(tokenizer, phrases))
    return found.float().clone()


def patches_of(model: LocalAlignmentModel, images: Tensor) -> Tensor:
    """Patches (N, h, w, D) of standardised images, without gradient, of one view."""
    with torch.inference_mode():
        found = [model.encode_image(part)[0].float() for part in images.split(_BATCH)]
        whole = torch.cat(found)
    return whole.clone()


def maps_of(
    model: LocalAlignmentModel, tokenizer: Tokenizer, images: Tensor, phrases: Sequence[str]
) -> Tensor:
    """Cosines (N, P, h, w) as the checkpoint answers: of both views where it looks at both."""
    words = [phrases, [side_swapped(p) or p for p in phrases]]
    vectors = [phrase_vectors(model, tokenizer, each) for each in words]
    views = [images, images.flip(-1)] if model.config.mirror else [images]
    return maps_from([patches_of(model, view) for view in views], vectors)


def maps_from(views: Sequence[Tensor], vectors: Sequence[Tensor]) -> Tensor:
    """Cosines (N, P, h, w): of one view, or the mean of a film's and of its mirror image's.

    Args:
        views: Patches (N, h, w, D) of the film, and of its mirror image where it is looked at.
        vectors: (P, D) of phrases, and of their side-swapped forms.
    """
    maps = [
        torch.einsum("nhwd,pd->nphw", patches, words)
        for patches, words in zip(views, vectors, strict=False)
    ]
    return maps[0] if len(maps) == 1 else (maps[0] + maps[1].flip(-1)) / 2


def pointing(
    model: LocalAlignmentModel,
    tokenizer: Tokenizer,
    films: Sequence[UInt8],
    placed: Sequence[PlacedPhrase],
) -> float:
    """Share of placed phrases whose map peaks in a cell of their mask; NaN without any."""
    phrases = list(dict.fromkeys(p.phrase for p in placed))
    if not phrases:
        return float("nan")
    images = as_inputs(films, model.config.image_size)
    maps = maps_of(model, tokenizer, images, phrases)
    hits = []
    for known in placed:
        values = maps[known.film, phrases.index(known.phrase)].numpy()
        cells = mask_cells(known.mask, films[known.film].shape, values.shape[0])
        hits.append(cells.ravel()[values.argmax()] > 0)
    return float(np.mean(hits))


def finish(
    folder: Path,
    model: LocalAlignmentModel,
    tokenizer: Tokenizer,
    films: Sequence[UInt8],
    *,
    config: TrainingConfig,
    card: dict[str, Any],
    check_views: int,
) -> float:
    """Fit the image check, find the threshold, and write a checkpoint folder.

    Args:
        folder: To write.
        model: Trained.
        tokenizer: Of its text tower.
        films: That were learned from.
        config: Names the checkpoint, and what it was trained with.
        card: Further entries of the card.
        check_views: Pictures that the image check learns from; 0 leaves it as it is.

    Returns:
        Share of held-out pictures that the image check tells right; NaN where it was left.
    """
    model.eval()
    told = float("nan")
    if check_views:
        strange = [*strange_pictures(_STRANGE), *other_radiographs(_OTHER)]
        told = fit_image_check(
            model, frontal=films, lateral=[], strange=strange, views=check_views, seed=config.seed
        )
    images = as_inputs(films[:_TYPICAL], model.config.image_size)
    grids = patches_of(model, images)
    vectors = phrase_vectors(model, tokenizer, NULL_PHRASES)
    if model.config.mirror:
        grids = both_views(grids, patches_of(model, images.flip(-1)).flip(2))
        swapped = [side_swapped(p) or p for p in NULL_PHRASES]
        vectors = both_views(vectors, phrase_vectors(model, tokenizer, swapped))
    calibration = calibrate.calibrate(model, grids, vectors)
    write_checkpoint(
        folder, model, tokenizer, config=config, card={"calibration": calibration} | card
    )
    return told


def card_from(
    folder: Path, figures: Mapping[str, float], *, how: str, origin: str
) -> dict[str, Any]:
    """Entries of the card of what was trained from a checkpoint.

    Args:
        folder: Of that checkpoint.
        figures: That were measured; NaN is left out.
        how: How it was trained, one sentence; what the checkpoint was trained on is added.
        origin: Entry that names the checkpoint.
    """
    said = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    return {
        "licence": said["licence"],
        "training_data": f"{how} {folder.name}: {said['training_data']}",
        "validation": {k: round(v, 4) for k, v in figures.items() if np.isfinite(v)},
        origin: {"name": folder.name, "sha256": digest_of(folder)},
    }
