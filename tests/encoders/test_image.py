"""The image tower: EfficientNet-Lite0 layer by layer, shapes at its strides, ImageNet weights."""

import pytest
import torch
from torch import nn

from explorer.encoders.image import (
    PATCH_STRIDE,
    TRUNK_CHANNELS,
    EfficientNetLite0,
    ImageEncoder,
    TwinImageEncoder,
    summarise,
)

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

# EfficientNet-Lite0 has 4,652,008 parameters. Not used here: the head (320 -> 1280 convolution,
# its batch norm, 1280 -> 1000 classes with bias) and two of three colour channels of the stem.
PUBLISHED = 4_652_008
HEAD = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
TWO_COLOURS = 2 * 32 * 3 * 3


@pytest.fixture(scope="module")
def trunk() -> EfficientNetLite0:
    torch.manual_seed(0)
    return EfficientNetLite0().eval()


def test_trunk_has_the_published_number_of_parameters(trunk: EfficientNetLite0) -> None:
    assert sum(p.numel() for p in trunk.parameters()) == PUBLISHED - HEAD - TWO_COLOURS


def test_trunk_has_one_block_of_two_and_fifteen_of_three_convolutions(
    trunk: EfficientNetLite0,
) -> None:
    convolutions = [m for m in trunk.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 1 + 2 + 15 * 3
    assert [len(list(stage.children())) for stage in trunk.stages] == [1, 2, 2, 3, 3, 4, 1]
    by_depth = [c for c in convolutions if c.groups == c.in_channels and c.groups > 1]
    assert len(by_depth) == 16
    assert sorted({(c.kernel_size[0], c.stride[0]) for c in by_depth}) == [
        (3, 1),
        (3, 2),
        (5, 1),
        (5, 2),
    ]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("stem.0.weight", None),  # padding has no weight
        ("stem.1.weight", (32, 1, 3, 3)),
        ("stages.0.0.layers.0.0.weight", (32, 1, 3, 3)),
        ("stages.2.0.layers.1.1.weight", (24 * 6, 1, 5, 5)),
        ("stages.4.0.layers.2.0.weight", (112, 80 * 6, 1, 1)),
        ("stages.6.0.layers.2.0.weight", (320, 192 * 6, 1, 1)),
    ],
)
def test_parameters_have_the_shapes_of_the_paper(
    trunk: EfficientNetLite0, name: str, shape: tuple[int, ...] | None
) -> None:
    state = trunk.state_dict()
    assert (tuple(state[name].shape) if name in state else None) == shape


@pytest.mark.parametrize("side", [32, 64, 96])
def test_features_lie_at_strides_8_16_and_32(trunk: EfficientNetLite0, side: int) -> None:
    with torch.inference_mode():
        found = trunk(tiny_model.images(2, side=side))
    for feature, channels, stride in zip(found, TRUNK_CHANNELS, (8, 16, 32), strict=True):
        assert feature.shape == (2, channels, side // stride, side // stride)


def test_encoder_gives_a_grid_at_stride_8_and_a_summary() -> None:
    encoder = ImageEncoder(width=24).eval()
    with torch.inference_mode():
        grid, summary = encoder(tiny_model.images(2, side=96))
    assert grid.shape == (2, 24, 96 // PATCH_STRIDE, 96 // PATCH_STRIDE)
    assert summary.shape == (2, ImageEncoder.summary_size)
    assert ImageEncoder.summary_size == 2 * (40 + 112 + 320)


def test_a_twin_gives_the_grids_of_two_encoders_with_its_trunk_side_by_side() -> None:
    torch.manual_seed(0)
    twin = TwinImageEncoder(width=48).eval()
    first, second = ImageEncoder(width=24).eval(), ImageEncoder(width=24).eval()
    own = {k: v for k, v in twin.state_dict().items() if not k.startswith("second.")}
    first.load_state_dict(own)
    second.load_state_dict(
        own | {k.removeprefix("second."): v for k, v in twin.second.state_dict().items()}
    )
    images = tiny_model.images(2, side=96)
    with torch.inference_mode():
        grid, summary = twin(images)
        grids, summaries = zip(first(images), second(images), strict=True)
    torch.testing.assert_close(grid, torch.cat(grids, dim=1))
    assert not torch.allclose(*grids)
    assert torch.equal(summary, summaries[0])


def test_a_twin_shares_an_even_width() -> None:
    with pytest.raises(ValueError, match="must be even, got 25"):
        TwinImageEncoder(width=25)


def test_summary_holds_means_then_deviations() -> None:
    feature = torch.tensor([[[[1.0, 3.0]], [[5.0, 5.0]]]])  # (1, 2, 1, 2)
    torch.testing.assert_close(summarise((feature,)), torch.tensor([[2.0, 5.0, 2**0.5, 0.0]]))


def colour_weights(trunk: EfficientNetLite0) -> dict[str, torch.Tensor]:
    """Weights as a file of ImageNet holds them: other names, three colours, a head at the end."""
    own = [(k, v) for k, v in trunk.state_dict().items() if "num_batches" not in k]
    weights = {f"_layer{i}.{k.split('.')[-1]}": v.clone() for i, (k, v) in enumerate(own)}
    first = next(iter(weights))
    weights[first] = torch.cat([weights[first], 2 * weights[first], 3 * weights[first]], dim=1)
    return weights | {"_conv_head.weight": torch.zeros(1), "_fc.bias": torch.zeros(1)}


def test_imagenet_weights_are_copied_in_order_and_colours_summed(
    trunk: EfficientNetLite0,
) -> None:
    fresh = EfficientNetLite0()
    fresh.load_imagenet(colour_weights(trunk))
    expected = trunk.state_dict()
    for name, value in fresh.state_dict().items():
        if "num_batches" not in name:
            factor = 6.0 if name == "stem.1.weight" else 1.0
            torch.testing.assert_close(value, factor * expected[name], msg=name)


@pytest.mark.parametrize("change", ["short", "shape"])
def test_weights_of_another_network_are_refused(trunk: EfficientNetLite0, change: str) -> None:
    weights = colour_weights(trunk)
    last = [name for name in weights if name.startswith("_layer")][-1]
    if change == "short":
        del weights[last]
    else:
        weights[last] = torch.zeros(7)
    with pytest.raises(ValueError, match="must be those of EfficientNet-Lite0"):
        EfficientNetLite0().load_imagenet(weights)
