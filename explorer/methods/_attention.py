"""Attention between the regions of an image and the sentences or words of its report."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.methods._vectors import at_least_float32


@dataclass(frozen=True, eq=False)
class Asked:
    """Phrases to find in images by a method's own attention: what `attention_map` is given.

    Attributes:
        phrases: (P, D) unit embeddings.
        words: (P, T, D) unit embeddings of their word pieces.
        ids: (P, T) word pieces.
        mask: (P, T) True for pieces that exist.
        special: (P, T) True for the start and the end of a phrase, which are no words.
    """

    phrases: Tensor
    words: Tensor
    ids: Tensor
    mask: Tensor
    special: Tensor


def attention_weights(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax over the last axis, over what the mask lets see; zeros where it lets see nothing.

    Args:
        scores: (..., Q, K) of any floating type; the softmax itself is taken in float32 or better.
        mask: True for keys that exist, broadcast to (..., Q, K); None = all.

    >>> attention_weights(torch.tensor([[1.0, 9.0]]), torch.tensor([[True, False]]))
    tensor([[1., 0.]])
    """
    wide = at_least_float32(scores)
    if mask is None:
        return torch.softmax(wide, -1).to(scores.dtype)
    low = torch.finfo(wide.dtype).min
    weights = torch.softmax(wide.masked_fill(~mask, low), -1)
    return weights.masked_fill(~mask, 0.0).to(scores.dtype)


def attend(
    queries: Tensor, keys: Tensor, values: Tensor, *, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention that gives its weights as well.

    Args:
        queries: (..., Q, D).
        keys: (..., K, D).
        values: (..., K, E).
        mask: True for keys that exist, broadcast to (..., Q, K); None = all.

    Returns:
        Attended values (..., Q, E) and weights (..., Q, K), whose rows sum to 1.
    """
    scores = queries @ keys.transpose(-1, -2) / math.sqrt(queries.shape[-1])
    weights = attention_weights(scores, mask)
    return weights @ values, weights


class CrossAttention(nn.Module):
    """Two sets look at each other through one shared projection (Mueller et al., ECCV 2022).

    Keys, values and output each have one linear layer for both sets, so the score of a region and
    a sentence is the same in both directions: a bilinear form of a positive semi-definite matrix.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.key = nn.Linear(dimension, dimension)
        self.value = nn.Linear(dimension, dimension)
        self.output = nn.Linear(dimension, dimension)
        for layer in (self.key, self.value, self.output):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="linear")
            nn.init.zeros_(layer.bias)

    def forward(self, own: Tensor, other: Tensor, *, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """What each of `own` (..., N, D) sees in `other` (..., M, D), and weights (..., N, M).

        `mask` (..., M) is True for those of `other` that exist; None = all.
        """
        seen_by = None if mask is None else mask[..., None, :]
        scale = 1 / math.sqrt(own.shape[-1])
        # Linear layers run on the smaller set: a step has far more regions than sentences.
        if own.shape[-2] < other.shape[-2]:
            weights = attention_weights(_products(self.key(own), self.key, other) * scale, seen_by)
            values = (weights @ other) @ self.value.weight.mT
            # A row that sees nothing sums to 0, and to 1 otherwise.
            return self.output(values + weights.sum(-1, keepdim=True) * self.value.bias), weights
        scores = _products(self.key(other), self.key, own).mT * scale
        weights = attention_weights(scores, seen_by)
        told = self.value(other) @ self.output.weight.mT
        return weights @ told + self.output.bias, weights


class AttentionPooling(nn.Module):
    """A weighted mean of a set, looked at from its plain mean.

    Values are the vectors themselves, so the result stays in the space they lie in.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.query = nn.Linear(dimension, dimension)
        self.key = nn.Linear(dimension, dimension)

    def forward(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, N, D) with mask (B, N) -> weighted mean (B, D) and weights (B, N)."""
        there = mask[..., None].to(vectors.dtype)
        mean = (vectors * there).sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp(min=1)
        scores = _products(self.query(mean), self.key, vectors) / math.sqrt(vectors.shape[-1])
        weights = attention_weights(scores, mask[:, None])
        return (weights @ vectors)[:, 0], weights[:, 0]


def _products(queries: Tensor, layer: nn.Linear, vectors: Tensor) -> Tensor:
    """Products (..., Q, K) of queries with `layer(vectors)`; it is the queries that go through."""
    return (queries @ layer.weight) @ vectors.mT + (queries @ layer.bias)[..., None]
