"""Which sentences stand for a report, which pairs match, and the bound with its settings."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.errors import TrainingError
from explorer.methods import _bounds as bounds
from explorer.methods._reports import Estimate, EstimatorOptions, reports_of, starting_bias

from .batches import make_batch


def test_one_sentence_is_drawn_anew_each_step_and_again_in_a_resumed_run() -> None:
    batch = make_batch(images=6)
    drawn = [reports_of(replace(batch, seed=s), name="x", sentences=1).phrases for s in (1, 1, 2)]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()
    assert (batch.owner[drawn[0]] == torch.arange(6)).all()


def test_all_sentences_are_in_their_places() -> None:
    batch = make_batch(images=4)
    reports = reports_of(batch, name="x", sentences=0)
    used = reports.phrases[reports.place][reports.mask]
    assert sorted(used.tolist()) == batch.owned.tolist()
    assert (batch.owner[reports.phrases[reports.place]][2] == 2).all()


def test_a_report_that_says_the_same_is_a_negative_only_if_asked_for() -> None:
    batch = make_batch(images=3, sentences=1)
    same = replace(batch, text_id=torch.where(batch.owner == 1, batch.text_id[0], batch.text_id))
    masked = reports_of(same, name="x", sentences=0).negative
    assert not masked[0, 1]
    assert reports_of(same, name="x", sentences=0, same_text=False).negative[0, 1]


def test_no_two_different_reports_are_refused_in_words() -> None:
    batch = make_batch(images=3)
    with pytest.raises(TrainingError, match=r"gloria needs reports.*this one has 3 images and 0"):
        reports_of(
            replace(batch, owner=torch.full_like(batch.owner, -1)), name="gloria", sentences=1
        )


@pytest.mark.parametrize("name", bounds.BOUND_NAMES)
def test_estimate_is_the_bound_with_its_settings(name: str) -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    options = EstimatorOptions(estimator=name, alpha=0.3, clip=0.5)
    asked: dict[str, dict[str, Tensor | float]] = {
        "interpolated": {"alpha": 0.3},
        "smile": {"clip": 0.5},
    }
    expected = bounds.bound(name, scores, settings=asked.get(name))
    torch.testing.assert_close(Estimate(options)(scores), expected)


def test_a_learned_baseline_turns_tuba_into_donsker_varadhan() -> None:
    scores = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    estimate = Estimate(EstimatorOptions(estimator="tuba"))
    optimizer = torch.optim.Adam(estimate.parameters(), lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        (-estimate(scores)).backward()
        optimizer.step()
    torch.testing.assert_close(estimate(scores).detach(), bounds.dv(scores), rtol=0, atol=1e-3)


def test_bounds_that_exponentiate_begin_low() -> None:
    assert starting_bias("nwj", 0.1) == -10
    assert starting_bias("infonce", 0.1) == 0
