"""Calibration on null phrases: what peaks does a map reach when the phrase speaks of nothing?"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training.augment import plain_view
from explorer.training.samples import TrainingStudy


def patch_grids(
    model: LocalAlignmentModel, studies: Sequence[TrainingStudy], *, batch: int = 8
) -> Tensor:
    """Patch embeddings (N, h, w, D) of studies without augmentation."""
    side, grid = model.config.image_size, model.config.grid_size
    grids = []
    for start in range(0, len(studies), batch):
        views = [plain_view(s, side=side, grid=grid) for s in studies[start : start + batch]]
        images = torch.from_numpy(np.stack([v.pixels for v in views]))[:, None]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            features, _ = model.image_encoder(images.to(memory_format=torch.channels_last))
        with torch.inference_mode():
            grids.append(model.patch_projection(features.float()))
    return torch.cat(grids)


def calibrate(
    model: LocalAlignmentModel, grids: Tensor, null_vectors: Tensor, *, floor: float = 0.25
) -> dict[str, float]:
    """Threshold and null statistics for the card.

    Args:
        model: The trained model.
        grids: Patch embeddings of training images (N, h, w, D).
        null_vectors: Text-tower output of null phrases (S, C), none seen in training.
        floor: Smallest threshold; lower scores are too uncertain to draw, whatever null maps do.

    Returns:
        threshold: Score that only 5 % of null maps reach anywhere, at least `floor`;
        null_peak_mean, null_peak_std: Of the peak scores of null maps.
    """
    with torch.inference_mode():
        phrases = model.phrase_projection(null_vectors)
        peaks: NDArray[np.float32] = (
            torch.cat([torch.sigmoid(model.logits(g[None], phrases)).amax((2, 3)) for g in grids])
            .flatten()
            .numpy()
        )
    return {
        "threshold": round(max(floor, float(np.quantile(peaks, 0.95))), 4),
        "null_peak_mean": round(float(peaks.mean()), 4),
        "null_peak_std": round(float(peaks.std()), 4),
    }


def pointing_game(
    model: LocalAlignmentModel,
    grids: Tensor,
    studies: Sequence[TrainingStudy],
    vectors: dict[str, Tensor],
    phrases: Sequence[Sequence[str]],
) -> float:
    """Share of targets whose map peaks inside the mask, on the grid; to watch a training.

    Args:
        model: The model.
        grids: Patch embeddings (N, h, w, D) of `studies`.
        studies: Validation studies.
        vectors: Text-tower output (C,) by phrase.
        phrases: For each study one phrase per target.
    """
    hits = []
    for grid, study, texts in zip(grids, studies, phrases, strict=True):
        view = plain_view(study, side=model.config.image_size, grid=model.config.grid_size)
        for text, mask in zip(texts, view.masks, strict=True):
            with torch.inference_mode():
                vector = model.phrase_projection(vectors[text][None])
                peak = int(model.logits(grid[None], vector)[0, 0].argmax())
            hits.append(float(mask.ravel()[peak] > 0.5))
    return float(np.mean(hits)) if hits else float("nan")
