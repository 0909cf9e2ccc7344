"""Codes of a batch by optimal transport: every prototype gets its share (Caron et al., 2020)."""

import math

import torch
from torch import Tensor

from explorer.methods._vectors import at_least_float32


@torch.no_grad()
def sinkhorn_codes(scores: Tensor, *, epsilon: float = 0.05, iterations: int = 3) -> Tensor:
    """Soft assignment of B samples to K prototypes that uses all prototypes about equally.

    Alternates columns that sum to B / K with rows that sum to 1, in logarithms, so small epsilons
    and half precision do not overflow. No gradient passes.

    Args:
        scores: Cosine of samples with prototypes (B, K).
        epsilon: Entropy weight > 0; the smaller, the harder the codes.
        iterations: Rounds; with many of them every prototype ends with exactly B / K.

    Returns:
        (B, K); rows sum to 1.

    >>> sinkhorn_codes(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), iterations=1)
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    wide = at_least_float32(scores)
    log_codes = wide / epsilon
    share = math.log(len(scores) / scores.shape[1]) if len(scores) else 0.0
    for _ in range(iterations):
        log_codes = log_codes - torch.logsumexp(log_codes, 0, keepdim=True) + share
        log_codes = log_codes - torch.logsumexp(log_codes, 1, keepdim=True)
    return log_codes.exp().to(scores.dtype)
