"""Depthwise convolution whose gradients are fast in bfloat16 on CPUs.

PyTorch 2.13 (oneDNN) has quick bfloat16 kernels for depthwise forward passes and for 3x3 weight
gradients, but falls back to a slow reference for 5x5 weight gradients and for the input gradient of
a strided convolution. Both are put together here from quick kernels: a 5x5 weight gradient is four
overlapping 3x3 ones, and the input gradient of a strided convolution is a plain convolution of the
spread-out output gradient. Same sums, other order; `benchmarks/depthwise.py` has the ratio.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DepthwiseConv2d(nn.Conv2d):
    """`nn.Conv2d(channels, channels, kernel, groups=channels, bias=False)` with quick gradients."""

    def __init__(self, channels: int, *, kernel: int, stride: int, padding: int) -> None:
        super().__init__(channels, channels, kernel, stride, padding, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H', W')."""
        weight = self.weight
        if torch.is_autocast_enabled(x.device.type):
            dtype = torch.get_autocast_dtype(x.device.type)
            x, weight = x.to(dtype), weight.to(dtype)
        quick = self.kernel_size[0] == 3 and self.stride[0] == 1  # quick as it is
        if quick or x.device.type != "cpu" or x.dtype != torch.bfloat16:
            return F.conv2d(x, weight, None, self.stride, self.padding, 1, self.groups)
        return _Depthwise.apply(x, weight, self.stride[0], int(self.padding[0]))


class _Depthwise(torch.autograd.Function):
    """Depthwise convolution with a square odd kernel; no padding where the stride is 2."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x, weight, None, stride, padding, 1, weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        x, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        to_x = None
        if ctx.needs_input_grad[0] and ctx.stride == 1:
            to_x = _convolution_backward(gradient, x, weight, 1, ctx.padding, to_input=True)
        elif ctx.needs_input_grad[0]:
            to_x = strided_input_gradient(gradient, weight, stride=ctx.stride, shape=x.shape)
        if ctx.padding:
            x = F.pad(x, (ctx.padding,) * 4)
        return to_x, weight_gradient(gradient, x, weight, stride=ctx.stride), None, None


def strided_input_gradient(
    gradient: Tensor, weight: Tensor, *, stride: int, shape: torch.Size
) -> Tensor:
    """Convolve the output gradient, spread to the input's spacing, with the turned kernel."""
    edge = weight.shape[-1] - 1
    rows, columns = gradient.shape[-2:]
    # Laid out with channels last from the start: (B, H, W, C), seen as (B, C, H, W).
    wide = gradient.new_zeros((shape[0], shape[2] + edge, shape[3] + edge, shape[1]))
    wide = wide.permute(0, 3, 1, 2)
    wide[
        :,
        :,
        edge : edge + stride * rows : stride,
        edge : edge + stride * columns : stride,
    ] = gradient
    return F.conv2d(wide, weight.flip((2, 3)), None, 1, 0, 1, weight.shape[0])


def weight_gradient(gradient: Tensor, x: Tensor, weight: Tensor, *, stride: int) -> Tensor:
    """Weight gradient (C, 1, k, k), built from 3x3 blocks when the kernel is larger."""
    kernel = weight.shape[-1]
    rows, columns = (stride * (n - 1) for n in gradient.shape[-2:])
    block = min(kernel, 3)
    result = torch.empty_like(weight)
    for top in range(0, kernel - 1, 2):
        for left in range(0, kernel - 1, 2):
            part = x[:, :, top : top + rows + block, left : left + columns + block]
            place = (..., slice(top, top + block), slice(left, left + block))
            result[place] = _convolution_backward(
                gradient, part, weight[place].contiguous(), stride, 0, to_input=False
            )
    return result


def _convolution_backward(
    gradient: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int, *, to_input: bool
) -> Tensor:
    """PyTorch's own gradient of a depthwise convolution, to its input or to its weight."""
    result: Tensor = torch.ops.aten.convolution_backward(
        gradient,
        x.contiguous(memory_format=torch.channels_last),
        weight,
        None,
        [stride, stride],
        [padding, padding],
        [1, 1],
        False,
        [0, 0],
        weight.shape[0],
        [to_input, not to_input, False],
    )[0 if to_input else 1]
    return result
