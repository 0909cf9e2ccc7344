"""JS-NWJ as a listed estimator: learns like a classifier of pairs, and is read like NWJ."""

import pytest
import torch

from explorer.methods._bounds import bound
from explorer.methods.js_nwj import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("js_nwj", scores))


def test_a_critic_of_pairs_that_are_all_told_apart_still_gets_a_finite_pull() -> None:
    scores = (50 * (2 * torch.eye(4) - 1)).requires_grad_()
    found = METHOD.bound(scores)
    found.backward()
    assert found.item() == pytest.approx(1 + 50)  # no mismatched pair costs anything
    assert scores.grad is not None
    assert scores.grad.abs().max() < 1e-6  # the classifier is done
