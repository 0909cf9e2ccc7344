"""The quick depthwise convolution gives the sums of nn.Conv2d: outputs and both gradients."""

import pytest
import torch
from torch import Tensor, nn

from explorer.encoders.depthwise import (
    DepthwiseConv2d,
    strided_input_gradient,
    weight_gradient,
)

# Kernel, stride, padding as the image tower uses them; strided layers are padded beforehand.
CASES = [(3, 1, 1), (3, 2, 0), (5, 1, 2), (5, 2, 0)]
CHANNELS = 6


def layers(kernel: int, stride: int, padding: int) -> tuple[DepthwiseConv2d, nn.Conv2d]:
    torch.manual_seed(kernel * 10 + stride)
    quick = DepthwiseConv2d(CHANNELS, kernel=kernel, stride=stride, padding=padding)
    plain = nn.Conv2d(CHANNELS, CHANNELS, kernel, stride, padding, groups=CHANNELS, bias=False)
    plain.load_state_dict(quick.state_dict())
    return quick, plain


def image(size: tuple[int, int]) -> Tensor:
    values = torch.randn(2, CHANNELS, *size, generator=torch.Generator().manual_seed(1))
    return values.bfloat16().float()  # both sides start from the same numbers


def run(layer: nn.Module, x: Tensor, *, half: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Output and gradients of a weighted sum of it, to the input and to the weight."""
    x = x.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        y = layer(x)
    factors = torch.randn(y.shape, generator=torch.Generator().manual_seed(2))
    (y.float() * factors).sum().backward()
    weight = layer.weight.grad
    assert x.grad is not None
    assert isinstance(weight, Tensor)
    return y.detach().float(), x.grad, weight


def relative_error(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("size", [(16, 16), (17, 19), (8, 21)])
@pytest.mark.parametrize(("kernel", "stride", "padding"), CASES)
def test_bfloat16_gradients_equal_those_of_float32(
    kernel: int, stride: int, padding: int, size: tuple[int, int]
) -> None:
    quick, plain = layers(kernel, stride, padding)
    found = run(quick, image(size), half=True)
    expected = run(plain, image(size), half=False)
    for name, a, b in zip(("output", "to input", "to weight"), found, expected, strict=True):
        assert a.shape == b.shape, name
        assert relative_error(a, b) < 0.01, name  # a bfloat16 number has 8 bits: 0.4 %


@pytest.mark.parametrize(("kernel", "stride", "padding"), CASES)
def test_float32_takes_the_path_of_pytorch(kernel: int, stride: int, padding: int) -> None:
    quick, plain = layers(kernel, stride, padding)
    for a, b in zip(
        run(quick, image((16, 16)), half=False),
        run(plain, image((16, 16)), half=False),
        strict=True,
    ):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 1), (5, 2)])
def test_the_built_up_gradients_are_exact_sums(kernel: int, stride: int) -> None:
    """In float32 the same pieces agree with autograd to rounding."""
    _, plain = layers(kernel, stride, 0)
    x = image((15, 18))
    y = plain(x.requires_grad_())
    gradient = torch.randn(y.shape, generator=torch.Generator().manual_seed(3))
    to_x, to_weight = torch.autograd.grad(y, (x, plain.weight), gradient)
    weight = plain.weight.detach()
    torch.testing.assert_close(
        strided_input_gradient(gradient, weight, stride=stride, shape=x.shape), to_x
    )
    torch.testing.assert_close(
        weight_gradient(gradient, x.detach(), weight, stride=stride),
        to_weight,
        rtol=1e-4,
        atol=1e-4,
    )


def test_pixels_that_no_output_reads_get_no_gradient() -> None:
    """Kernel 3, stride 2, six pixels: outputs read 0-2 and 2-4, never pixel 5."""
    quick, _ = layers(3, 2, 0)
    _, to_x, _ = run(quick, image((6, 6)), half=True)
    assert (to_x[..., 5] == 0).all()
    assert (to_x[..., :5, 4] != 0).any()


def test_a_frozen_input_still_trains_the_weight() -> None:
    quick, _ = layers(5, 2, 0)
    with torch.autocast("cpu", torch.bfloat16):
        quick(image((11, 11))).float().sum().backward()
    assert quick.weight.grad is not None
    assert quick.weight.grad.abs().sum() > 0
