"""Matching a code to a prior by an adversary (Makhzani et al., 2015; as in Deep InfoMax).

A discriminator learns to tell codes from samples of the uniform distribution on [0, 1]; the encoder
learns to be taken for them.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F


class Discriminator(nn.Module):
    """Logit that a code (..., D) is a sample of the prior; Deep InfoMax uses 1000 and 200 units."""

    def __init__(self, size: int, hidden: Sequence[int] = (128, 64)) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((size, *hidden, 1)))

    def forward(self, codes: Tensor) -> Tensor:
        """(...,) logits."""
        hidden = codes
        for layer in self.layers[:-1]:
            hidden = F.relu(layer(hidden))
        logits: Tensor = self.layers[-1](hidden)
        return logits.squeeze(-1)


def prior_loss(discriminator: Discriminator, codes: Tensor, samples: Tensor) -> Tensor:
    """`-log D(sample) - log (1 - D(code))`, the discriminator's cost.

    Its parameters get the gradient of that; the codes get that of `-log D(code)`, so that encoder
    and discriminator play against each other. The code released with CLIP-Lite lets both minimise
    the first, which makes the encoder help the discriminator.

    Args:
        discriminator: Learns with the method.
        codes: (N, D) in [0, 1].
        samples: (M, D) of the prior.
    """
    told = F.softplus(-discriminator(samples)).mean()
    told = told + F.softplus(discriminator(codes.detach())).mean()
    fixed = {name: p.detach() for name, p in discriminator.named_parameters()}
    fooled = F.softplus(-functional_call(discriminator, fixed, (codes,))).mean()
    return told + fooled - fooled.detach()


def uniform_codes(vectors: Tensor) -> Tensor:
    """Codes in [0, 1] of unit vectors (..., D): uniform, nearly, where these are on the sphere.

    A component of a uniform unit vector is about normal with variance 1 / D.

    >>> uniform_codes(torch.tensor([[0.0, 1.0]]))
    tensor([[0.5000, 0.9214]])
    """
    return torch.special.ndtr(vectors * math.sqrt(vectors.shape[-1]))
