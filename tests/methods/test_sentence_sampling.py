"""Sentence sampling: the derived loss, a capped pair is left in peace, and sampling that helps."""

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
from explorer.methods._scores import pick
from explorer.methods.sentence_sampling import SentenceSampling, SentenceSamplingOptions, relax

from . import pairs
from .batches import SHAPES, make_batch

ORACLE = np.load(Path(__file__).parents[1] / "data" / "jang_relaxation.npz")
EYE = torch.eye(5, dtype=torch.bool)


def oracle(name: str) -> Tensor:
    return torch.tensor(ORACLE[name])


def build(*, shapes: Shapes = SHAPES, **options: object) -> SentenceSampling:
    torch.manual_seed(0)
    return SentenceSampling(SentenceSamplingOptions(**options), shapes)  # type: ignore[arg-type]


def test_loss_is_the_derived_one_at_all_caps_and_slopes() -> None:
    for row in ORACLE["tau_cap_slope_i2t_t2i_mean"]:
        temperature, cap, slope, *expected = row
        scores = relax(oracle("cos"), EYE, cap=cap, slope=slope) / temperature
        for share, value in zip((1.0, 0.0, 0.5), expected, strict=True):
            found = math.log(5) - bounds.bound("infonce", scores, both_ways=share).item()
            assert found == pytest.approx(value, abs=1e-9)


def test_gradient_is_the_derived_one() -> None:
    cosines = oracle("cos").requires_grad_()
    scores = relax(cosines, EYE, cap=0.7) / 0.07
    (-bounds.bound("infonce", scores, both_ways=0.5)).backward()
    expected = oracle("grad_cos_cap0.7_tau0.07")
    torch.testing.assert_close(cosines.grad, expected, rtol=0, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cap=st.floats(-0.5, 1))
def test_a_pair_above_the_cap_is_left_in_peace(seed: int, cap: float) -> None:
    """Its gradient is 0; below the cap, and at cap 1, the loss is CLIP's."""
    cosines = torch.tensor(np.random.default_rng(seed).uniform(-1, 1, (5, 5)), requires_grad=True)
    bounds.infonce(relax(cosines, EYE, cap=cap) / 0.1).backward()
    assert cosines.grad is not None
    above = cosines.diagonal() > cap
    assert (cosines.grad.diagonal()[above] == 0).all()
    assert (cosines.grad.diagonal()[~above] > 0).all()
    torch.testing.assert_close(relax(cosines, EYE, cap=1.0), cosines)


def test_drawn_sentences_cover_a_report_as_often_as_they_should() -> None:
    """Share of reports of n sentences in which a given one was drawn after E epochs of k."""
    draw = torch.Generator().manual_seed(0)
    for n, k, epochs, expected in ORACLE["coverage_n_k_E_prob"]:
        n, k, epochs = int(n), int(k), int(epochs)
        index = torch.arange(n).expand(3_000 * epochs, n)
        found, _ = pick(index, torch.ones_like(index, dtype=torch.bool), count=k, generator=draw)
        seen = (found == 0).any(1).view(3_000, epochs).any(1).float().mean().item()
        assert seen == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("estimator", bounds.BOUND_NAMES)
def test_every_estimator_trains(estimator: str) -> None:
    batch = make_batch(images=4)
    batch.patches.requires_grad_()
    (loss,) = build(estimator=estimator)(batch).values()
    loss.backward()
    assert loss.isfinite()
    assert batch.patches.grad is not None
    assert batch.patches.grad.abs().sum() > 0


def test_the_cap_of_the_options_is_used() -> None:
    batch = make_batch(images=4)
    low, none = build(cap=-1.0)(batch)["contrast"], build(cap=1.0)(batch)["contrast"]
    assert low > none


def test_a_step_of_one_study_is_refused_in_words() -> None:
    with pytest.raises(TrainingError, match="sentence_sampling needs reports of at least two"):
        build()(make_batch(images=1))


def gain(*, seed: int, cap: float) -> tuple[float, float]:
    """Zero-shot AUROC of one sampled sentence with this cap, and above that of whole reports."""
    one, whole = (
        pairs.zero_shot_auroc(
            build(shapes=pairs.SHAPES, cap=c), seed=seed, steps=300, whole=together
        )
        for c, together in ((cap, False), (1.0, True))
    )
    return one, one - whole


def test_one_sampled_sentence_beats_whole_reports() -> None:
    """Where the encoder reads a report as one text."""
    assert gain(seed=0, cap=1.0)[1] >= 0.05


@pytest.mark.slow
def test_sampling_helps_on_three_seeds_and_the_cap_changes_nothing() -> None:
    for seed in (0, 1, 2):
        plain, above = gain(seed=seed, cap=1.0)
        assert above >= 0.05
        assert gain(seed=seed, cap=0.6)[0] == pytest.approx(plain, abs=0.01)
