"""InfoNCE as a listed estimator: log K at best, 0 for a critic that tells nothing."""

import math

import pytest
import torch

from explorer.methods._bounds import bound
from explorer.methods.infonce import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("infonce", scores))


def test_it_ends_at_log_k_and_begins_at_0() -> None:
    assert METHOD.bound(100 * torch.eye(8)).item() == pytest.approx(math.log(8))
    assert METHOD.bound(torch.zeros(8, 8)).item() == pytest.approx(0, abs=1e-6)
