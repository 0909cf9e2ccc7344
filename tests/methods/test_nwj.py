"""NWJ as a listed estimator: never above Donsker-Varadhan, equal where S is 1 on average."""

import math

import torch

from explorer.methods import _bounds as bounds
from explorer.methods._bounds import bound
from explorer.methods.nwj import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("nwj", scores))


def test_it_is_at_most_donsker_varadhan() -> None:
    """Since log x <= x - 1; they touch where the mean of e^(S - 1) is 1."""
    scores = torch.randn(50, 6, 6, generator=torch.Generator().manual_seed(0))
    assert (METHOD.bound(scores) <= bounds.dv(scores) + 1e-6).all()
    level = torch.logsumexp(scores[0][~torch.eye(6, dtype=torch.bool)], 0) - math.log(30)
    fitted = scores[0] - level + 1
    torch.testing.assert_close(METHOD.bound(fitted), bounds.dv(fitted))
