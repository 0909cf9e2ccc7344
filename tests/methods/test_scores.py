"""Poolings and bags against reference numbers; masks, padding, ragged bags, half precision."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from explorer.encoders import pooling as served
from explorer.methods import _scores as scores

ORACLE = np.load(Path(__file__).parents[1] / "data" / "mil_scores.npz")
LINE = torch.tensor(ORACLE["x"])
few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def draws(seed: int, *shape: int, scale: float = 1.0) -> Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape) * scale)


@pytest.mark.parametrize(
    ("name", "temperature", "key", "squashed"),
    [
        ("max", 1.0, "max_0", False),
        ("mean", 1.0, "mean_0", False),
        ("log-sum-exp", 2.0, "lse_0.5", False),
        ("log-sum-exp", 1.0, "lse_1.0", False),
        ("log-sum-exp", 0.2, "lse_5.0", False),
        ("log-sum-exp", 0.02, "lse_50.0", False),
        ("attention", 1.0, "softattn_1.0", False),
        ("attention", 0.25, "softattn_4.0", False),
        ("noisy-or", 1.0, "noisy_or_logit_0", False),
        ("noisy-or", 1.0, "noisy_or_0", True),
        ("isr", 1.0, "isr_0", True),
        ("generalised mean", 1 / 3, "gm_3.0", True),
    ],
)
def test_pooling_is_the_reference_one(
    name: str, temperature: float, key: str, squashed: bool
) -> None:
    found = scores.pool(LINE, name, temperature=temperature)
    found = found.sigmoid() if squashed else found
    assert found.item() == pytest.approx(float(ORACLE[f"pool_{key}"]), abs=1e-8)


@pytest.mark.parametrize("name", served.POOLING_NAMES)
def test_poolings_of_training_and_serving_are_one(name: str) -> None:
    table = draws(0, 4, 9)
    torch.testing.assert_close(
        scores.pool(table, name, temperature=0.7), served.pool(table, name, temperature=0.7)
    )


@pytest.mark.parametrize(
    ("regions", "sentences", "sharpness"),
    [
        ("max", "mean", 0.0),
        ("mean", "mean", 0.0),
        ("lse", "mean", 5.0),
        ("lse", "lse", 5.0),
        ("max", "max", 0.0),
        ("softattn", "mean", 4.0),
    ],
)
def test_bags_are_the_reference_ones(regions: str, sentences: str, sharpness: float) -> None:
    """Regions first, then the sentences there are (3, 2, 1, 3 of 3)."""
    key = f"bag_{regions}_{sentences}_{sharpness:g}" + (".0" if sharpness else "")
    names = {"lse": "log-sum-exp", "softattn": "attention"}
    temperature = 1 / sharpness if sharpness else 1.0
    image, text = (F.normalize(torch.tensor(ORACLE[k]), dim=-1) for k in ("img", "txt"))
    table = scores.similarities(image, text.flatten(0, 1))
    pooled = scores.pool(table, names.get(regions, regions), temperature=temperature)
    found = scores.bag_scores(
        pooled,
        torch.arange(12).view(4, 3),
        torch.arange(3) < torch.tensor(ORACLE["lens"])[:, None],
        name=names.get(sentences, sentences),
        temperature=temperature,
    )
    torch.testing.assert_close(found, torch.tensor(ORACLE[key]), rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", scores.POOLING_NAMES)
@few
@given(seed=seeds, number=st.integers(1, 7), more=st.integers(0, 4))
def test_padding_and_order_do_not_matter(name: str, seed: int, number: int, more: int) -> None:
    bag = draws(seed, 3, number)
    padded = torch.cat([bag, draws(seed + 1, 3, more, scale=30)], -1)
    mask = torch.arange(number + more) < number
    order = torch.tensor(np.random.default_rng(seed).permutation(number + more))
    found = scores.pool(padded[:, order], name, mask=mask[order], temperature=0.5)
    torch.testing.assert_close(found, scores.pool(bag, name, temperature=0.5))


@few
@given(seed=seeds, number=st.integers(1, 12), temperature=st.floats(0.05, 20))
def test_log_sum_exp_lies_between_mean_and_max(seed: int, number: int, temperature: float) -> None:
    bag = draws(seed, number, scale=3)
    mean, between, most = (
        scores.pool(bag, n, temperature=temperature).item() for n in ("mean", "log-sum-exp", "max")
    )
    assert mean - 1e-9 <= between <= most + 1e-9


def test_log_sum_exp_ends_at_mean_and_max() -> None:
    for temperature, name in ((1e6, "mean"), (1e-4, "max")):
        found = scores.pool(LINE, "log-sum-exp", temperature=temperature)
        assert found.item() == pytest.approx(scores.pool(LINE, name).item(), abs=1e-3)


@pytest.mark.parametrize("name", [n for n in scores.POOLING_NAMES if n not in ("noisy-or", "isr")])
def test_a_region_said_twice_changes_no_average(name: str) -> None:
    """Duplicated members leave means and maxima as they are; noisy-or and isr count them."""
    found = scores.pool(torch.cat([LINE, LINE]), name, temperature=0.5)
    torch.testing.assert_close(found, scores.pool(LINE, name, temperature=0.5))


@pytest.mark.parametrize("name", scores.POOLING_NAMES)
def test_a_bag_of_one_is_its_member(name: str) -> None:
    found = scores.pool(torch.tensor([-3.0, 0.4, 5.0]).double()[:, None], name, temperature=0.7)
    torch.testing.assert_close(found, torch.tensor([-3.0, 0.4, 5.0]).double())


@pytest.mark.parametrize("name", scores.POOLING_NAMES)
def test_an_empty_bag_is_finite_and_pulls_at_nothing(name: str) -> None:
    bag = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    mask = torch.tensor([[False, False], [True, False]])
    found = scores.pool(bag, name, mask=mask)
    assert torch.isfinite(found).all()
    found.sum().backward()
    assert bag.grad is not None
    assert bag.grad[0].abs().max() == 0
    assert torch.isfinite(bag.grad).all()


@pytest.mark.parametrize("name", scores.POOLING_NAMES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("scale", [1, 200])
def test_half_precision_is_that_of_its_numbers(name: str, dtype: torch.dtype, scale: int) -> None:
    bag = (draws(5, 4, 6) * scale).to(dtype).requires_grad_()
    found = scores.pool(bag, name, temperature=0.1)
    exact = scores.pool(bag.detach().double(), name, temperature=0.1)
    torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-3)
    found.sum().backward()
    assert bag.grad is not None
    assert torch.isfinite(bag.grad).all()


@pytest.mark.parametrize("name", ["noisy-or", "generalised mean"])
@pytest.mark.parametrize("level", [-60.0, -25.0, 25.0])
def test_far_scores_still_pull(name: str, level: float) -> None:
    bag = torch.full((4,), level, requires_grad=True)
    scores.pool(bag, name).backward()
    assert bag.grad is not None
    assert bag.grad.sum().item() > 0.2


def test_learned_weights_pool_the_members_in_the_bag() -> None:
    bag, weights = torch.tensor([2.0, 4.0, 99.0]), torch.tensor([0.0, np.log(3.0), 50.0])
    found = scores.pool_weighted(bag, weights, torch.tensor([True, True, False]))
    assert found.item() == pytest.approx(0.25 * 2 + 0.75 * 4)


def test_unknown_pooling_and_temperature_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'median'. Available: max, mean"):
        scores.pool(LINE, "median")
    with pytest.raises(ValueError, match=r"positive, got 0"):
        scores.pool(LINE, "max", temperature=0)


def test_coarse_regions_are_block_means() -> None:
    grid = torch.arange(16.0).view(1, 4, 4, 1)
    found = scores.coarse(grid, 2)
    assert found[0, :, 0].tolist() == [2.5, 4.5, 10.5, 12.5]
    assert scores.coarse(grid, 8).shape == (1, 16, 1)


# --- bags and negatives ---------------------------------------------------------------------


def test_one_sentence_is_drawn_fairly_and_never_from_padding() -> None:
    index = torch.tensor([[0, 1, 2], [3, 9, 9], [9, 9, 9]])
    mask = torch.tensor([[True, True, True], [True, False, False], [False, False, False]])
    draws_of = torch.Generator().manual_seed(0)
    seen = torch.stack(
        [scores.pick(index, mask, count=1, generator=draws_of)[0] for _ in range(600)]
    )
    share = torch.bincount(seen[:, 0, 0], minlength=3) / 600
    assert share.min() > 0.27
    assert (seen[:, 1] == 3).all()
    assert scores.pick(index, mask, count=1)[1].tolist() == [[True], [True], [False]]


def test_several_sentences_are_drawn_without_replacement() -> None:
    index = torch.tensor([[0, 1, 2], [3, 9, 9]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    found, there = scores.pick(index, mask, count=2)
    assert there.tolist() == [[True, True], [True, False]]
    assert len(set(found[0].tolist())) == 2
    everything, _ = scores.pick(index, mask, count=9)
    assert sorted(everything[0].tolist()) == [0, 1, 2]


def test_negatives_are_of_other_studies_and_other_words() -> None:
    """Images 0 and 1 are one study; phrase 3 of image 2 says what phrase 0 of image 0 says."""
    owner = torch.tensor([0, 1, 2, 2, -1])
    study = torch.tensor([7, 7, 8])
    text = torch.tensor([10, 11, 12, 10, 13])
    found = scores.phrase_negatives(owner, study, text)
    assert found.tolist() == [
        [False, False, True, False, False],
        [False, False, True, False, False],
        [False, True, False, False, False],
    ]


def test_a_report_is_a_negative_if_one_sentence_is() -> None:
    negative = torch.tensor([[False, False, True, True], [True, False, False, False]])
    index, mask = torch.tensor([[0, 1], [2, 0]]), torch.tensor([[True, True], [True, False]])
    found = scores.bag_negatives(negative, index, mask)
    assert found.tolist() == [[False, True], [True, False]]


@few
@given(seed=seeds, images=st.integers(1, 5), phrases=st.integers(1, 9))
def test_negatives_are_those_of_a_slow_loop(seed: int, images: int, phrases: int) -> None:
    rng = np.random.default_rng(seed)
    owner = torch.tensor(rng.integers(-1, images, phrases))
    study = torch.tensor(rng.integers(0, 3, images))
    text = torch.tensor(rng.integers(0, 4, phrases))
    found = scores.phrase_negatives(owner, study, text)
    for b in range(images):
        said = {
            int(text[q]) for q in range(phrases) if owner[q] >= 0 and study[owner[q]] == study[b]
        }
        for p in range(phrases):
            other = owner[p] >= 0 and study[owner[p]] != study[b]
            assert bool(found[b, p]) == bool(other and int(text[p]) not in said)
