"""Attacks on the pixels of films: the linear probe reads the checkpoint, gradients pass through."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.encoders.alignment import LocalAlignmentModel, both_views
from explorer.encoders.preprocessing import standardise
from explorer.encoders.stored import open_stored
from explorer.entities import Float32
from explorer.methods.probe import Attack, fgsm, known_loss, pgd

_BATCH = 4


class AttackedReader:
    """A linear probe on the mean patch of a `LocalAlignmentModel`, differentiable to the pixels.

    Standardisation of a film is held fixed while it is attacked.
    """

    def __init__(self, folder: Path, *, weights: Float32, bias: Float32) -> None:
        """Read the model of a checkpoint folder.

        Args:
            folder: Of a local_alignment checkpoint.
            weights: (L, D) of the probe on vectors of unit norm.
            bias: (L,).
        """
        self._model = open_stored(folder)[0].eval().requires_grad_(requires_grad=False)
        self._weights, self._bias = torch.from_numpy(weights), torch.from_numpy(bias)

    def logits(self, images: Tensor) -> Tensor:
        """Logits (B, L) of standardised images (B, 1, S, S)."""
        return film_vectors(self._model, images) @ self._weights.T + self._bias

    def attacked_logits(
        self,
        films: Sequence[Float32],
        labels: Float32,
        attack: Attack,
        *,
        budget: float,
        steps: int = 5,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Float32:
        """Logits (N, L) of films after an attack on all their known labels at once.

        Args:
            films: Pixels (S, S) in [0, 1] in the model frame, NaN = padding.
            labels: (N, L), NaN = unknown.
            attack: FGSM or PGD.
            budget: Largest change of a pixel, of the full range; 0 changes nothing.
            steps: Of PGD.
            progress: Told how many films are done.
        """
        found = []
        for first in range(0, len(films), _BATCH):
            part = slice(first, first + _BATCH)
            found.append(self._attack(films[part], labels[part], attack, budget, steps))
            progress(min(first + _BATCH, len(films)))
        return np.concatenate(found)

    def _attack(
        self, films: Sequence[Float32], labels: Float32, attack: Attack, budget: float, steps: int
    ) -> Float32:
        images, low, high, unit = _prepared(films)
        truth = torch.from_numpy(np.nan_to_num(labels))
        known = torch.from_numpy(np.isfinite(labels).astype(np.float32))

        def loss_of(values: Tensor) -> Tensor:
            return known_loss(self.logits(values), truth, known)

        limits = {"budget": budget * unit, "low": low, "high": high}
        if budget > 0:
            images = (
                fgsm(images, loss_of, **limits)
                if attack == "FGSM"
                else pgd(images, loss_of, steps=steps, **limits)
            )
        with torch.no_grad():
            return np.asarray(self.logits(images).numpy())


def film_vectors(model: LocalAlignmentModel, images: Tensor) -> Tensor:
    """Mean direction (B, D) of the patches of standardised images (B, 1, S, S), unit norm."""
    patches, _ = model.encode_image(images)
    if model.config.mirror:
        mirrored, _ = model.encode_image(images.flip(-1))
        patches = both_views(patches, mirrored.flip(2))
    return F.normalize(patches.flatten(1, 2).mean(1), dim=-1)


def _prepared(films: Sequence[Float32]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Standardised images, their values for black and white, and a full range; padding is fixed."""
    images, lows, highs, units = [], [], [], []
    for film in films:
        seen = ~np.isnan(film)
        image = standardise(np.nan_to_num(film), seen)
        dark, bright = film[seen].min(), film[seen].max()
        unit = (image[seen].max() - image[seen].min()) / max(float(bright - dark), 1e-6)
        images.append(image)
        lows.append(np.where(seen, image[seen].min() - dark * unit, image))
        highs.append(np.where(seen, image[seen].max() + (1 - bright) * unit, image))
        units.append(np.where(seen, unit, 0.0))
    stacks = (np.stack(each).astype(np.float32) for each in (images, lows, highs, units))
    made = [torch.from_numpy(stack)[:, None] for stack in stacks]
    return made[0], made[1], made[2], made[3]
