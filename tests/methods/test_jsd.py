"""Jensen-Shannon as a listed estimator: 0 at best, -2 log 2 for a critic that tells nothing."""

import math

import pytest
import torch

from explorer.methods._bounds import bound
from explorer.methods.jsd import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("jsd", scores))


def test_it_ends_at_0_and_begins_at_minus_two_log_two() -> None:
    assert METHOD.bound(torch.zeros(5, 5)).item() == pytest.approx(-2 * math.log(2))
    assert METHOD.bound(100 * (2 * torch.eye(5) - 1)).item() == pytest.approx(0, abs=1e-6)
