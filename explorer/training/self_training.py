"""Places for labelled images without boxes, drawn by the model itself (Lee, 2013).

An image-level label says what is there and not where. The averaged model looks at such an image
and at its mirror image; where it is sure, its map becomes a soft mask of low trust, and the next
steps learn from it under strong augmentation.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.entities import Float32, Side, Zone
from explorer.text import side_swapped
from explorer.text.placing import place_of
from explorer.training.augment import plain_view
from explorer.training.drawing import Pools
from explorer.training.parallel import process_group
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.phrasing import FINDINGS, usual_phrase
from explorer.training.samples import MASK_SIDE, PhraseTarget, TrainingStudy

log = logging.getLogger(__name__)

SURE_PEAK = 0.5  # a map whose highest score is below says nothing about the place
TRUST = 0.35  # of a mask whose peak is 1
_ONE_SIDE = 0.85  # share of the map in one half that makes a finding one-sided


def with_placed_labels(
    model: LocalAlignmentModel, pools: Pools, memory: PhraseMemory, *, kept: Path
) -> Pools:
    """Pools whose labelled studies have masks, drawn by the weights in `kept`.

    The first call writes the weights of `model` there, so that a resumed run draws the same masks.
    Sets that are read from disk at every draw are left as they are.

    Args:
        model: In evaluation mode; its weights become those of `kept`.
        pools: Labels that any boxed study has are placed.
        memory: The frozen text tower.
        kept: File.
    """
    if not isinstance(pools.weak, list):
        log.info("Labels are placed in sets that fit in memory only; this one does not.")
        return pools
    with process_group().first_goes_first():
        if not kept.exists():
            partial = kept.with_suffix(".partial")
            torch.save(model.state_dict(), partial)
            partial.replace(kept)
    model.load_state_dict(torch.load(kept, weights_only=True))
    placed = {t.label for study in pools.boxed for t in study.targets}
    known = {FINDINGS[label] for label in placed & FINDINGS.keys()}
    labels = frozenset(label for label, words in FINDINGS.items() if words in known)
    weak, drawn = place_labels(model.eval(), pools.weak, memory, labels=labels)
    log.info("The model placed %d labels in %d labelled studies.", drawn, len(weak))
    return replace(pools, weak=weak)


def place_labels(
    model: LocalAlignmentModel,
    studies: Sequence[TrainingStudy],
    memory: PhraseMemory,
    *,
    labels: frozenset[str],
) -> tuple[list[TrainingStudy], int]:
    """Add soft masks to studies that have image-level labels and no boxes.

    Args:
        model: In evaluation mode.
        studies: Studies; those with targets or without labels are returned as they are.
        memory: The frozen text tower.
        labels: Labels that may be placed: those for which the model has seen boxes.

    Returns:
        The studies in the same order, and how many masks were drawn.
    """
    placed: list[TrainingStudy] = []
    drawn = 0
    for study in studies:
        wanted = sorted((study.labels or frozenset()) & labels) if not study.targets else []
        targets = _targets(model, study, wanted, memory) if wanted else ()
        drawn += len(targets)
        placed.append(replace(study, targets=targets) if targets else study)
    return placed, drawn


def _targets(
    model: LocalAlignmentModel,
    study: TrainingStudy,
    labels: Sequence[str],
    memory: PhraseMemory,
) -> tuple[PhraseTarget, ...]:
    scores = _scores(model, study, [usual_phrase(x, side=None, zone=None) for x in labels], memory)
    found = []
    for label, score in zip(labels, scores, strict=True):
        peak = float(score.max())
        if peak < SURE_PEAK:
            continue
        words = FINDINGS[label]
        side, zone = _place(score, study)
        mask = cv2.resize(score / peak, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_LINEAR)
        found.append(
            PhraseTarget(
                label=label,
                group=words.group,
                mask=np.round(np.clip(mask, 0, 1) * 255).astype(np.uint8),
                side=side if words.sided else None,
                zone=zone if words.zoned and side else None,
                trust=TRUST * peak,
            )
        )
    return tuple(found)


def _scores(
    model: LocalAlignmentModel,
    study: TrainingStudy,
    phrases: Sequence[str],
    memory: PhraseMemory,
) -> Float32:
    """Calibrated scores (P, G, G), the mean of the image and its mirror image."""
    config = model.config
    view = plain_view(study, side=config.image_size, grid=config.grid_size)
    pair = np.stack([view.pixels, view.pixels[:, ::-1]])[:, None]
    images = torch.from_numpy(pair).contiguous(memory_format=torch.channels_last)
    swapped = [side_swapped(p) or p for p in phrases]
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16):
            features, _ = model.image_encoder(images)
        patches = model.patch_projection(features.float())
        own = model.logits(patches[:1], model.phrase_projection(memory(phrases)))[0]
        other = model.logits(patches[1:], model.phrase_projection(memory(swapped)))[0]
        return torch.sigmoid((own + other.flip(-1)) / 2).numpy()


def _place(score: Float32, study: TrainingStudy) -> tuple[Side | None, Zone | None]:
    """Side and zone of a map, None where it lies on both sides."""
    weight = np.square(score)
    columns = weight.sum(0) / weight.sum()
    middle = len(columns) // 2
    right = float(columns[:middle].sum())
    if max(right, 1 - right) < _ONE_SIDE:
        return None, None
    row = float((weight.sum(1) * (np.arange(len(score)) + 0.5)).sum() / weight.sum())
    height = study.content[0] / max(study.content) * len(score)
    share = (row - (len(score) - height) / 2) / height
    return place_of(1 - right, share)
