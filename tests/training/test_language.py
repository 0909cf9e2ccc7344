"""What a task asks: the right name among all, and asserted against denied."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.methods._base import StatementBatch
from explorer.methods.dense_grounding import language_loss
from explorer.training.language import Statement, StatementPool

NAMES = {"mass": ("mass", "lung mass"), "effusion": ("pleural effusion",)}
STATEMENTS = (
    Statement("A mass is seen.", "mass", present=True),
    Statement("No effusion.", "effusion", present=False),
    Statement("The tube is too low.", "tube", present=True),
)
PLACES = {  # of made-up embeddings: first axis mass, second effusion, third denial
    "mass": (1.0, 0.0, 0.0),
    "effusion": (0.0, 1.0, 0.0),
    "no mass": (0.0, 0.0, 1.0),
    "no effusion": (0.0, 0.0, 1.0),
}


def embed(*texts: str) -> Tensor:
    return torch.tensor([PLACES[text] for text in texts])


def task(text: str, finding: int, *, present: bool) -> StatementBatch:
    return StatementBatch(
        words=embed(text),
        target=torch.tensor([finding]),
        present=torch.tensor([present]),
        names=embed("mass", "effusion"),
        denials=embed("no mass", "no effusion"),
    )


def test_the_loss_of_the_right_name_by_hand() -> None:
    """Cosines 1 and 0 at temperature .1: -log sigmoid(10) twice, for which and for whether."""
    found = language_loss(task("mass", 0, present=True))
    assert found.item() == pytest.approx(2 * math.log1p(math.exp(-10)), abs=1e-6)


def test_a_wrong_name_costs_ten_nats() -> None:
    found = language_loss(task("effusion", 0, present=True))
    assert found.item() == pytest.approx(10 + math.log(2), abs=1e-3)


def test_a_denial_is_not_asked_of_what() -> None:
    found = language_loss(task("no mass", 1, present=False))
    assert found.item() == pytest.approx(math.log1p(math.exp(-10)), abs=1e-6)


def test_a_lesson_names_every_finding_and_leaves_out_what_has_no_name() -> None:
    statements = StatementPool(NAMES, STATEMENTS)
    assert len(statements) == 2
    drawn = statements.draw(np.random.default_rng(0), 40)
    assert len(drawn.names) == len(drawn.denials) == 2
    assert drawn.names[0] == "pleural effusion"
    assert drawn.denials[1].endswith(("mass", "lung mass"))
    assert {*drawn.texts} == {"A mass is seen.", "No effusion."}
    for text, target, present in zip(drawn.texts, drawn.target, drawn.present, strict=True):
        assert (target.item(), present.item()) == ((0, False) if "No" in text else (1, True))


def test_the_same_generator_state_draws_the_same_task() -> None:
    pool = StatementPool(NAMES, STATEMENTS)
    one, two = (pool.draw(np.random.default_rng(3), 8) for _ in range(2))
    assert (one.texts, one.names, one.denials) == (two.texts, two.names, two.denials)
