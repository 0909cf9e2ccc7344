"""Attacks keep their budget and go up the loss; a linear reader falls as computed by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from explorer.methods.probe import ATTACKS, attacked_vectors, fgsm, pgd


def wavy(values: Tensor) -> Tensor:
    """A loss with hills, so that one step may overshoot."""
    return (values.sin() + 0.1 * values).sum(1)


@settings(max_examples=30)
@given(st.integers(0, 99), st.floats(0.01, 2.0))
def test_attacks_keep_budget_and_range_and_pgd_never_goes_down(seed: int, size: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    clean = torch.rand(3, 5, generator=generator)
    budget, low, high = torch.tensor(size), torch.tensor(0.0), torch.tensor(1.0)
    for moved in (
        fgsm(clean, wavy, budget=budget, low=low, high=high),
        pgd(clean, wavy, budget=budget, low=low, high=high),
    ):
        assert (moved - clean).abs().max() <= size + 1e-6
        assert moved.min() >= 0
        assert moved.max() <= 1
    assert (wavy(moved) >= wavy(clean)).all()


def test_pgd_climbs_where_one_large_step_overshoots() -> None:
    clean = torch.full((1, 1), 0.5)
    size, low, high = torch.tensor(4.0), torch.tensor(-9.0), torch.tensor(9.0)
    once = fgsm(clean, wavy, budget=size, low=low, high=high)
    several = pgd(clean, wavy, budget=size, low=low, high=high, steps=10)
    assert wavy(once) < wavy(clean) < wavy(several)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_linear_reader_falls_by_the_budget_times_its_weights(attack) -> None:
    weights = np.array([[2.0, -1.0, 0.0]], np.float32)
    vectors = np.zeros((3, 3), np.float32)
    labels = np.array([[1], [0], [np.nan]], np.float32)
    budget = np.full(3, 0.1, np.float32)
    moved = attacked_vectors(
        vectors, labels, attack, weights=weights, bias=np.zeros(1, np.float32), budget=budget
    )
    # 0.1 * (|2| + |-1|): down where the finding is there, up where not, nothing where unknown.
    assert (moved @ weights.T)[:, 0] == pytest.approx([-0.3, 0.3, 0.0], abs=1e-6)


def test_a_number_without_budget_stays() -> None:
    clean = torch.rand(2, 3)
    budget = torch.tensor([[0.0, 1.0, 0.0]])
    moved = fgsm(clean, wavy, budget=budget, low=clean - 1, high=clean + 1)
    assert torch.equal(moved[:, [0, 2]], clean[:, [0, 2]])
    assert not torch.equal(moved[:, 1], clean[:, 1])
