"""The interpolated bound as a listed estimator: alpha is a dial between two bounds."""

import pytest
import torch

from explorer.methods import _bounds as bounds
from explorer.methods._bounds import bound
from explorer.methods.interpolated import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("interpolated", scores))


def test_alpha_is_a_dial() -> None:
    scores = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    values = [METHOD.bound(scores, alpha=a).item() for a in (0.0, 1e-6, 0.01, 0.5, 1.0)]
    assert values[0] == pytest.approx(bounds.tuba(scores).item())
    assert values[1] == pytest.approx(values[0], abs=1e-4)
    assert len({round(v, 4) for v in values[1:]}) == 4
