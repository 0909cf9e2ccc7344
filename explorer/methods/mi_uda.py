"""Adaptation to an unlabelled site that keeps what is private to it (Chen et al., 2022).

Paper: J. Chen, J. Wang, W. Lin, K. Zhang, C. W. de Silva, "Preserving Domain Private
Representation via Mutual Information Maximization", 2022, arXiv 2201.03102.

Equation: L_source + lam D(Z_s, Z_t) - beta I(X_t; Z_t), D the squared maximum mean discrepancy
(MMD), I the Donsker-Varadhan bound with a learned critic (MINE).

Intuition: bringing two sites together may throw away what only the new one has; asking the latent
to tell its own input keeps that.

Ours: MMD (the paper's divergence was not read), weights, critic, and the source's task, which for
a checkpoint is its own answer before the adaptation. X_t is what the untouched checkpoint makes of
a film. Where a test of ours made accuracy rise or fall with beta, it was noise: what is promised is
preservation, not a gain.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from explorer.methods._base import MethodCard, MethodOptions, Shapes, option
from explorer.methods._bounds import dv
from explorer.methods._critics import ConcatCritic


def squared_mmd(x: Tensor, y: Tensor, *, sigma: Tensor | float) -> Tensor:
    """Squared maximum mean discrepancy of x (N, D) and y (M, D), kernel exp(-d^2 / 2 sigma^2).

    The biased estimate: 0 for equal sets, never below.

    >>> squared_mmd(torch.zeros(2, 1), torch.zeros(3, 1), sigma=1.0)
    tensor(0.)
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        square = (a[:, None] - b).square().sum(-1)
        return torch.exp(-square / (2 * sigma**2)).mean()

    return kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)


def median_distance(x: Tensor, y: Tensor) -> Tensor:
    """Median distance between the two sets: the usual width of the kernel; no gradient."""
    both = torch.cat([x, y]).detach()
    apart = torch.triu_indices(len(both), len(both), 1)
    return (both[apart[0]] - both[apart[1]]).norm(dim=-1).median().clamp(min=1e-6)


def mine_bound(joint: Tensor, mixed: Tensor) -> Tensor:
    """`mean joint - log mean exp mixed`, in nats: one shuffled partner a sample (MINE)."""
    return joint.mean() - (mixed.logsumexp(0) - torch.tensor(float(len(mixed))).log())


def moved_average(before: float, mixed: Tensor, *, share: float = 0.01) -> float:
    """Moving average of `mean exp mixed`, the denominator of MINE's corrected gradient."""
    return (1 - share) * before + share * mixed.exp().mean().item()


@dataclass(frozen=True)
class MiUdaOptions(MethodOptions):
    """What decides an adaptation."""

    divergence: float = option(1.0, "Weight of the MMD, lam.", min=0)
    preserved: float = option(0.05, "Weight of the mutual information, beta.", min=0)
    hidden: int = option(64, "Units of the critic.", min=1)
    task_weight: float = option(20.0, "Weight of the answers on source films.", min=0)
    phrases: int = option(32, "Phrases whose maps on source films are to stay.", min=1)
    steps: int = option(60, "Steps.", min=1)
    batch: int = option(6, "Films of each site in a step.", min=2)
    rate: float = option(2e-4, "Learning rate.", above=0)
    seed: int = option(0, "Of everything random.", min=0)


class MiUda(nn.Module):
    """Critic and terms; copy and untouched checkpoint are given by the loop."""

    card: ClassVar[MethodCard] = MethodCard(
        title="Adapt to an unlabelled site",
        paper="J. Chen, J. Wang, W. Lin, K. Zhang, C. W. de Silva, Preserving Domain Private "
        "Representation via Mutual Information Maximization, 2022, arXiv 2201.03102",
        year=2022,
        kind="head",
        equation="L_source + lam MMD^2(Z_s, Z_t) - beta I(X_t; Z_t)",
        intuition="Bringing two sites together may throw away what only the new one has; asking "
        "the latent to tell its own input keeps that.",
        ours=(
            "MMD as the divergence, weights and critic: the paper's were not read.",
            "The task on source films is the checkpoint's own answer before the adaptation.",
            "Preservation is promised and tested, a gain in accuracy is not.",
        ),
        needs=frozenset({"ids"}),
        needs_batch=2,
    )
    Options = MiUdaOptions

    def __init__(self, options: MiUdaOptions, shapes: Shapes) -> None:
        super().__init__()
        self.options = options
        self.critic = ConcatCritic(shapes.features, shapes.dimension, (options.hidden,))

    def information(self, inputs: Tensor, latent: Tensor) -> Tensor:
        """Donsker-Varadhan bound of I(X; Z) in nats of pairs (N, C), (N, D)."""
        return dv(self.critic(inputs, latent))

    def forward(self, source: Tensor, target: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """Weighted terms.

        Args:
            source: (N, D) latent of source films.
            target: (M, D) of target films.
            inputs: (M, C) what stands for the target films themselves.
        """
        sigma = median_distance(source, target)
        return {
            "divergence": self.options.divergence * squared_mmd(source, target, sigma=sigma),
            "preserved": -self.options.preserved * self.information(inputs, target),
        }


METHOD = MiUda
