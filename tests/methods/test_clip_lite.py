"""CLIP-Lite: the released loss, its one negative, its adversary, and what one negative costs."""

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
from explorer.methods._prior import Discriminator, prior_loss, uniform_codes
from explorer.methods.clip_lite import CLIPLite, CLIPLiteOptions, next_negative
from explorer.methods.convirt import ConVIRT, ConVIRTOptions

from . import pairs
from .batches import SHAPES, make_batch

ORACLE = np.load(Path(__file__).parents[1] / "data" / "jsd_cliplite.npz")


def oracle(name: str) -> Tensor:
    return torch.tensor(ORACLE[name])


def build(*, shapes: Shapes = SHAPES, **options: object) -> CLIPLite:
    torch.manual_seed(0)
    return CLIPLite(CLIPLiteOptions(**options), shapes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scores() -> Tensor:
    """Of the paper's critic with the released weights: own text and the one rolled by -1."""
    method = build(critic="blocks", units=8, shapes=Shapes(dimension=6), prior=0.0).double()
    assert method.blocks is not None
    method.blocks[1] = type(method.blocks[0])(4, 8).double()  # the text is shorter there
    names = {
        "nonlinear.0": "feature_nonlinear__0",
        "nonlinear.1": "feature_nonlinear__1",
        "nonlinear.3": "feature_nonlinear__3",
        "shortcut": "feature_shortcut",
        "norm": "feature_block_ln",
    }
    with torch.no_grad():
        for block, side in zip(method.blocks, ("img", "text"), strict=True):
            for name, parameter in block.named_parameters():
                layer, _, kind = name.rpartition(".")
                key = f"w__global_d__{side}_block__{names[layer]}__{kind}"
                parameter.copy_(oracle(key))
        method.critic.log_scale.copy_(oracle("w__global_d__temperature"))
        rolled = (torch.arange(5) + 1) % 5
        return method.pair_scores(oracle("img"), oracle("txt"), rolled)


def test_scores_are_those_of_the_released_critic(scores: Tensor) -> None:
    torch.testing.assert_close(scores[:, 0], oracle("s_pos"), rtol=0, atol=1e-7)
    torch.testing.assert_close(scores[:, 1], oracle("s_neg"), rtol=0, atol=1e-7)


def test_loss_is_the_released_one(scores: Tensor) -> None:
    """.9 of the contrast and .1 of the prior; a constant critic costs 2 log 2, unshifted."""
    column = torch.tensor([True, False]).expand(5, 2)
    contrast = -bounds.jsd(scores, positive=column, negative=~column)
    assert contrast.item() == pytest.approx(float(ORACLE["cross_modal"]), abs=1e-7)
    prior = _told(oracle("d_prior"), oracle("d_img"))
    assert prior == pytest.approx(float(ORACLE["prior_loss"]), abs=1e-7)
    total = 0.9 * contrast.item() + 0.1 * prior
    assert total == pytest.approx(float(ORACLE["total"]), abs=1e-7)


def _told(samples: Tensor, codes: Tensor) -> float:
    """Prior loss of given probabilities, by a discriminator that only passes logits on."""

    class Passing(Discriminator):
        def forward(self, codes: Tensor) -> Tensor:
            return codes.squeeze(-1)

    return prior_loss(Passing(1), codes.logit(), samples.logit()).item()


def test_encoder_and_discriminator_play_against_each_other() -> None:
    """Codes are pulled to what passes for the prior; the discriminator to tell them apart."""
    torch.manual_seed(0)
    discriminator = Discriminator(3)
    codes, samples = torch.full((8, 3), 0.9, requires_grad=True), torch.rand(8, 3)
    prior_loss(discriminator, codes, samples).backward()
    before = discriminator(codes).mean()
    moved = discriminator((codes - 0.1 * codes.grad).detach()).mean()  # type: ignore[operator]
    assert moved > before
    cost = prior_loss(discriminator, codes.detach(), samples)
    cost.backward()
    with torch.no_grad():
        for p in discriminator.parameters():
            assert p.grad is not None
            p.sub_(1e-3 * p.grad)
    assert prior_loss(discriminator, codes.detach(), samples) < cost


def test_codes_of_uniform_vectors_are_uniform() -> None:
    draw = torch.Generator().manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(2_000, 64, generator=draw), dim=1)
    codes = uniform_codes(vectors)
    assert codes.mean().item() == pytest.approx(0.5, abs=0.01)
    assert codes.var().item() == pytest.approx(1 / 12, abs=0.003)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 7))
def test_the_negative_is_the_next_that_is_one(seed: int, count: int) -> None:
    negative = torch.tensor(np.random.default_rng(seed).random((count, count)) < 0.4)
    negative.fill_diagonal_(fill_value=False)
    column, present = next_negative(negative)
    for i in range(count):
        later = [(i + k) % count for k in range(1, count) if negative[i, (i + k) % count]]
        assert bool(present[i]) == bool(later)
        if later:
            assert int(column[i]) == later[0]


def test_only_two_scores_are_made_for_each_image() -> None:
    """Memory of order B: the table has two columns whatever the batch."""
    method = build()
    images, texts = torch.randn(9, 16), torch.randn(9, 16)
    assert method.pair_scores(images, texts, torch.arange(9)).shape == (9, 2)


@pytest.mark.parametrize("estimator", bounds.BOUND_NAMES)
@pytest.mark.parametrize("critic", ["projections", "blocks"])
def test_every_estimator_and_critic_trains(estimator: str, critic: str) -> None:
    batch = make_batch(images=4)
    batch.patches.requires_grad_()
    parts = build(estimator=estimator, critic=critic, units=16)(batch)
    assert set(parts) == {"contrast", "prior"}
    torch.stack(list(parts.values())).sum().backward()
    assert all(part.isfinite() for part in parts.values())
    assert batch.patches.grad is not None
    assert torch.isfinite(batch.patches.grad).all()


def test_a_critic_that_tells_nothing_costs_two_log_two() -> None:
    batch = make_batch(images=4)
    batch.patches.zero_()
    parts = build(prior=0.0)(batch)
    assert parts["contrast"].item() == pytest.approx(2 * math.log(2), abs=1e-5)


def test_a_step_of_one_study_is_refused_in_words() -> None:
    with pytest.raises(TrainingError, match="clip_lite needs reports of at least two studies"):
        build()(make_batch(images=1))


@pytest.mark.slow
def test_one_negative_comes_near_many_at_a_small_batch() -> None:
    """At 8 pairs a batch and equal samples: more than .75 of InfoNCE's recall, and not above it.

    The note these figures were first measured for has .85 and more in a toy of its own; here it is
    .80 to .86. "Better than CLIP", the paper's claim, did not reproduce in either.
    """
    lite = build(shapes=pairs.SHAPES, prior=0.0)
    many = ConVIRT(ConVIRTOptions(both_ways=0.5), pairs.SHAPES)
    found = [pairs.recall_at_1(m, seed=0, size=8, samples=24_000) for m in (lite, many)]
    assert 0.75 * found[1] < found[0] < found[1]


def test_one_negative_teaches_retrieval() -> None:
    method = build(shapes=pairs.SHAPES)
    assert pairs.recall_at_1(method, seed=0, size=32, samples=8_000, among=100) > 0.3
