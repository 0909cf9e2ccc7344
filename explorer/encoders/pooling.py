"""Pooling of region-sentence scores to one score per image and phrase.

The choice decides what a region must do for its sentence: `max` asks for one region that speaks
of it (Liao et al., MICCAI 2021), `mean` for all, the others lie between (Wang et al., IPMI 2023).
All take scores (..., R) over R regions and return (...). `temperature` > 0 is in score units.
"""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

PoolingName = Literal["max", "mean", "log-sum-exp", "attention", "noisy-or"]
POOLING_NAMES: tuple[str, ...] = get_args(PoolingName)


def pool_max(scores: Tensor, *, temperature: float = 1.0) -> Tensor:  # noqa: ARG001
    """Best region."""
    return scores.amax(-1)


def pool_mean(scores: Tensor, *, temperature: float = 1.0) -> Tensor:  # noqa: ARG001
    """Average region."""
    return scores.mean(-1)


def pool_log_sum_exp(scores: Tensor, *, temperature: float = 1.0) -> Tensor:
    """`T log mean exp(s / T)`: max for T -> 0, mean for T -> infinity.

    >>> pool_log_sum_exp(torch.tensor([2.0, 2.0]))
    tensor(2.)
    """
    scaled = scores if temperature == 1 else scores / temperature
    return temperature * (torch.logsumexp(scaled, -1) - math.log(scores.shape[-1]))


def pool_attention(scores: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Average weighted by the softmax of the scores themselves."""
    return (torch.softmax(scores / temperature, -1) * scores).sum(-1)


def pool_noisy_or(scores: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Logit of `1 - prod(1 - sigmoid(s / T))`, times T: any region suffices.

    >>> round(pool_noisy_or(torch.tensor([0.0, 0.0])).item(), 4)  # 1 - 0.5 * 0.5 = 0.75
    1.0986
    """
    log_none = F.logsigmoid(-scores / temperature).sum(-1)
    return temperature * (torch.log(-torch.expm1(log_none.clamp(max=-1e-7))) - log_none)


_POOLS: dict[str, Callable[..., Tensor]] = {
    "max": pool_max,
    "mean": pool_mean,
    "log-sum-exp": pool_log_sum_exp,
    "attention": pool_attention,
    "noisy-or": pool_noisy_or,
}


def pool(scores: Tensor, name: str, *, temperature: float = 1.0) -> Tensor:
    """Pool scores (..., R) over their last axis by name.

    Raises:
        ValueError: The name is unknown or the temperature is not positive.
    """
    if name not in _POOLS:
        raise ValueError(f"Unknown pooling {name!r}. Available: {', '.join(POOLING_NAMES)}.")
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}.")
    return _POOLS[name](scores, temperature=temperature)
