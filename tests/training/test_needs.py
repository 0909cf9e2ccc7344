"""A training set that lacks what a method needs is refused with counts, before the first step."""

from dataclasses import replace

import pytest

from explorer.errors import TrainingError
from explorer.methods import list_methods
from explorer.methods._base import Method
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools
from explorer.training.needs import require_needs

from .studies import labelled_study

TWO = "FINDINGS: Left pleural effusion. No pneumothorax."
NEEDING = [
    name
    for name, kind in list_methods().items()
    if issubclass(kind, Method) and "several sentences" in kind.card.needs
]


def pools(having: int, of: int) -> Pools:
    told = replace(labelled_study(), report=TWO)
    silent = replace(labelled_study(), report="FINDINGS: Left pleural effusion.")
    return Pools([], [*[told] * having, *[silent] * (of - having)], [])


@pytest.mark.parametrize("name", NEEDING)
def test_the_need_is_named_with_counts(name: str) -> None:
    config = TrainingConfig(method=name, weak=16)
    require_needs(pools(12, 30), config)
    with pytest.raises(TrainingError, match=f"{name} needs reports with at least two") as raised:
        require_needs(pools(2, 30), config)
    assert "2 of 30 studies have them" in str(raised.value)


@pytest.mark.parametrize("name", NEEDING)
def test_a_batch_that_is_too_small_is_refused(name: str) -> None:
    least = list_methods()[name].card.needs_batch
    if least > 1:
        with pytest.raises(TrainingError, match=f"batches of at least {least} images"):
            require_needs(pools(4, 4), TrainingConfig(method=name, weak=least - 1))
