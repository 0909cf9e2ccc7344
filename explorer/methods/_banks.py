"""What a method remembers between steps: one vector a training image, or the last ones seen.

Both are buffers of the method's module, so they are saved, resumed and moved with it. A bank costs
N x D numbers for N training images, a queue its length x D.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._vectors import at_least_float32

UNKNOWN = -1  # examination of a row that was never filled


def match_among(scores: Tensor, *, temperature: float, mask: Tensor | None = None) -> Tensor:
    """Cross-entropy of the match, in column 0, among it and K others: InfoNCE with a memory.

    Args:
        scores: Cosine of each anchor with its match, then with K others (B, K + 1).
        temperature: Divisor of the cosine.
        mask: (B, K) False for others to leave out; None = all count.

    Returns:
        (B,) loss in nats.

    >>> match_among(torch.zeros(1, 3), temperature=0.1, mask=torch.tensor([[True, False]]))
    tensor([0.6931])
    """
    scaled = at_least_float32(scores) / temperature
    if mask is not None:
        scaled = scaled.masked_fill(F.pad(~mask, (1, 0)), torch.finfo(scaled.dtype).min)
    return torch.logsumexp(scaled, 1) - scaled[:, 0]


class MemoryBank(nn.Module):
    """One unit vector a training image, moved towards its newest embedding."""

    vectors: Tensor  # (N, D)
    study: Tensor  # (N,) examination of each row, UNKNOWN before it is filled

    def __init__(self, rows: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(rows, dimension))
        self.register_buffer("study", torch.full((rows,), UNKNOWN))

    @property
    def filled(self) -> Tensor:
        """(N,) True for rows that hold a vector."""
        return self.study != UNKNOWN

    @torch.no_grad()
    def update(self, rows: Tensor, vectors: Tensor, study: Tensor, *, momentum: float) -> None:
        """Move rows (B,) towards unit vectors (B, D): m old + (1 - m) new, made unit again.

        A row met for the first time takes the vector as it is; one met twice in a batch, the mean.
        """
        rows, place = torch.unique(rows, return_inverse=True)
        new = self.vectors.new_zeros(len(rows), vectors.shape[1])
        new = F.normalize(new.index_add(0, place, vectors.detach().to(new.dtype)), dim=-1)
        keep = momentum * self.filled[rows, None].to(new.dtype)
        self.vectors[rows] = F.normalize(keep * self.vectors[rows] + (1 - keep) * new, dim=-1)
        self.study[rows] = study.new_empty(len(rows)).scatter(0, place, study)


class VectorQueue(nn.Module):
    """The last unit vectors seen, the oldest replaced first."""

    vectors: Tensor  # (Q, D)
    study: Tensor  # (Q,)
    seen: Tensor  # () how many were ever put in

    def __init__(self, length: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(length, dimension))
        self.register_buffer("study", torch.full((length,), UNKNOWN))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def put(self, vectors: Tensor, study: Tensor) -> None:
        """Append vectors (B, D) of examinations (B,)."""
        length = len(self.vectors)
        if not length:
            return
        vectors, study = vectors[-length:], study[-length:]
        place = (self.seen + torch.arange(len(vectors), device=self.seen.device)) % length
        self.vectors[place] = vectors.detach().to(self.vectors.dtype)
        self.study[place] = study
        self.seen += len(vectors)

    def held(self) -> tuple[Tensor, Tensor]:
        """What is there: vectors (n, D) with n <= Q and their examinations (n,)."""
        there = min(int(self.seen), len(self.vectors))
        return self.vectors[:there], self.study[:there]
