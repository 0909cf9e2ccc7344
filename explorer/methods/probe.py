"""Evaluation card of a representation: what the survey of self-supervision asks of one.

Paper: M. Anand, A. Garg, "Recent Advancements in Self-Supervised Paradigms for Visual Feature
Representation", 2021, arXiv 2111.02042. Attacks: FGSM (Goodfellow et al., 2015) and PGD (Madry et
al., 2018).

Equation: FGSM x + e sign(dL/dx); PGD repeats x <- clip(x + s sign(dL/dx)) inside the e-ball.

Intuition: a representation is useful when a simple reader gets far with few labels, and keeps what
it has when the picture gets worse.

Ours: the survey names factors, not a protocol; shares, strengths, neighbours and budgets are
pinned here. The attacked reader is the linear probe; gradients pass through the image tower.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.entities import Float32
from explorer.methods._base import MethodCard, MethodOptions, option

Attack = Literal["FGSM", "PGD"]
ATTACKS: tuple[Attack, ...] = get_args(Attack)
Loss = Callable[[Tensor], Tensor]  # images (B, ...) -> loss of each (B,)


def fgsm(images: Tensor, loss_of: Loss, *, budget: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """One step of size `budget` up the loss.

    Args:
        images: (B, ...).
        loss_of: Loss of each image.
        budget: Largest change of a number, in its unit; broadcasts over images.
        low: Least value that a number may have; broadcasts over images.
        high: Largest value that a number may have.

    >>> one = torch.ones(1, 1)
    >>> fgsm(one, lambda x: x.sum(1), budget=one / 4, low=-one, high=2 * one)
    tensor([[1.2500]])
    """
    return _clipped(images + budget * _ascent(images, loss_of), low, high)


def pgd(
    images: Tensor,
    loss_of: Loss,
    *,
    budget: Tensor,
    low: Tensor,
    high: Tensor,
    steps: int = 5,
) -> Tensor:
    """Several smaller steps, each put back into the ball of `budget`; otherwise as `fgsm`.

    The best found is kept: the loss of every image is never below that of the image itself.
    """
    changed, best = images, images
    highest = loss_of(images).detach()
    for _ in range(steps):
        step = 2.0 * budget / steps
        moved = changed + step * _ascent(changed, loss_of)
        near = torch.minimum(torch.maximum(moved, images - budget), images + budget)
        changed = _clipped(near, low, high)
        with torch.no_grad():
            loss = loss_of(changed)
        better = loss > highest
        highest = torch.where(better, loss, highest)
        shape = (-1, *[1] * (images.ndim - 1))
        best = torch.where(better.reshape(shape), changed, best)
    return best


def attacked_vectors(
    vectors: Float32,
    labels: Float32,
    attack: Attack,
    *,
    weights: Float32,
    bias: Float32,
    budget: Float32,
    steps: int = 5,
) -> Float32:
    """Vectors (N, D) after an attack on all known labels of a linear probe at once.

    Args:
        vectors: (N, D).
        labels: (N, L), NaN = unknown.
        attack: FGSM or PGD.
        weights: (L, D) of the probe.
        bias: (L,).
        budget: (D,) largest change of each number.
        steps: Of PGD.
    """
    truth = torch.from_numpy(np.nan_to_num(labels))
    known = torch.from_numpy(np.isfinite(labels).astype(np.float32))
    layer, shift = torch.from_numpy(weights), torch.from_numpy(bias)

    def loss_of(values: Tensor) -> Tensor:
        return known_loss(values @ layer.T + shift, truth, known)

    clean, size = torch.from_numpy(vectors), torch.from_numpy(budget)
    limits = {"budget": size, "low": clean - size, "high": clean + size}
    if attack == "FGSM":
        return np.asarray(fgsm(clean, loss_of, **limits).numpy())
    return np.asarray(pgd(clean, loss_of, steps=steps, **limits).numpy())


def known_loss(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Sum over known labels of the cross-entropy (B,), for logits, truth and known (B, L)."""
    each = F.binary_cross_entropy_with_logits(logits, truth, weight=known, reduction="none")
    return each.sum(1)


def _clipped(values: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return torch.minimum(torch.maximum(values, low), high)


def _ascent(images: Tensor, loss_of: Loss) -> Tensor:
    """Sign of the gradient of the summed loss."""
    leaf = images.detach().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(loss_of(leaf).sum(), leaf)
    return gradient.sign()


@dataclass(frozen=True)
class ProbeOptions(MethodOptions):
    """What is pinned of the protocol."""

    strength: float = option(0.01, "Inverse L2 penalty of the linear probe.", above=0)
    neighbours: int = option(20, "Films that vote in k-NN.", min=1)
    repeats: int = option(3, "Draws of the 1 % and 10 % of patients.", min=1)
    least: int = option(5, "Films of each kind that a finding must have to be measured.", min=1)
    corrupted: int = option(64, "Films that are made worse, at most.", min=2)
    attacked: int = option(32, "Films that are attacked, at most.", min=2)
    steps: int = option(5, "Steps of PGD.", min=1)


class Probe:
    """A protocol: nothing is trained but the probe."""

    card: ClassVar[MethodCard] = MethodCard(
        title="Evaluation card",
        paper="M. Anand, A. Garg, Recent Advancements in Self-Supervised Paradigms for Visual "
        "Feature Representation, 2021, arXiv 2111.02042",
        year=2021,
        kind="protocol",
        equation="AUROC of linear probe and k-NN at 1/10/100 % of labels; its fall under "
        "corruption and under x + e sign(dL/dx); E||z1-z2||^2; log E exp(-2||z1-z2||^2)",
        intuition="A representation is useful when a simple reader gets far with few labels and "
        "keeps it when the picture gets worse.",
        ours=(
            "The survey names factors, not a protocol: shares, strengths and budgets are ours.",
            "The probe reads the mean direction of a film's patches.",
        ),
        needs=frozenset({"labels"}),
        frozen=True,
    )
    Options = ProbeOptions


METHOD = Probe
