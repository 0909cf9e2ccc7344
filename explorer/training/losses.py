"""The weighted parts of the loss of a batch."""

import numpy as np
import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training import objective
from explorer.training.batches import NOWHERE, Batch


def losses(
    model: LocalAlignmentModel,
    batch: Batch,
    patches: Tensor,
    phrases: Tensor,
    *,
    supervision: float = 1.0,
) -> dict[str, Tensor]:
    """Weighted parts of the loss of a batch.

    Args:
        model: Scores patches against phrases.
        batch: Which phrases are where.
        patches: Unit patch embeddings (B, G, G, D).
        phrases: Unit phrase embeddings (P, D).
        supervision: Weight of everything that needs a mask; at 0 it is left out.
    """
    device = patches.device
    logits = model.logits(patches, phrases)  # (B, P, G, G)
    pooled = model.pooled(logits)  # (B, P)
    owner = torch.from_numpy(batch.owner).to(device)
    safe = torch.from_numpy(batch.safe).to(device)
    parts = {"absence": 0.5 * objective.absence_loss(logits, safe)}
    nowhere = torch.from_numpy(np.flatnonzero(batch.owner == NOWHERE)).to(device)
    if len(nowhere):
        parts["nowhere"] = 0.4 * objective.nowhere_loss(pooled[:, nowhere])
    placed = torch.from_numpy(np.flatnonzero(batch.weight > 0)).to(device)
    if len(placed) and supervision:
        own = logits[owner[placed], placed]
        masks = torch.from_numpy(batch.masks).to(device)[placed]
        weight = torch.from_numpy(batch.weight).to(device)[placed]
        parts["dense"] = supervision * objective.dense_loss(own, masks, weight)
        parts["pointing"] = 0.25 * supervision * objective.pointing_loss(own, masks, weight)
        parts["contrast"] = 0.6 * supervision * objective.contrast_loss(own, masks, weight)
        if len(nowhere):
            dark = logits[owner[placed]][:, nowhere]
            alike = objective.nonsense_correlation_loss(own, dark)
            parts["nonsense correlation"] = 0.15 * supervision * alike
    led = torch.from_numpy(np.flatnonzero(batch.elsewhere > 0)).to(device)
    if len(led) and supervision:
        masks = torch.from_numpy(batch.masks).to(device)[led]
        elsewhere = torch.from_numpy(batch.elsewhere).to(device)[led]
        parts["other side"] = (
            0.25 * supervision * objective.pointing_loss(logits[owner[led], led], masks, elsewhere)
        )
    if batch.weak:
        image, phrase, present = (
            torch.tensor(x, device=device) for x in zip(*batch.weak, strict=True)
        )
        parts["labels"] = 0.3 * objective.label_loss(pooled[image, phrase], present.float())
    matched = torch.from_numpy(
        np.flatnonzero((batch.owner != NOWHERE) & (batch.safe.max(0) > 0) & _is_own(batch))
    ).to(device)
    if len(matched) > 1:
        parts["local_mi"] = 0.1 * objective.local_mutual_information_loss(
            pooled[:, matched], owner[matched], safe[:, matched] > 0
        )
    return parts


def _is_own(batch: Batch) -> np.ndarray:
    """(P,) True for phrases that their owner really shows (not swapped, not a denied label)."""
    index = np.arange(len(batch.phrases))
    shown = batch.safe[np.maximum(batch.owner, 0), index] == 0
    denied = [p for _, p, present in batch.weak if not present]
    shown[denied] = False
    return shown
