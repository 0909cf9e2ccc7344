"""CoCoNet: published distances, a gradient that arrives, slices that search, a gap that closes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import MethodBatch, Shapes, View
from explorer.methods.coconet import (
    METHOD,
    SLICES,
    CoCoNetOptions,
    adversarial,
    circular_slices,
    linear_slices,
    polynomial_slices,
    sliced_distance,
    slicing_network,
)

from .by_hand import batch, unit

ORACLE = np.load(Path(__file__).parents[1] / "data" / "coconet_gsw.npz")
SHAPES = Shapes(dimension=8, features=8, text_features=8)


def of_oracle(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


@pytest.mark.parametrize(
    ("name", "slices", "weights"),
    [
        ("linear", linear_slices, "linear_theta"),
        ("circular", circular_slices, "circular_theta"),
        ("poly", polynomial_slices, "poly_theta"),
    ],
)
def test_distances_are_the_published_ones(name: str, slices: Any, weights: str) -> None:
    """The authors' sum, and the mean that the paper has: they differ by the root of 9 x 4."""
    directions = of_oracle(weights) / (2 if name == "circular" else 1)  # the radius is within
    x, y = (slices(of_oracle(n), directions) for n in ("X", "Y"))
    found = sliced_distance(x, y)
    assert found.item() == pytest.approx(float(ORACLE[f"{name}_paper_norm"]), abs=1e-6)
    assert found.item() * 6 == pytest.approx(float(ORACLE[f"{name}_ref"]), abs=1e-6)


def test_three_way_distance_along_a_network_is_the_authors() -> None:
    network = slicing_network(3, width=6, slices=4).double()
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    for place, layer in enumerate(layers):
        layer.weight.data = of_oracle(f"nn_{2 * place}")
        layer.bias.data = of_oracle(f"nn_{2 * place + 1}")
    x, y, z = (network(of_oracle(n)) for n in "XYZ")
    total = sliced_distance(x, y) + sliced_distance(y, z) + sliced_distance(x, z)
    assert total.item() * 6 == pytest.approx(float(ORACLE["nn_three_way_slow"]), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(1, 5), st.integers(0, 99))
def test_distance_is_blind_to_order_and_0_for_equal_clouds(n: int, slices: int, seed: int) -> None:
    x, y = unit(n, slices, seed=seed), unit(n, slices, seed=seed + 1)
    draws = torch.Generator().manual_seed(seed)
    mixed = y[torch.randperm(n, generator=draws)]
    torch.testing.assert_close(sliced_distance(x, y), sliced_distance(x, mixed))
    torch.testing.assert_close(sliced_distance(x, y), sliced_distance(y, x))
    same = x.clone().requires_grad_()
    nothing = sliced_distance(same, x)
    nothing.backward()
    assert nothing.item() < 1e-5
    assert same.grad is not None
    assert same.grad.isfinite().all()


def data_with_looks(owner: list[int], *, images: int, **changes: Any) -> MethodBatch:
    look = unit(images, 4, 4, 8, seed=9)
    return batch(owner, images=images, second=View(look, look), **changes)


@pytest.mark.parametrize("slices", SLICES)
def test_gradient_of_the_distance_reaches_the_towers(slices: str) -> None:
    """In the published code it does not."""
    method = METHOD(CoCoNetOptions(slices=slices), SHAPES)
    data = data_with_looks([0, 1, 2], images=3)
    for tensor in (data.patches, data.phrases):
        tensor.requires_grad_()
    method(data)["distance"].backward()
    for tensor in (data.patches, data.phrases):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


def test_an_image_without_a_report_counts_as_image_only() -> None:
    method = METHOD(CoCoNetOptions(), SHAPES)
    parts = method(data_with_looks([0, 1], images=3))
    two = data_with_looks([0, 1], images=2)
    three = data_with_looks([0, 1], images=3)
    two.patches.copy_(three.patches[:2])
    assert all(part.isfinite() for part in parts.values())
    alone = replace(three, second=None)
    less = replace(two, second=None)
    torch.testing.assert_close(method(alone)["distance"], method(less)["distance"])
    torch.testing.assert_close(method(alone)["consistency"], method(less)["consistency"])


def test_one_study_or_one_text_leaves_nothing_to_contrast() -> None:
    method = METHOD(CoCoNetOptions(), SHAPES)
    data = data_with_looks([0, 1], images=2)
    data.study[1] = 0
    parts = method(data)
    assert parts["consistency"].item() == 0
    assert parts["complementarity"].item() == 0


def test_slices_climb_what_the_towers_descend() -> None:
    torch.manual_seed(0)
    network = slicing_network(3, width=6, slices=4)
    x, y = unit(5, 3), unit(5, 3, seed=1)
    plain = torch.autograd.grad(
        sliced_distance(network(x), network(y)), list(network.parameters()), retain_graph=True
    )
    x.requires_grad_()
    loss = sliced_distance(adversarial(network, x), adversarial(network, y))
    reversed_ = torch.autograd.grad(loss, [x, *network.parameters()])
    for own, back in zip(plain, reversed_[1:], strict=True):
        torch.testing.assert_close(back, -own)
    descent = torch.autograd.grad(sliced_distance(network(x), network(y)), x)[0]
    torch.testing.assert_close(reversed_[0], descent)


@pytest.mark.parametrize("slices", ["linear", "circular", "polynomial"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(slices: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    method = METHOD(CoCoNetOptions(slices=slices), SHAPES)
    data = data_with_looks([0, 0, 1, 2], images=3)
    wanted = method(data)
    for name, part in method.to(dtype)(data.to(dtype)).items():
        assert part.item() == pytest.approx(wanted[name].item(), rel=0.05, abs=0.01)


@pytest.mark.parametrize(("slices", "share"), [("linear", 1 / 3), ("network", 2 / 3)])
def test_the_gap_between_images_and_reports_closes(slices: str, share: float) -> None:
    """To a third in 100 steps along lines; the slicing network must first learn where to look."""
    torch.manual_seed(0)
    method = METHOD(CoCoNetOptions(slices=slices, consistency=0, complementarity=0), SHAPES)
    away = torch.tensor([2.0] + [0.0] * 7)
    images = nn.Parameter(unit(32, 8) + away)
    reports = nn.Parameter(unit(32, 8, seed=1) - away)
    directions = unit(50, 8, seed=2)
    optimiser = torch.optim.Adam([images, reports, *method.parameters()], lr=0.03)

    def gap() -> float:
        x, y = (F.normalize(v.detach(), dim=1) for v in (images, reports))
        return sliced_distance(linear_slices(x, directions), linear_slices(y, directions)).item()

    before = gap()
    for step in range(100):
        data = replace(
            batch(list(range(32)), images=32, seed=step),
            patches=F.normalize(images, dim=1)[:, None, None],
            phrases=F.normalize(reports, dim=1),
        )
        optimiser.zero_grad()
        method(data)["distance"].backward()
        optimiser.step()
    assert before > 0.5
    assert gap() < share * before, (before, gap())
