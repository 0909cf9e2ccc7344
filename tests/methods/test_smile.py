"""SMILE as a listed estimator: without clipping it is Donsker-Varadhan."""

import torch

from explorer.methods import _bounds as bounds
from explorer.methods._bounds import bound
from explorer.methods.smile import METHOD


def test_it_is_the_bound_of_its_name() -> None:
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(METHOD.bound(scores), bound("smile", scores))


def test_clipping_takes_the_outliers_among_mismatched_pairs_only() -> None:
    scores = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(METHOD.bound(scores, clip=1e3), bounds.dv(scores))
    wild = scores.clone()
    wild[0, 1] = 40.0
    assert METHOD.bound(wild, clip=2.0) > bounds.dv(wild) + 10
