"""Is the depthwise convolution of the image tower quicker than PyTorch's own, forward and backward?

Ratios of DepthwiseConv2d to nn.Conv2d in the same run, in bfloat16 on the CPU: per layer shape of
EfficientNet-Lite0 at 256 px with 8 images, and for the whole ImageEncoder.
"""

import copy
import statistics
from collections.abc import Callable
from typing import Any

import torch
from _report import alternate, write_report
from torch import Tensor, nn

from explorer.encoders.depthwise import DepthwiseConv2d
from explorer.encoders.image import ImageEncoder

SIDE, BATCH, SEED = 256, 8, 0
LAYER_ROUNDS, ENCODER_ROUNDS = 5, 3


def main() -> None:
    """Measure every distinct depthwise layer, then the encoder, and write the result file."""
    torch.manual_seed(SEED)
    encoder = ImageEncoder().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randn(BATCH, 1, SIDE, SIDE).to(memory_format=torch.channels_last)
    layers = {name: measure_layer(*case) for name, case in shapes(encoder, images).items()}
    plain = with_plain_layers(encoder)
    whole = compare(step(encoder, images), step(plain, images), rounds=ENCODER_ROUNDS)
    write_report(
        "depthwise",
        protocol=f"Forward and backward in bfloat16 autocast, {BATCH} images of {SIDE} px, "
        f"{torch.get_num_threads()} threads. DepthwiseConv2d and nn.Conv2d take turns; minimum of "
        f"{LAYER_ROUNDS} rounds a layer, {ENCODER_ROUNDS} for the encoder. ratio = quick / plain.",
        seed=SEED,
        results={"threads": torch.get_num_threads(), "layers": layers, "encoder": whole},
    )


def shapes(encoder: ImageEncoder, images: Tensor) -> dict[str, tuple[DepthwiseConv2d, torch.Size]]:
    """Every distinct depthwise layer with the shape of its input, by a readable name."""
    found: dict[str, tuple[DepthwiseConv2d, torch.Size]] = {}

    def note(layer: DepthwiseConv2d, inputs: tuple[Tensor, ...], _: Any) -> None:
        shape = inputs[0].shape
        kernel, stride = layer.kernel_size[0], layer.stride[0]
        found.setdefault(f"k{kernel} s{stride} c{shape[1]} {shape[2]}x{shape[3]}", (layer, shape))

    hooks = [
        m.register_forward_hook(note) for m in encoder.modules() if isinstance(m, DepthwiseConv2d)
    ]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        encoder(images)
    for hook in hooks:
        hook.remove()
    return found


def measure_layer(layer: DepthwiseConv2d, shape: torch.Size) -> dict[str, float]:
    """Compare one layer with its plain twin."""
    x = torch.randn(shape).to(torch.bfloat16).to(memory_format=torch.channels_last)
    x.requires_grad_()
    return compare(step(layer, x), step(plain_twin(layer), x), rounds=LAYER_ROUNDS)


def plain_twin(layer: DepthwiseConv2d) -> nn.Conv2d:
    """nn.Conv2d with the same weights."""
    twin = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        groups=layer.groups,
        bias=False,
    )
    twin.load_state_dict(layer.state_dict())
    return twin.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def with_plain_layers(encoder: ImageEncoder) -> ImageEncoder:
    """A copy of the encoder with every depthwise layer replaced by its twin."""
    plain = copy.deepcopy(encoder)
    for module in list(plain.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, DepthwiseConv2d):
                setattr(module, name, plain_twin(child))
    return plain


def step(module: nn.Module, x: Tensor) -> Callable[[], None]:
    """One forward and backward pass."""

    def run() -> None:
        module.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            found = module(x)
        first = found[0] if isinstance(found, tuple) else found
        first.float().square().mean().backward()

    return run


def compare(
    quick: Callable[[], None], plain: Callable[[], None], *, rounds: int
) -> dict[str, float]:
    """Minimum times of both, taken in turns so that other load hits both, and their ratio."""
    times = alternate(quick, plain, rounds=rounds)
    a, b = (min(taken) for taken in times)
    ratios = [x / y for x, y in zip(*times, strict=True)]
    return {
        "quick_ms": round(a, 3),
        "plain_ms": round(b, 3),
        "ratio": round(a / b, 3),
        "median_ratio": round(statistics.median(ratios), 3),
    }


if __name__ == "__main__":
    main()
