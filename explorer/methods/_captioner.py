"""A small decoder that writes a sentence about an image, word by word, and shows where it looks.

Letters: N sentences, T word pieces, R regions, V vocabulary, H width.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._attention import attend

MOST_PIECES = 128  # of a sentence, as the text tower reads


class _Heads(nn.Module):
    """Attention in several heads that also gives its weights, averaged over heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, own: Tensor, other: Tensor, *, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """`own` (N, Q, H) looks at `other` (N, K, H) where mask (N, Q, K) is True."""
        split = (self.heads, own.shape[-1] // self.heads)
        query, key, value = (
            layer(x).unflatten(-1, split).transpose(1, 2)
            for layer, x in ((self.query, own), (self.key, other), (self.value, other))
        )
        seen, weights = attend(query, key, value, mask=None if mask is None else mask[:, None])
        return self.output(seen.transpose(1, 2).flatten(2)), weights.mean(1)


class DecoderLayer(nn.Module):
    """Looks at the words before, then at the regions, then thinks; each normalised before."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.words = _Heads(width, heads)
        self.regions = _Heads(width, heads)
        self.think = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(self, x: Tensor, regions: Tensor, *, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Words (N, T, H) and regions (N, R, H) -> words, and where each looked (N, T, R)."""
        before = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        own = self.norms[0](x)
        x = x + self.words(own, own, mask=before & mask[:, None])[0]
        seen, weights = self.regions(self.norms[1](x), regions, mask=None)
        x = x + seen
        return x + self.think(self.norms[2](x)), weights


class Captioner(nn.Module):
    """Two decoders, one for each direction of reading, around shared words and regions.

    The layer that names the next word is the table of words itself (Press and Wolf, 2017).
    """

    def __init__(self, features: int, vocabulary: int, *, width: int, heads: int) -> None:
        super().__init__()
        self.visual = nn.Sequential(nn.LayerNorm(features), nn.Linear(features, width))
        self.words = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(MOST_PIECES, width)
        self.norm = nn.LayerNorm(width)
        self.forwards = DecoderLayer(width, heads)
        self.backwards = DecoderLayer(width, heads)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.words.weight, std=1 / math.sqrt(width))
        nn.init.normal_(self.places.weight, std=1 / math.sqrt(width))

    def forward(
        self, features: Tensor, ids: Tensor, mask: Tensor, *, reverse: bool = False
    ) -> tuple[Tensor, Tensor]:
        """What each piece says of the word after it, for `name`, and where it looked.

        Args:
            features: Of the regions of each sentence's image (N, R, C).
            ids: Word pieces (N, T), already turned round when `reverse`.
            mask: (N, T) True for pieces that exist.
            reverse: Read from the end to the start.

        Returns:
            States (N, T, H) and weights (N, T, R), whose rows sum to 1.
        """
        places = self.places.weight[: ids.shape[1]]
        x = self.words(ids) + places
        layer = self.backwards if reverse else self.forwards
        x, weights = layer(x, self.visual(features), mask=mask)
        return self.norm(x), weights

    def name(self, states: Tensor) -> Tensor:
        """Scores (..., V) of the word that comes next, of states (..., H)."""
        return F.linear(states, self.words.weight, self.bias)


def turned_round(ids: Tensor, mask: Tensor) -> Tensor:
    """Each row's pieces in reverse, padding left at the end; doing it twice changes nothing.

    >>> turned_round(torch.tensor([[2, 7, 3, 0]]), torch.tensor([[True, True, True, False]]))
    tensor([[3, 7, 2, 0]])
    """
    place = torch.arange(ids.shape[1], device=ids.device)
    last = mask.sum(1, keepdim=True) - 1
    return ids.gather(1, torch.where(mask, last - place, place).clamp(min=0))
