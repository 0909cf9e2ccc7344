"""Each bound against published numbers, its limits, and what masks and half precision must do."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from explorer.errors import TrainingError
from explorer.methods import _bounds as bounds

DATA = Path(__file__).parents[1] / "data"
ORACLE = np.load(DATA / "mi_bounds.npz")
GAUSSIAN = np.load(DATA / "gaussian_bounds_optimal_critic.npz")["table"]
SCORES = torch.tensor(ORACLE["scores"])
BASELINE = torch.tensor(ORACLE["log_baseline"])
TOLERANCE = 1e-8
few = settings(max_examples=15, deadline=None)

PUBLISHED: dict[str, Callable[[Tensor], Tensor]] = {
    "infonce": bounds.infonce,
    "dv": bounds.dv,
    "nwj": bounds.nwj,
    "tuba": partial(bounds.tuba, log_baseline=BASELINE),
    "js_fgan": bounds.jsd,
    "smile_clip1": partial(bounds.smile, clip=1.0),
    "smile_clip5": partial(bounds.smile, clip=5.0),
}
NEEDS_NEGATIVES = [n for n in bounds.BOUND_NAMES if n != "infonce"]


def scores_of(seed: int, *shape: int, scale: float = 1.0) -> Tensor:
    draws = np.random.default_rng(seed).normal(size=shape) * scale
    return torch.tensor(draws)


@pytest.mark.parametrize("name", PUBLISHED)
def test_value_is_the_published_one(name: str) -> None:
    assert PUBLISHED[name](SCORES).item() == pytest.approx(float(ORACLE[name]), abs=TOLERANCE)


@pytest.mark.parametrize("name", ["infonce", "dv", "nwj", "tuba", "js_fgan"])
def test_gradient_is_the_published_one(name: str) -> None:
    scores = SCORES.clone().requires_grad_()
    PUBLISHED[name](scores).backward()
    torch.testing.assert_close(scores.grad, torch.tensor(ORACLE[f"grad_{name}"]), rtol=0, atol=1e-8)


def test_interpolated_is_the_published_one_at_seven_alphas() -> None:
    for logit, expected in zip(ORACLE["alpha_logit"], ORACLE["interpolated"], strict=True):
        alpha = 1 / (1 + math.exp(-logit))
        found = bounds.interpolated(SCORES, alpha=alpha, log_baseline=BASELINE)
        assert found.item() == pytest.approx(expected, abs=TOLERANCE)


def test_interpolated_ends_at_tuba_and_at_leave_one_out() -> None:
    """The limits of alpha, which the authors' docstring has the wrong way round."""
    at_zero = bounds.interpolated(SCORES, alpha=0.0, log_baseline=BASELINE)
    torch.testing.assert_close(at_zero, bounds.tuba(SCORES, log_baseline=BASELINE))
    at_one = bounds.interpolated(SCORES, alpha=1.0, log_baseline=BASELINE)
    assert at_one.item() == pytest.approx(float(ORACLE["interp_alpha1_slow"]), abs=TOLERANCE)


def test_infonce_by_hand() -> None:
    """Two pairs, 1 ahead: log 2 + 1 - log(e + 1)."""
    found = bounds.infonce(torch.eye(2))
    assert found.item() == pytest.approx(math.log(2) + 1 - math.log(math.e + 1))


def test_a_baseline_belongs_to_its_row() -> None:
    """A row's scores and baseline moved together change nothing; a public port has columns."""
    shift = torch.arange(7.0, dtype=torch.float64) / 5
    moved = bounds.tuba(SCORES + shift[:, None], log_baseline=BASELINE + shift)
    torch.testing.assert_close(moved, bounds.tuba(SCORES, log_baseline=BASELINE))


def test_js_nwj_has_the_gradient_of_one_and_the_value_of_the_other() -> None:
    one, other = SCORES.clone().requires_grad_(), SCORES.clone().requires_grad_()
    found = bounds.js_nwj(one)
    found.backward()
    bounds.jsd(other).backward()
    torch.testing.assert_close(one.grad, other.grad)
    torch.testing.assert_close(found.detach(), bounds.nwj(SCORES + 1))


@few
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.floats(0.01, 30))
def test_infonce_never_exceeds_log_k(seed: int, k: int, scale: float) -> None:
    assert bounds.infonce(scores_of(seed, k, k, scale=scale)).item() <= math.log(k) + 1e-12


@few
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.floats(0.05, 1.0))
def test_interpolated_never_exceeds_its_cap(seed: int, k: int, alpha: float) -> None:
    scores = scores_of(seed, k, k, scale=20)
    cap = 1 + math.log((k - 1) / alpha)
    assert bounds.interpolated(scores, alpha=alpha).item() <= cap + 1e-9


@pytest.mark.parametrize("name", bounds.BOUND_NAMES)
@few
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(2, 6), more=st.integers(1, 3))
def test_masked_rows_and_columns_count_nowhere(name: str, seed: int, k: int, more: int) -> None:
    """A table with padding, whatever stands in it, gives what the table without it gives."""
    small = scores_of(seed, k, k)
    padded = scores_of(seed + 1, k + more, k + more, scale=50)
    padded[:k, :k] = small
    positive = torch.zeros(k + more, k + more, dtype=torch.bool)
    negative = positive.clone()
    positive[:k, :k] = torch.eye(k, dtype=torch.bool)
    negative[:k, :k] = ~positive[:k, :k]
    padded.requires_grad_()
    found = bounds.bound(name, padded, positive=positive, negative=negative)
    torch.testing.assert_close(found.detach(), bounds.bound(name, small))
    found.backward()
    assert padded.grad is not None
    assert torch.isfinite(padded.grad).all()
    assert not padded.grad[k:].any()
    assert not padded.grad[:, k:].any()


@pytest.mark.parametrize("name", bounds.BOUND_NAMES)
def test_leading_axes_are_a_batch_of_tables(name: str) -> None:
    tables = scores_of(3, 2, 3, 5, 5)
    found = bounds.bound(name, tables)
    assert found.shape == (2, 3)
    torch.testing.assert_close(found[1, 2], bounds.bound(name, tables[1, 2]))


@pytest.mark.parametrize("name", bounds.BOUND_NAMES)
def test_the_order_of_pairs_does_not_matter(name: str) -> None:
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    found = bounds.bound(name, SCORES[order][:, order])
    torch.testing.assert_close(found, bounds.bound(name, SCORES))


@pytest.mark.parametrize("name", bounds.BOUND_NAMES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_finite_and_near(name: str, dtype: torch.dtype) -> None:
    """Scores of +-100, as a temperature of .01 makes them, overflow e^x in half precision."""
    scores = (100 * torch.tanh(SCORES)).to(dtype).requires_grad_()
    found = bounds.bound(name, scores)
    found.backward()
    assert found.dtype == torch.float32
    assert math.isfinite(found.item())
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()
    small = SCORES.to(dtype)
    torch.testing.assert_close(
        bounds.bound(name, small).double(), bounds.bound(name, small.double()), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("name", ["nwj", "tuba"])
def test_a_critic_gone_wild_is_still_pulled_back(name: str) -> None:
    scores = torch.full((3, 3), 500.0).requires_grad_()
    found = bounds.bound(name, scores)
    found.backward()
    assert math.isfinite(found.item())
    assert scores.grad is not None
    assert scores.grad[0, 1] < 0  # upwards is worse


@pytest.mark.parametrize("name", bounds.BOUND_NAMES)
def test_both_ways_of_a_symmetric_table_are_one_way(name: str) -> None:
    table = SCORES + SCORES.T
    found = bounds.bound(name, table, both_ways=0.75)
    torch.testing.assert_close(found, bounds.bound(name, table))


def test_both_ways_weighs_rows_and_columns() -> None:
    found = bounds.bound("infonce", SCORES, both_ways=0.75)
    expected = 0.75 * bounds.infonce(SCORES) + 0.25 * bounds.infonce(SCORES.T)
    torch.testing.assert_close(found, expected)


def test_a_batch_of_one_is_refused_in_words_and_gives_nothing_to_infonce() -> None:
    assert bounds.infonce(torch.ones(1, 1)).item() == 0.0
    with pytest.raises(TrainingError, match=r"local_mi needs pairs that do not match.*of 1 has"):
        bounds.require_pairs(torch.zeros(1, 1, dtype=torch.bool), name="local_mi")
    bounds.require_pairs(~torch.eye(2, dtype=torch.bool), name="local_mi")


def test_unknown_names_and_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'mine'. Available: infonce, dv"):
        bounds.bound("mine", SCORES)
    with pytest.raises(ValueError, match="square where positive is not given, got 2 x 3"):
        bounds.dv(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="alpha must be from 0 to 1, got 2"):
        bounds.interpolated(SCORES, alpha=2)


# --- exact critic on correlated Gaussians: bias and variance without training ---------------


def gaussian_scores(*, information: float, k: int, batches: int, seed: int = 0) -> Tensor:
    """(N, K, K) log density ratios of y = rho x + sqrt(1 - rho^2) e in 20 dimensions."""
    rng = np.random.default_rng(seed)
    rho = math.sqrt(1 - math.exp(-2 * information / 20))
    x = torch.tensor(rng.normal(size=(batches, k, 20)))
    y = rho * x + math.sqrt(1 - rho**2) * torch.tensor(rng.normal(size=(batches, k, 20)))
    gap = (y.square().sum(-1)[..., None] * rho**2 + x.square().sum(-1)[:, None] * rho**2) - (
        2 * rho * y @ x.mT
    )
    return -10 * math.log(1 - rho**2) - gap / (2 * (1 - rho**2))


ESTIMATES: dict[str, Callable[[Tensor], Tensor]] = {
    "infonce": bounds.infonce,
    "nwj": lambda s: bounds.nwj(s + 1),  # its best critic is 1 + the log ratio
    "dv": bounds.dv,
    "alpha .01": lambda s: bounds.interpolated(s, alpha=0.01),
    "alpha .5": lambda s: bounds.interpolated(s, alpha=0.5),
}


@pytest.mark.parametrize("information", [2.0, 4.0, 6.0])
def test_estimates_of_the_exact_critic_are_the_recorded_ones(information: float) -> None:
    """Means of 100 batches within 4 standard errors of both runs (the record has 2,000)."""
    (row,) = GAUSSIAN[(GAUSSIAN[:, 0] == 64) & (GAUSSIAN[:, 1] == information)]
    scores = gaussian_scores(information=information, k=64, batches=100)
    for place, (name, estimate) in enumerate(ESTIMATES.items()):
        mean, spread = row[2 + 2 * place : 4 + 2 * place]
        error = spread * math.sqrt(1 / 100 + 1 / 2000)
        assert estimate(scores).mean().item() == pytest.approx(mean, abs=4 * error), name


def test_estimators_vary_in_the_order_of_the_paper() -> None:
    scores = gaussian_scores(information=6, k=64, batches=100)
    spread = {name: estimate(scores).std().item() for name, estimate in ESTIMATES.items()}
    assert spread["nwj"] > spread["alpha .01"] > spread["infonce"]
    assert bounds.infonce(scores).max().item() <= math.log(64)


def test_js_nwj_of_the_exact_critic_is_unbiased() -> None:
    """The notebook's value, without the 1 between the two best critics, is 1/e too low."""
    scores = gaussian_scores(information=2, k=64, batches=100)
    assert bounds.js_nwj(scores).mean().item() == pytest.approx(2, abs=0.1)
    assert bounds.nwj(scores).mean().item() == pytest.approx(2 - 1 / math.e, abs=0.1)
