"""Masks a model draws for labelled images: only where it is sure, with little trust."""

import numpy as np
import pytest
import torch

from explorer.training.phrase_memory import PhraseMemory
from explorer.training.self_training import TRUST, _place, place_labels

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .studies import labelled_study, square_study

PLACED = frozenset({"Mass", "Effusion"})


def place(*labels: str, bias: float) -> tuple[tuple[str, ...], int, float]:
    """Labels that got a mask, how many masks, and the least trust."""
    model = tiny_model.model()
    with torch.no_grad():
        model.bias.fill_(bias)
    memory = PhraseMemory(model.text_encoder, tiny_model.tokenizer())
    (study,), drawn = place_labels(model, [labelled_study(*labels)], memory, labels=PLACED)
    trust = min((t.trust for t in study.targets), default=0.0)
    assert all(t.mask.shape == (112, 112) and t.mask.max() > 250 for t in study.targets)
    return tuple(t.label for t in study.targets), drawn, trust


def test_a_sure_map_becomes_a_mask_of_little_trust() -> None:
    labels, drawn, trust = place("Mass", "Effusion", bias=20)
    assert (labels, drawn) == (("Effusion", "Mass"), 2)
    assert trust == pytest.approx(TRUST, rel=1e-3)


def test_an_unsure_map_becomes_nothing() -> None:
    assert place("Mass", bias=-20) == ((), 0, 0.0)


def test_labels_without_boxes_in_training_are_left_alone() -> None:
    assert place("Hernia", bias=20) == ((), 0, 0.0)


def test_studies_with_boxes_stay_as_they_are() -> None:
    model = tiny_model.model()
    memory = PhraseMemory(model.text_encoder, tiny_model.tokenizer())
    study = square_study()
    (found,), drawn = place_labels(model, [study], memory, labels=PLACED)
    assert found is study
    assert drawn == 0


@pytest.mark.parametrize(
    ("columns", "rows", "place"),
    [
        (slice(0, 3), slice(0, 2), ("right", "upper")),
        (slice(6, 8), slice(6, 8), ("left", "lower")),
        (slice(0, 8), slice(4, 5), (None, None)),
    ],
)
def test_the_place_of_a_map(
    columns: slice, rows: slice, place: tuple[str | None, str | None]
) -> None:
    score = np.full((8, 8), 0.01, np.float32)
    score[rows, columns] = 0.9
    assert _place(score, labelled_study("Mass")) == place
