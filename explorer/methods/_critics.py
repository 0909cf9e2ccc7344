"""Critics: networks that score a pair of vectors, for bounds on their mutual information.

`DotCritic` is separable: each side is embedded on its own, so K x K pairs cost two passes and a
product, and a map over regions is a cosine. `ConcatCritic` reads both sides at once, as Liao et
al. (MICCAI 2021) do; it can express more and costs a pass for every pair.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_HIGHEST_SCALE = 100.0  # of cosines; CLIP's bound, so that no loss runs away


class DotCritic(nn.Module):
    """`scale * <x, y> + bias`, scale and bias learned.

    InfoNCE is blind to the bias; DV to it as well; JSD and NWJ need it.

    Args:
        temperature: Inverse of the scale at the start.
        bias: At the start.
    """

    def __init__(self, temperature: float = 0.1, *, bias: float = 0.0) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (..., A, C) of x (..., A, D) with y (..., C, D)."""
        return self.scale_products(x @ y.mT)

    def scale_products(self, products: Tensor) -> Tensor:
        """Scores from dot products that are at hand."""
        scale = self.log_scale.clamp(max=math.log(_HIGHEST_SCALE)).exp()
        return products * scale + self.bias


class ConcatCritic(nn.Module):
    """A network of [x; y]: hidden layers with ReLU, one number at the end.

    The first layer is linear in [x; y]: its two halves are computed once a vector, not once a
    pair.

    Args:
        x_size: Numbers of x.
        y_size: Numbers of y.
        hidden: Units of the hidden layers; Liao et al. use 1024 and 512.
    """

    def __init__(self, x_size: int, y_size: int, hidden: Sequence[int] = (1024, 512)) -> None:
        super().__init__()
        sizes = [*hidden, 1]
        self.x_size = x_size
        self.first = nn.Linear(x_size + y_size, hidden[0])
        self.rest = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (..., A, C) of x (..., A, x_size) with y (..., C, y_size)."""
        of_x = F.linear(x, self.first.weight[:, : self.x_size], self.first.bias)
        of_y = F.linear(y, self.first.weight[:, self.x_size :])
        hidden = of_x.unsqueeze(-2) + of_y.unsqueeze(-3)  # (..., A, C, H)
        for layer in self.rest:
            hidden = layer(F.relu(hidden))
        return hidden.squeeze(-1)


class RegionAttention(nn.Module):
    """Logits of learned attention over regions (Ilse et al., ICML 2018, eq. 8; gated, eq. 9).

    `w^T tanh(V x)`, or `w^T (tanh(V x) * sigmoid(U x))`.
    """

    def __init__(self, size: int, hidden: int = 64, *, gated: bool = False) -> None:
        super().__init__()
        self.value = nn.Linear(size, hidden)
        self.gate = nn.Linear(size, hidden) if gated else None
        self.weight = nn.Linear(hidden, 1)

    def forward(self, regions: Tensor) -> Tensor:
        """Logits (..., R) of regions (..., R, D); their softmax are the weights."""
        hidden = torch.tanh(self.value(regions))
        if self.gate is not None:
            hidden = hidden * torch.sigmoid(self.gate(regions))
        logits: Tensor = self.weight(hidden)
        return logits.squeeze(-1)
