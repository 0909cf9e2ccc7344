"""Linear layers whose weights are cast to the precision of an engine once, not at every call.

Autocast keeps its casts for weights that are trained, and until its context ends. An engine opens
one context a call, with weights that are fixed: for a phrase or two, casting the text tower took
longer than reading them. The numbers are the same: it is the same cast.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def cast_once(module: nn.Module, dtype: torch.dtype) -> None:
    """Let the linear layers below a module keep a copy of their weights in `dtype`.

    The weights in full precision stay under their names, for gradients and exports. Call it once
    the module is on its device, and do not change its weights afterwards.
    """
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            setattr(module, name, _CastLinear(child, dtype))
        else:
            cast_once(child, dtype)


class _CastLinear(nn.Linear):
    """The layer under autocast in `dtype` reads its copy, everywhere else its weights."""

    cast_weight: Tensor
    cast_bias: Tensor | None

    def __init__(self, layer: nn.Linear, dtype: torch.dtype) -> None:
        super().__init__(layer.in_features, layer.out_features, layer.bias is not None, "meta")
        self.weight, self.bias = layer.weight, layer.bias
        bias = None if layer.bias is None else layer.bias.detach().to(dtype)
        self.register_buffer("cast_weight", layer.weight.detach().to(dtype), persistent=False)
        self.register_buffer("cast_bias", bias, persistent=False)
        self.train(layer.training)

    def forward(self, input: Tensor) -> Tensor:
        """As `nn.Linear`."""
        kind = input.device.type
        dtype = self.cast_weight.dtype
        if torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind) == dtype:
            return F.linear(input, self.cast_weight, self.cast_bias)
        return super().forward(input)
