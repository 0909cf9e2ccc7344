"""Pooling of region scores: published numbers, order, limits, and cases done by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.encoders.pooling import POOLING_NAMES, pool
from explorer.encoders.projection import region_sentence_scores

ORACLE = np.load(Path(__file__).parents[1] / "data" / "mil_scores.npz")
LIAO = np.load(Path(__file__).parents[1] / "data" / "local_mi_liao.npz")
X = torch.from_numpy(ORACLE["x"])


def expected(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


def test_the_oracle_means_log_mean_exp() -> None:
    assert "log MEAN exp" in json.loads(str(ORACLE["meta"]))["convention"]


@pytest.mark.parametrize(
    ("name", "temperature", "key"),
    [
        ("max", 1.0, "pool_max_0"),
        ("mean", 1.0, "pool_mean_0"),
        ("log-sum-exp", 2.0, "pool_lse_0.5"),
        ("log-sum-exp", 1.0, "pool_lse_1.0"),
        ("log-sum-exp", 0.2, "pool_lse_5.0"),
        ("log-sum-exp", 0.02, "pool_lse_50.0"),
        ("attention", 1.0, "pool_softattn_1.0"),
        ("attention", 0.25, "pool_softattn_4.0"),
        ("noisy-or", 1.0, "pool_noisy_or_logit_0"),
    ],
)
def test_pools_give_the_reference_values(name: str, temperature: float, key: str) -> None:
    torch.testing.assert_close(pool(X, name, temperature=temperature), expected(key))


def liao_critic(pairs: Tensor) -> Tensor:
    """The concatenation critic that the reference numbers were made with: (..., 7) to (...)."""
    for layer in (0, 2, 4):
        weight, bias = (torch.from_numpy(LIAO[f"mlp_{i}"]) for i in (layer, layer + 1))
        pairs = pairs @ weight.T + bias
        pairs = torch.relu(pairs) if layer < 4 else pairs
    return pairs[..., 0]


@pytest.mark.parametrize("name", ["max", "mean"])
def test_pooled_regions_make_the_bags_of_liao(name: str) -> None:
    """Bag (i, j): the pooled score of image i for a sentence, averaged over the report of j."""
    regions = torch.from_numpy(LIAO["I"])
    bags = torch.empty(5, 5, dtype=torch.float64)
    for i, j in np.ndindex(5, 5):
        said = torch.from_numpy(LIAO["T"][j, : LIAO["lens"][j]])
        shape = (len(said), regions.shape[1], -1)
        pairs = torch.cat([regions[i].expand(shape), said[:, None].expand(shape)], dim=-1)
        bags[i, j] = pool(liao_critic(pairs), name).mean()
    torch.testing.assert_close(bags, torch.from_numpy(LIAO[f"bag_{name}"]))


def test_noisy_or_is_the_logit_of_its_probability() -> None:
    torch.testing.assert_close(torch.sigmoid(pool(X, "noisy-or")), expected("pool_noisy_or_0"))


@pytest.mark.parametrize(
    ("name", "temperature", "key"),
    [
        ("max", 1.0, "bag_max_mean_0"),
        ("mean", 1.0, "bag_mean_mean_0"),
        ("log-sum-exp", 0.2, "bag_lse_mean_5.0"),
        ("attention", 0.25, "bag_softattn_mean_4.0"),
    ],
)
def test_region_sentence_scores_pool_to_the_reference_bags(
    name: str, temperature: float, key: str
) -> None:
    """Entry (i, j): regions of image i pooled for each sentence of report j, then the mean."""
    regions, sentences = expected("img"), expected("txt")
    regions = regions / regions.norm(dim=-1, keepdim=True)
    sentences = sentences / sentences.norm(dim=-1, keepdim=True)
    grid = regions.reshape(4, 2, 3, 5)
    columns = []
    for j, length in enumerate(ORACLE["lens"]):
        scores = region_sentence_scores(grid, sentences[j, :length]).flatten(2)
        columns.append(pool(scores, name, temperature=temperature).mean(1))
    torch.testing.assert_close(torch.stack(columns, 1), expected(key))


def test_max_is_above_log_sum_exp_above_mean() -> None:
    scores = torch.randn(50, 9, generator=torch.Generator().manual_seed(0))
    for temperature in (0.1, 1.0, 10.0):
        middle = pool(scores, "log-sum-exp", temperature=temperature)
        assert (pool(scores, "max") >= middle).all()
        assert (middle >= pool(scores, "mean") - 1e-5).all()


@pytest.mark.parametrize("name", ["log-sum-exp", "attention"])
def test_limits_are_max_when_cold_and_mean_when_hot(name: str) -> None:
    torch.testing.assert_close(pool(X, name, temperature=1e-4), pool(X, "max"), atol=1e-3, rtol=0)
    torch.testing.assert_close(pool(X, name, temperature=1e4), pool(X, "mean"), atol=1e-3, rtol=0)


def test_log_sum_exp_by_hand() -> None:
    """Log of the mean of exp(log 2) = 2 and exp(log 4) = 4 is log 3."""
    scores = torch.tensor([math.log(2), math.log(4)])
    assert pool(scores, "log-sum-exp").item() == pytest.approx(math.log(3))


def test_attention_by_hand() -> None:
    """Scores 0 and log 3 get weights 1/4 and 3/4."""
    scores = torch.tensor([0.0, math.log(3)])
    assert pool(scores, "attention").item() == pytest.approx(0.75 * math.log(3))


def test_noisy_or_by_hand() -> None:
    """Probabilities 1/2 and 2/3: none with 1/6, so any with 5/6, whose logit is log 5."""
    scores = torch.tensor([0.0, math.log(2)])
    assert pool(scores, "noisy-or").item() == pytest.approx(math.log(5), rel=1e-5)
    doubled = pool(2 * scores, "noisy-or", temperature=2.0)
    assert doubled.item() == pytest.approx(2 * math.log(5), rel=1e-5)


@pytest.mark.parametrize("name", POOLING_NAMES)
def test_order_of_regions_does_not_matter_and_extremes_stay_finite(name: str) -> None:
    torch.testing.assert_close(pool(X, name), pool(X.flip(0), name))
    assert torch.isfinite(pool(torch.tensor([-80.0, 80.0]), name))
    assert torch.isfinite(pool(torch.full((6400,), -60.0), name))
    assert pool(torch.zeros(2, 3, 4), name).shape == (2, 3)


@pytest.mark.parametrize("name", POOLING_NAMES)
def test_one_region_is_its_own_pool(name: str) -> None:
    torch.testing.assert_close(pool(torch.tensor([[0.7]]), name), torch.tensor([0.7]))


def test_wrong_choices_are_named() -> None:
    with pytest.raises(ValueError, match=r"Unknown pooling 'sum'\. Available: max, mean"):
        pool(X, "sum")
    with pytest.raises(ValueError, match="temperature must be positive, got 0"):
        pool(X, "max", temperature=0.0)
