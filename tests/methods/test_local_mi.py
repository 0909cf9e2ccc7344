"""Local MI: the released global loss and the derived local tables, and local above global."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.errors import TrainingError
from explorer.methods import _bounds as bounds
from explorer.methods._base import Shapes
from explorer.methods._critics import ConcatCritic
from explorer.methods._reports import reports_of
from explorer.methods.local_mi import LocalMI, LocalMIOptions, image_report_scores

from . import bags
from .batches import SHAPES, make_batch

ORACLE = np.load(Path(__file__).parents[1] / "data" / "local_mi_liao.npz")


def oracle(name: str) -> Tensor:
    return torch.tensor(ORACLE[name])


@pytest.fixture(scope="module")
def critic() -> ConcatCritic:
    critic = ConcatCritic(3, 4, (6, 5)).double().requires_grad_(requires_grad=False)
    for i, layer in enumerate((critic.first, *critic.rest)):
        layer.weight.copy_(oracle(f"mlp_{2 * i}"))
        layer.bias.copy_(oracle(f"mlp_{2 * i + 1}"))
    return critic


@pytest.fixture(scope="module")
def other_study() -> Tensor:
    return oracle("study")[:, None] != oracle("study")


def test_global_loss_is_the_released_one(critic: ConcatCritic, other_study: Tensor) -> None:
    scores = critic(oracle("zi"), oracle("zt"))
    torch.testing.assert_close(scores.diag(), oracle("pos"), rtol=0, atol=1e-8)
    negatives = scores[other_study].sort().values
    torch.testing.assert_close(negatives, oracle("neg_sorted"), rtol=0, atol=1e-8)
    found = -bounds.dv(scores, negative=other_study).item()
    # The released code takes log N in float32.
    assert found == pytest.approx(float(ORACLE["dv_loss"]), abs=1e-7)
    assert found + math.log(18) == pytest.approx(float(ORACLE["infonce_loss"]), abs=1e-8)


@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_local_tables_are_the_derived_ones(
    critic: ConcatCritic, other_study: Tensor, pooling: str
) -> None:
    image, text = oracle("I"), oracle("T")
    scores = critic(image.flatten(0, 1), text.flatten(0, 1)).unflatten(0, (5, 4)).mT
    mask = torch.arange(3) < oracle("lens")[:, None]
    table = image_report_scores(scores, torch.arange(15).view(5, 3), mask, pooling=pooling)
    torch.testing.assert_close(table, oracle(f"bag_{pooling}"), rtol=0, atol=1e-8)
    dv = bounds.dv(table, negative=other_study).item()
    jsd = bounds.jsd(table, negative=other_study).item()
    assert dv == pytest.approx(float(ORACLE[f"bag_{pooling}_dv"]), abs=1e-8)
    assert dv - math.log(18) == pytest.approx(float(ORACLE[f"bag_{pooling}_nce"]), abs=1e-8)
    assert jsd == pytest.approx(float(ORACLE[f"bag_{pooling}_jsd"]), abs=1e-8)


def test_the_table_of_every_region_and_sentence_is_the_derived_one(
    critic: ConcatCritic, other_study: Tensor
) -> None:
    """MI of region n and the m-th sentence, over reports that have so many: a batch of tables."""
    image, text = oracle("I"), oracle("T")
    scores = critic(image.flatten(0, 1), text.flatten(0, 1)).view(5, 4, 5, 3)
    slots = scores.permute(1, 3, 0, 2)  # (R, S, B, B)
    there = (torch.arange(3)[:, None] < oracle("lens"))[:, None]  # (S, 1, B)
    both = there & there.mT
    positive, negative = torch.eye(5, dtype=torch.bool) & both, other_study & both
    for name, estimate in (("dv", bounds.dv), ("jsd", bounds.jsd)):
        found = estimate(slots, positive=positive, negative=negative)
        torch.testing.assert_close(found, oracle(f"slot_MI_{name}"), rtol=0, atol=1e-8)


def build(*, shapes: Shapes = SHAPES, **options: object) -> LocalMI:
    torch.manual_seed(0)
    return LocalMI(LocalMIOptions(**options), shapes)  # type: ignore[arg-type]


@pytest.mark.parametrize("estimator", bounds.BOUND_NAMES)
@pytest.mark.parametrize("critic", ["dot", "concat"])
def test_every_estimator_and_critic_trains(estimator: str, critic: str) -> None:
    batch = make_batch(images=4)
    batch.patches.requires_grad_()
    method = build(estimator=estimator, critic=critic, side=2, hidden=8)
    (loss,) = method(batch).values()
    loss.backward()
    assert loss.isfinite()
    assert batch.patches.grad is not None
    assert batch.patches.grad.abs().sum() > 0


def test_only_the_best_region_of_a_sentence_is_pulled() -> None:
    """One way: with max, an image has as many pulled regions as there are sentences in the step."""
    batch = make_batch(images=4)
    batch.patches.requires_grad_()
    (loss,) = build()(batch).values()
    loss.backward()
    assert batch.patches.grad is not None
    pulled = (batch.patches.grad.flatten(1, 2).abs().sum(2) > 1e-9).sum(1)
    assert (pulled <= 4).all()
    assert (pulled >= 1).all()


def test_the_global_twin_pulls_all_regions() -> None:
    batch = make_batch(images=4)
    batch.patches.requires_grad_()
    (loss,) = build(level="global")(batch).values()
    loss.backward()
    assert batch.patches.grad is not None
    assert (batch.patches.grad.abs().sum(3) > 0).all()


def test_images_of_one_study_are_no_negatives_of_each_other() -> None:
    """Image 0 and report 1 are of one study: no negatives; of two, they are."""
    batch = make_batch(images=4)
    batch = replace(batch, text_id=torch.arange(len(batch.owner)))
    method = build(sentences=0)
    costs = {}
    for study in ([0, 0, 1, 2], [0, 1, 2, 3]):
        step = replace(batch, study=torch.tensor(study))
        reports = reports_of(step, name="x", sentences=0)
        assert bool(reports.negative[0, 1]) == (study[1] == 1)
        (loss,) = method(step).values()
        costs[study[1]] = loss.item()
    assert costs[0] != costs[1]


def test_a_step_of_one_study_is_refused_in_words() -> None:
    with pytest.raises(TrainingError, match="local_mi needs reports of at least two studies"):
        build()(make_batch(images=1))


def test_images_without_a_sentence_are_left_out() -> None:
    """They may stand in a step: an image that nobody speaks of is a negative and no positive."""
    batch = make_batch(images=4)
    quiet = replace(batch, owner=batch.owner.where(batch.owner != 2, -1))
    (loss,) = build(sentences=0)(quiet).values()
    assert loss.isfinite()


@pytest.mark.parametrize("sentences", [1, 3])
@pytest.mark.parametrize("grid", [1, 4])
def test_bags_of_one_region_or_one_sentence(sentences: int, grid: int) -> None:
    batch = make_batch(images=5, sentences=sentences)
    batch = replace(batch, patches=batch.patches[:, :grid, :grid])
    (loss,) = build(sentences=0)(batch).values()
    assert loss.isfinite()
    assert -loss <= math.log(5) + 1e-6


def gain(*, seed: int, steps: int, rate: float) -> float:
    """Pointing accuracy of local max above that of the global twin, on the same studies."""
    found = {}
    for level in ("local", "global"):
        method = build(shapes=bags.SHAPES, level=level)
        towers, more = bags.learn(method, seed=seed, steps=steps, rate=rate)
        found[level] = bags.pointing(towers, more(500), method.scores)
    return found["local"] - found["global"]


def test_local_points_better_than_global() -> None:
    assert gain(seed=1, steps=200, rate=2e-2) >= 0.08


@pytest.mark.slow
def test_local_points_better_than_global_on_three_seeds() -> None:
    for seed in (0, 1, 2):
        assert gain(seed=seed, steps=600, rate=1e-2) >= 0.08
