"""TUBA as a listed estimator: the best baseline of all rows gives Donsker-Varadhan."""

import math

import torch

from explorer.methods import _bounds as bounds
from explorer.methods._bounds import bound
from explorer.methods.tuba import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("tuba", scores))


def test_the_best_single_baseline_gives_donsker_varadhan() -> None:
    scores = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    level = torch.logsumexp(scores[~torch.eye(6, dtype=torch.bool)], 0) - math.log(30)
    torch.testing.assert_close(METHOD.bound(scores, log_baseline=level), bounds.dv(scores))
    assert METHOD.bound(scores, log_baseline=level + 0.5) < bounds.dv(scores)
