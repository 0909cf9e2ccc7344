"""CMIMH: binary codes of regions and sentences, learned by mutual information (Hoang et al., 2023).

Paper: T. Hoang, T.-T. Do, T. V. Nguyen, N.-M. Cheung, "Multimodal Mutual Information Maximization:
A Novel Approach for Unsupervised Deep Cross-Modal Hashing", IEEE TNNLS 34(9), arXiv 2112.06489.

Equation: max I(b_x; x) + I(b_y; y) + l1 I(b_x; b_y) - l2 gap, with b ~ Bernoulli(sigmoid(W x)) and
gap = mean over pairs of ||p_x - p_y||^2, summed over the K bits.

Intuition: a bit is worth keeping when it tells vectors of its own kind apart and when the code of
the region tells which sentence belongs to it; kinds of vectors should agree, but not to the last.

Ours: the bounds (the paper's were not read): within a kind InfoNCE with the known conditional
log p(b | x), which is exact over a full set; across kinds InfoNCE on the +-1 codes. Weights, one
linear layer a kind, straight-through sampling, and the centring of each kind.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.entities import Float32
from explorer.methods._base import MethodCard, MethodOptions, Shapes, option
from explorer.methods._heads import (
    Head,
    HeadData,
    Progress,
    descend,
    mean_average_precision,
    require,
    settings_of,
)

Side = Literal["image", "text"]
SIDES: tuple[Side, ...] = get_args(Side)
MOST_BITS_ENUMERATED = 16


def exact_information(p: Tensor) -> Tensor:
    """I(b; x) in nats of codes b ~ Bernoulli(p) of N equally likely x, by enumeration.

    Args:
        p: (N, K) probabilities of the bits, K at most 16.

    >>> round(exact_information(torch.tensor([[0.0], [1.0]])).item(), 4)  # log 2
    0.6931
    """
    if p.shape[1] > MOST_BITS_ENUMERATED:
        raise ValueError(f"All codes of at most 16 bits can be listed, got {p.shape[1]} bits.")
    codes = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=p.dtype)] * p.shape[1])
    codes = codes.reshape(-1, p.shape[1])
    given = torch.where(codes[:, None] > 0, p[None], 1 - p[None]).prod(-1)  # (2^K, N)
    return _entropy(given.mean(1)) - _entropy(given).mul(1 / len(p))


def exact_information_between(p: Tensor, q: Tensor) -> Tensor:
    """I(b_x; b_y) in nats of the codes of N equally likely pairs p, q (N, K), by enumeration."""
    bits = torch.tensor([0.0, 1.0], dtype=p.dtype)
    codes = torch.cartesian_prod(*[bits] * p.shape[1]).reshape(-1, p.shape[1])
    x, y = (torch.where(codes[:, None] > 0, r[None], 1 - r[None]).prod(-1) for r in (p, q))
    joint = x @ y.T / len(p)
    return _entropy(joint.sum(0)) + _entropy(joint.sum(1)) - _entropy(joint)


def marginal_information(p: Tensor) -> Tensor:
    """Sum over the bits of I(b_k; x) in nats: an upper bound of I(b; x) for p (N, K).

    >>> marginal_information(torch.tensor([[0.5, 0.5], [0.5, 0.5]])).item()
    0.0
    """
    both = torch.stack([p, 1 - p])
    return _entropy(both.mean(1)) - _entropy(both) / len(p)


def _entropy(p: Tensor) -> Tensor:
    """-sum p log p over all entries, in nats."""
    return -torch.xlogy(p, p).sum()


def code_log_prob(codes: Tensor, logits: Tensor) -> Tensor:
    """Values of log p(b_i | x_j) in nats: codes (B, K) in {0, 1}, logits (N, K) -> (B, N).

    >>> code_log_prob(torch.ones(1, 1), torch.zeros(1, 1)).exp()
    tensor([[0.5000]])
    """
    return codes @ logits.T - F.softplus(logits).sum(-1)


def within_bound(codes: Tensor, logits: Tensor) -> Tensor:
    """Lower bound of I(b; x) in nats: InfoNCE whose critic is the known log p(b | x).

    Row i of `codes` (N, K) was drawn from row i of `logits` (N, K); never above log N.
    """
    scores = code_log_prob(codes, logits)
    return math.log(len(codes)) + (scores.diagonal() - scores.logsumexp(1)).mean()


def across_bound(x: Tensor, y: Tensor, *, temperature: float, same: Tensor | None = None) -> Tensor:
    """Lower bound of I(b_x; b_y) in nats: InfoNCE on codes, the mean of both directions.

    Args:
        x: (N, K) codes in {-1, 1}.
        y: The same of the other kind; row i of both are a pair.
        temperature: Divides the mean product of bits.
        same: (N, N) pairs that are as right as the own one (equal sentences): no negatives.
    """
    scores = x @ y.T / (x.shape[1] * temperature)
    if same is not None:
        other = same & ~torch.eye(len(x), dtype=torch.bool, device=x.device)
        scores = scores.masked_fill(other, -math.inf)
    ways = [(s.diagonal() - s.logsumexp(1)).mean() for s in (scores, scores.T)]
    return math.log(len(x)) + (ways[0] + ways[1]) / 2


def squared_gap(p: Tensor, q: Tensor) -> Tensor:
    """Mean over pairs of ||p_x - p_y||^2, for probabilities (N, K)."""
    return (p - q).square().sum(-1).mean()


def cross_entropy_gap(p: Tensor, q: Tensor) -> Tensor:
    """Mean over pairs of the cross-entropy of p under q as the truth, summed over bits, in nats."""
    return F.binary_cross_entropy(p, q, reduction="sum") / len(p)


def draw_codes(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Codes (N, K) in {0, 1} drawn from Bernoulli(sigmoid(logits)).

    Gradients pass straight through to the probabilities.
    """
    p = torch.sigmoid(logits)
    noise = torch.rand(p.shape, generator=generator, dtype=p.dtype)
    return (noise < p).to(p.dtype) + p - p.detach()


@dataclass(frozen=True)
class CmimhOptions(MethodOptions):
    """What decides a training of codes."""

    bits: int = option(64, "Bits of a code.", min=8, max=128)
    across: float = option(2.0, "Weight of I(b_x; b_y), l1.", min=0)
    gap: float = option(1.0, "Weight of the modality gap, l2.", min=0)
    temperature: float = option(0.1, "Of the scores of two codes.", min=0.01)
    steps: int = option(600, "Steps.", min=1)
    batch: int = option(128, "Pairs of a step.", min=2)
    rate: float = option(0.01, "Learning rate.", above=0)
    seed: int = option(0, "Of everything random.", min=0)


class Cmimh(Head):
    """One linear layer a kind of vector, whose signs are the code."""

    card = MethodCard(
        title="CMIMH: binary codes",
        paper="T. Hoang, T.-T. Do, T. V. Nguyen, N.-M. Cheung, Multimodal Mutual Information "
        "Maximization: A Novel Approach for Unsupervised Deep Cross-Modal Hashing, IEEE TNNLS "
        "34(9), 2023, arXiv 2112.06489",
        year=2023,
        kind="head",
        equation="max I(b_x;x) + I(b_y;y) + l1 I(b_x;b_y) - l2 mean ||p_x - p_y||^2, "
        "b ~ Bernoulli(sigmoid(W x))",
        intuition="A bit is worth keeping when it tells vectors of its own kind apart and when "
        "the code of a region tells which sentence belongs to it.",
        ours=(
            "Bounds: InfoNCE with the known log p(b|x) within a kind, InfoNCE on codes across.",
            "Weights, one linear layer a kind, straight-through sampling, centring of each kind.",
            "Equal sentences are no negatives of each other.",
        ),
        needs=frozenset({"sentences"}),
        frozen=True,
        needs_batch=2,
    )
    Options = CmimhOptions

    def __init__(self, options: CmimhOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.layers = nn.ModuleDict(
            {side: nn.Linear(shapes.dimension, options.bits) for side in SIDES}
        )
        for side in SIDES:
            self.register_buffer(f"{side}_mean", torch.zeros(shapes.dimension))
            self.register_buffer(f"{side}_scale", torch.ones(()))

    def logits(self, vectors: Tensor, side: Side) -> Tensor:
        """Logits (N, K) of the bits of vectors (N, D) of a kind."""
        centred = (vectors - self.get_buffer(f"{side}_mean")) * self.get_buffer(f"{side}_scale")
        found: Tensor = self.layers[side](centred)
        return found

    def forward(
        self, x: Tensor, y: Tensor, same: Tensor | None, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Named parts of the loss for pairs x, y (N, D); `same` (N, N) says equal sentences."""
        logits = [self.logits(x, "image"), self.logits(y, "text")]
        drawn = [draw_codes(each, generator) for each in logits]
        p, q = (torch.sigmoid(each) for each in logits)
        across = across_bound(
            2 * drawn[0] - 1, 2 * drawn[1] - 1, temperature=self.options.temperature, same=same
        )
        return {
            "within images": -within_bound(drawn[0], logits[0]),
            "within sentences": -within_bound(drawn[1], logits[1]),
            "across": -self.options.across * across,
            "gap": self.options.gap * squared_gap(p, q),
        }

    def encode(self, vectors: Float32, *, side: Side) -> NDArray[np.bool_]:
        """Codes (N, K) of vectors (N, D): the more probable value of every bit."""
        with torch.inference_mode():
            found = self.logits(torch.from_numpy(np.asarray(vectors, np.float32)), side) > 0
        return np.asarray(found.numpy())

    @classmethod
    def fit(
        cls,
        data: HeadData,
        options: CmimhOptions,
        *,
        progress: Progress = lambda *_: None,
        work: Path | None = None,
    ) -> "Cmimh":
        """Learn codes from regions (or images) and the sentences that speak of them.

        Raises:
            TrainingError: There are fewer than two different sentences.
        """
        images, texts, number = data.pairs()
        require(
            len(np.unique(number)) > 1,
            "cmimh needs at least two different sentences with their images, got "
            f"{len(np.unique(number))}. Train it on more studies with reports.",
        )
        torch.manual_seed(options.seed)
        head = cls(options, Shapes(dimension=data.dimension))
        x, y, text = torch.from_numpy(images), torch.from_numpy(texts), torch.from_numpy(number)
        for side, vectors in (("image", x), ("text", y)):
            mean = vectors.mean(0)
            head.get_buffer(f"{side}_mean").copy_(mean)
            spread = (vectors - mean).square().mean().sqrt().clamp(min=1e-6)
            head.get_buffer(f"{side}_scale").copy_(1 / spread)

        def loss_of(_: int, generator: torch.Generator) -> dict[str, Tensor]:
            rows = torch.randint(len(x), (min(options.batch, len(x)),), generator=generator)
            same = text[rows][:, None] == text[rows]
            parts: dict[str, Tensor] = head(x[rows], y[rows], same, generator)
            return parts

        descend(
            head, loss_of, steps=options.steps, rate=options.rate, seed=options.seed,
            settings=settings_of(options, data), work=work, progress=progress,
        )  # fmt: skip
        return head

    def figures(self, data: HeadData) -> dict[str, float]:
        """Mean average precision of sentences among images by Hamming distance, and by cosine.

        Right are the images whose own sentence is the same.
        """
        images, texts, number = data.pairs()
        _, first = np.unique(number, return_index=True)
        relevant = number[first][:, None] == number
        codes = self.encode(images, side="image"), self.encode(texts[first], side="text")
        distance = (codes[1][:, None] != codes[0]).sum(-1)
        return {
            "Hamming mAP": mean_average_precision(-distance, relevant),
            "cosine mAP": mean_average_precision(texts[first] @ images.T, relevant),
            "chance mAP": float(relevant.mean()),
        }


METHOD = Cmimh
