"""ConVIRT: the published loss and its gradients, masks, and retrieval far above chance."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from explorer.errors import TrainingError
from explorer.methods import _bounds as bounds
from explorer.methods._base import Shapes
from explorer.methods.convirt import ConVIRT, ConVIRTOptions, convirt_bound

from . import pairs
from .batches import SHAPES, make_batch

ORACLE = np.load(Path(__file__).parents[1] / "data" / "infonce_bidirectional.npz")


def oracle(name: str) -> Tensor:
    return torch.tensor(ORACLE[name])


def build(*, shapes: Shapes = SHAPES, **options: object) -> ConVIRT:
    torch.manual_seed(0)
    return ConVIRT(ConVIRTOptions(**options), shapes)  # type: ignore[arg-type]


def test_loss_is_the_published_one_but_for_log_k() -> None:
    for temperature, weight, to_text, to_image, total in ORACLE["table_tau_lam_v2u_u2v_total"]:
        for share, expected in ((weight, total), (1.0, to_text), (0.0, to_image)):
            found = convirt_bound(oracle("v"), oracle("u"), temperature=temperature, weight=share)
            assert math.log(6) - found.item() == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("temperature", [0.1, 0.07, 0.5])
def test_gradients_are_the_published_ones(temperature: float) -> None:
    v, u = oracle("v").requires_grad_(), oracle("u").requires_grad_()
    (-convirt_bound(v, u, temperature=temperature, weight=0.75)).backward()
    for leaf, name in ((v, "v"), (u, "u")):
        expected = oracle(f"grad_{name}_tau{temperature}")
        torch.testing.assert_close(leaf.grad, expected, rtol=0, atol=1e-8)


def test_pairs_of_one_study_are_dropped_as_in_the_reference() -> None:
    negative = oracle("group")[:, None] != oracle("group")
    log_k = torch.log1p(negative.sum(1).double()).mean()
    expected = oracle("masked_v2u_u2v_total_tau0.1_lam0.75")
    for weight, value in ((1.0, expected[0]), (0.0, expected[1]), (0.75, expected[2])):
        found = convirt_bound(oracle("v"), oracle("u"), weight=weight, negative=negative)
        torch.testing.assert_close(log_k - found, value, rtol=0, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(2, 6))
def test_a_pair_said_twice_costs_at_most_log_2(seed: int, k: int) -> None:
    """Duplicates are false negatives; masked out, they cost nothing."""
    rng = np.random.default_rng(seed)
    v, u = (torch.tensor(rng.normal(size=(k, 4))) for _ in range(2))
    twice = [torch.cat([x, x]) for x in (v, u)]
    same = torch.arange(k).repeat(2)
    masked = convirt_bound(twice[0], twice[1], negative=same[:, None] != same)
    plain = convirt_bound(v, u)
    # Each row meets every negative twice: at most log 2 of difference beside log K.
    assert masked.item() == pytest.approx(plain.item(), abs=math.log(2) + 1e-6)
    assert convirt_bound(twice[0], twice[1]) <= math.log(k) + 1e-9


def test_the_method_minimises_the_pure_function() -> None:
    """On a step with one sentence a report and no repeated words."""
    batch = make_batch(images=5, sentences=1)
    batch.text_id[:] = torch.arange(len(batch.owner))
    (found,) = build()(batch).values()
    images, texts = batch.patches.mean((1, 2)), batch.phrases[:5]
    torch.testing.assert_close(found, -convirt_bound(images, texts))


@pytest.mark.parametrize("estimator", bounds.BOUND_NAMES)
def test_every_estimator_trains(estimator: str) -> None:
    batch = make_batch(images=4)
    batch.patches.requires_grad_()
    method = build(estimator=estimator)
    (loss,) = method(batch).values()
    loss.backward()
    assert loss.isfinite()
    assert batch.patches.grad is not None
    assert batch.patches.grad.abs().sum() > 0
    learned = any(p.requires_grad for p in method.critic.parameters())
    assert learned == (estimator != "infonce")


def test_a_step_of_one_study_is_refused_in_words() -> None:
    with pytest.raises(TrainingError, match="convirt needs reports of at least two studies"):
        build()(make_batch(images=1))


def test_retrieval_is_far_above_chance() -> None:
    method = build(shapes=pairs.SHAPES, both_ways=0.5)
    assert pairs.recall_at_1(method, seed=0, size=32, samples=8_000, among=100) > 0.5
