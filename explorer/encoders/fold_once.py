"""Batch norms folded into the convolutions before them, once, for an engine with fixed weights.

In inference a batch norm multiplies and shifts every channel by fixed numbers, and so can the
convolution before it: one pass over the grid instead of two, and no cast of weights at every call.
The numbers are the same up to rounding. Gradients take the two layers as they were trained.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights


def fold_once(module: nn.Module, dtype: torch.dtype) -> None:
    """Let convolutions below a module take over the batch norms that directly follow them.

    Folded are neighbours in an `nn.Sequential`, and the layers `conv` and `norm` of a block that
    calls them in that order. Call it once the module is on its device and in its memory format,
    and do not change its weights afterwards.

    Args:
        module: In evaluation mode, float32.
        dtype: Precision of the engine, under whose autocast the folded weights are read.
    """
    for parent in list(module.modules()):
        children = dict(parent.named_children())
        names = list(pairwise(children)) if isinstance(parent, nn.Sequential) else []
        names += [("conv", "norm")] if {"conv", "norm"} <= children.keys() else []
        for first, second in names:
            conv, norm = children[first], children[second]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, first, _Folded(conv, norm, dtype))
                setattr(parent, second, nn.Identity())


class _Folded(nn.Module):
    """A convolution and its batch norm: one layer in inference, two where gradients are asked."""

    weight: Tensor
    bias: Tensor

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d, dtype: torch.dtype) -> None:
        super().__init__()
        self.conv, self.norm = conv, norm
        mean, variance = norm.running_mean, norm.running_var
        if mean is None or variance is None:
            raise ValueError("A batch norm is folded with its running statistics, got none.")
        weight, bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, mean, variance, norm.eps, norm.weight, norm.bias
        )
        self.register_buffer("weight", weight.detach().to(dtype), persistent=False)
        self.register_buffer("bias", bias.detach().to(dtype), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Features after both."""
        kind, dtype = x.device.type, self.weight.dtype
        cast = torch.is_autocast_enabled(kind)
        asked = torch.get_autocast_dtype(kind) if cast else x.dtype
        if not torch.is_inference_mode_enabled() or asked != dtype:
            found: Tensor = self.norm(self.conv(x))
            return found
        conv = self.conv
        with torch.autocast(kind, enabled=False):
            return F.conv2d(
                x.to(dtype),
                self.weight,
                self.bias,
                conv.stride,
                conv.padding,
                conv.dilation,
                conv.groups,
            )
