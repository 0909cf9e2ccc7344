"""Batches by hand for the tests of methods: owners are written out, vectors are random."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.methods._base import MethodBatch, View


class FixedScorer:
    """Logits are cosines, an image's logit the best of them."""

    def logits(self, patches: Tensor, phrases: Tensor) -> Tensor:
        return torch.einsum("bhwd,pd->bphw", patches, phrases)

    def pooled(self, logits: Tensor) -> Tensor:
        return logits.amax((2, 3))


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def batch(
    owner: list[int],
    *,
    images: int,
    grid: int = 4,
    dimension: int = 8,
    seed: int = 0,
    **changes: Any,
) -> MethodBatch:
    """A batch of `images` examinations with phrases of these owners; `changes` replace fields."""
    patches = unit(images, grid, grid, dimension, seed=seed)
    count = len(owner)
    owners = torch.tensor(owner, dtype=torch.long)
    safe = torch.ones(images, count)
    owned = owners >= 0
    safe[owners[owned], torch.arange(count)[owned]] = 0.0
    fields: dict[str, Any] = {
        "patches": patches,
        "features": patches,
        "phrases": unit(count, dimension, seed=seed + 1),
        "phrase_features": unit(count, dimension, seed=seed + 1),
        "owner": owners,
        "written_for": owners,
        "safe": safe,
        "study": torch.arange(images),
        "text_id": torch.arange(count),
        "section": torch.zeros(count, dtype=torch.long),
        "index": torch.arange(images),
        "view": torch.zeros(images, dtype=torch.long),
        "scorer": FixedScorer(),
        "encode": lambda x: View(x, x),
        "images": torch.zeros(images, 1, 8, 8),
        "masks": torch.zeros(count, grid, grid),
        "weight": torch.zeros(count),
        "elsewhere": torch.zeros(count),
        "weak": torch.zeros(0, 3, dtype=torch.long),
    }
    return MethodBatch(**(fields | changes))
