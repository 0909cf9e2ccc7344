"""Folded batch norms: the numbers of the two layers, one pass in inference, gradients as before."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from explorer.encoders.fold_once import _Folded, fold_once
from explorer.encoders.image import ImageEncoder, TwinImageEncoder
from explorer.encoders.small_image import SmallImageEncoder

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere


def worn(encoder: nn.Module) -> nn.Module:
    """Batch norms as after a training: other means, spreads, factors and offsets than new ones."""
    generator = torch.Generator().manual_seed(0)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_var is not None
            assert module.running_mean is not None
            for tensor in (module.weight, module.running_var):
                tensor.data = torch.rand(tensor.shape, generator=generator) + 0.5
            for tensor in (module.bias, module.running_mean):
                tensor.data = torch.randn(tensor.shape, generator=generator) * 0.1
    return encoder.eval()


@pytest.mark.parametrize("kind", [ImageEncoder, TwinImageEncoder, SmallImageEncoder])
def test_folded_and_unfolded_encoders_give_the_same_grid(kind: type[nn.Module]) -> None:
    encoder = worn(kind(width=24))
    folded = deepcopy(encoder)
    fold_once(folded, torch.float32)
    with torch.inference_mode():
        (grid, summary), (expected, known) = (
            net(tiny_model.images(2, side=96)) for net in (folded, encoder)
        )
    torch.testing.assert_close(grid, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(summary, known, rtol=1e-3, atol=1e-4)


def test_every_batch_norm_of_the_large_tower_is_folded() -> None:
    encoder = worn(TwinImageEncoder(width=24))
    before = sum(isinstance(m, nn.BatchNorm2d) for m in encoder.modules())
    fold_once(encoder, torch.float32)
    assert (
        sum(isinstance(m, _Folded) for m in encoder.modules()) == before == 1 + 2 + 15 * 3 + 2 * 2
    )


def test_gradients_go_through_the_layers_as_they_were_trained() -> None:
    encoder = worn(ImageEncoder(width=24))
    folded = deepcopy(encoder)
    fold_once(folded, torch.float32)
    found = []
    for net in (folded, encoder):
        images = tiny_model.images(1, side=96).requires_grad_()
        net(images)[0].square().mean().backward()
        found.append(images.grad)
    assert found[0] is not None
    assert torch.equal(*found)  # type: ignore[arg-type]


def test_another_precision_than_the_folded_one_reads_the_two_layers() -> None:
    encoder = worn(ImageEncoder(width=24))
    folded = deepcopy(encoder)
    fold_once(folded, torch.bfloat16)
    with torch.inference_mode():
        assert torch.equal(
            folded(tiny_model.images(1, side=96))[0], encoder(tiny_model.images(1, side=96))[0]
        )
        with torch.autocast("cpu", torch.bfloat16):
            half = folded(tiny_model.images(1, side=96))[0]
            other = encoder(tiny_model.images(1, side=96))[0]
    assert not torch.equal(half, other)
    assert (half.float() - other.float()).abs().mean() < 0.02 * other.float().abs().mean()
