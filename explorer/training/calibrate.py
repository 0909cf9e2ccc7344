"""After training: what do maps of nothing reach, where do maps point, how bright should they be?"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel, both_views
from explorer.text import side_swapped
from explorer.training.augment import plain_view
from explorer.training.samples import TrainingStudy


def patch_grids(
    model: LocalAlignmentModel, studies: Sequence[TrainingStudy], *, batch: int = 8
) -> Tensor:
    """Patch embeddings (N, h, w, D) of studies without augmentation, as the checkpoint sees them.

    2 D numbers a patch when the model looks at the mirror image as well.
    """
    side, grid = model.config.image_size, model.config.grid_size
    grids = []
    for start in range(0, len(studies), batch):
        views = [plain_view(s, side=side, grid=grid) for s in studies[start : start + batch]]
        images = torch.from_numpy(np.stack([v.pixels for v in views]))[:, None]
        patches = _patches(model, images)
        if model.config.mirror:
            patches = both_views(patches, _patches(model, images.flip(-1)).flip(2))
        grids.append(patches)
    return torch.cat(grids)


def _patches(model: LocalAlignmentModel, images: Tensor) -> Tensor:
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16):
            features, _ = model.image_encoder(images.to(memory_format=torch.channels_last))
        return model.patch_projection(features.float())


def phrase_embeddings(
    model: LocalAlignmentModel, memory: Callable[[Sequence[str]], Tensor], phrases: Sequence[str]
) -> Tensor:
    """Embeddings of phrases that go with `patch_grids` (P, D), or 2 D with the mirror image."""
    with torch.inference_mode():
        own = model.phrase_projection(memory(phrases))
        if not model.config.mirror:
            return own
        return both_views(
            own, model.phrase_projection(memory([side_swapped(p) or p for p in phrases]))
        )


def calibrate(
    model: LocalAlignmentModel, grids: Tensor, null_phrases: Tensor, *, floor: float = 0.25
) -> dict[str, float]:
    """Threshold for the card.

    Args:
        model: The trained model.
        grids: Patch embeddings of training images (N, h, w, D).
        null_phrases: Embeddings of null phrases (S, D), none seen in training.
        floor: Smallest threshold; lower scores are too uncertain to draw, whatever null maps do.

    Returns:
        threshold: Score that only 5 % of null maps reach anywhere, at least `floor`.
    """
    with torch.inference_mode():
        peaks: NDArray[np.float32] = (
            torch.cat(
                [torch.sigmoid(model.logits(g[None], null_phrases)).amax((2, 3)) for g in grids]
            )
            .flatten()
            .numpy()
        )
    return {"threshold": round(max(floor, float(np.quantile(peaks, 0.95))), 4)}


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
        vectors: Embeddings (D,) by phrase.
        phrases: For each study one phrase per target.
    """
    hits = []
    for grid, study, texts in zip(grids, studies, phrases, strict=True):
        view = plain_view(study, side=model.config.image_size, grid=model.config.grid_size)
        for text, mask in zip(texts, view.masks, strict=True):
            with torch.inference_mode():
                peak = int(model.logits(grid[None], vectors[text][None])[0, 0].argmax())
            hits.append(float(mask.ravel()[peak] > 0.5))
    return float(np.mean(hits)) if hits else float("nan")


def brighten(
    model: LocalAlignmentModel,
    grids: Tensor,
    studies: Sequence[TrainingStudy],
    vectors: dict[str, Tensor],
    phrases: Sequence[Sequence[str]],
    *,
    shifts: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
) -> float:
    """Shift the bias so that the scores of true phrases cover their masks best.

    In training most phrases are in no image, so scores are low where the image leaves doubt. A
    grounded phrase is taken to be true. The shift with the best mIoU over thresholds .1 to .5 is
    added to the bias; the score of a whole image stays what it was.

    Args:
        model: Its biases are changed.
        grids: Of validation images; this and the next three as in `pointing_game`.
        studies: Likewise.
        vectors: Likewise.
        phrases: Likewise.
        shifts: Tried, in logits.

    Returns:
        The shift.
    """
    logits, masks = [], []
    for grid, study, texts in zip(grids, studies, phrases, strict=True):
        view = plain_view(study, side=model.config.image_size, grid=model.config.grid_size)
        with torch.inference_mode():
            stacked = torch.stack([vectors[text] for text in texts])
            logits.append(model.logits(grid[None], stacked)[0])
        masks.append(torch.from_numpy(view.masks) > 0.5)
    all_logits, all_masks = torch.cat(logits), torch.cat(masks)
    covered = [_miou(torch.sigmoid(all_logits + shift), all_masks) for shift in shifts]
    best = float(shifts[int(np.argmax(covered))])
    with torch.no_grad():
        model.bias.add_(best)
        model.pooled_bias.sub_(best)
    return best


def _miou(scores: Tensor, masks: Tensor) -> float:
    values = []
    for threshold in (0.1, 0.2, 0.3, 0.4, 0.5):
        above = scores > threshold
        both = (above & masks).sum((1, 2))
        values.append((both / (above | masks).sum((1, 2)).clamp(min=1)).mean())
    return float(torch.stack(values).mean())
