"""Donsker-Varadhan as a listed estimator: blind to a constant, and to who is in which row."""

import torch

from explorer.methods._bounds import bound
from explorer.methods.dv import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("dv", scores))


def test_a_constant_changes_nothing() -> None:
    scores = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(METHOD.bound(scores + 3), METHOD.bound(scores))


def test_it_errs_upwards_where_information_is_high() -> None:
    """Few mismatched pairs cannot show how large e^S may become: by Jensen the log is low."""
    wide = torch.randn(4_000, 8, 8, generator=torch.Generator().manual_seed(0)) * 2
    of_batches, of_all = METHOD.bound(wide).mean(), -torch.tensor(2.0**2 / 2)
    assert of_batches > of_all + 0.1
