"""Projections from tower outputs into the joint space."""

from torch import Tensor, nn
from torch.nn import functional as F


class PatchProjection(nn.Module):
    """Patch features (B, C, h, w) -> unit patch embeddings (B, h, w, D), float32."""

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        self.linear = nn.Conv2d(channels, dimension, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Project and normalise."""
        return F.normalize(self.linear(features).float(), dim=1).permute(0, 2, 3, 1)


class PhraseProjection(nn.Module):
    """Phrase vectors (S, C) -> unit phrase embeddings (S, D), float32."""

    def __init__(self, channels: int, dimension: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        hidden = 2 * dimension
        self.layers = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(channels, hidden),
            nn.GELU(),
            nn.Linear(hidden, dimension),
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """Project and normalise."""
        return F.normalize(self.layers(vectors).float(), dim=-1)


def region_sentence_scores(patches: Tensor, phrases: Tensor) -> Tensor:
    """Cosine of every patch with every phrase.

    Args:
        patches: Unit patch embeddings (B, h, w, D).
        phrases: Unit phrase embeddings (S, D).

    Returns:
        (B, S, h, w) in [-1, 1].
    """
    # One product with every map in one piece: half the time of einsum and what reads it.
    scores = phrases @ patches.flatten(0, 2).mT
    return scores.unflatten(1, patches.shape[:3]).transpose(0, 1)
