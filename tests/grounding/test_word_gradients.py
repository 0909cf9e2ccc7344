"""Integrated gradients over words, on a text tower whose cosine can be taken apart by hand."""

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from explorer.errors import CheckpointError, PhraseError
from explorer.grounding.word_gradients import STEPS, attribute_words_by_gradients

PIECES = ("<start>", "<end>", "left", "right", "effu", "##sion", "no", "lung", "base", "heart")
VALUE = {"left": 0.5, "right": -0.25, "effu": 1.0, "##sion": 2.0, "no": -1.5, "lung": 0.1}
AHEAD = np.array([0.0, 1.0], np.float32)


def pieces_of(text: str) -> list[int]:
    words = text.replace("effusion", "effu ##sion").replace("right lung", "base").split()
    return [0, *(PIECES.index(word) for word in words), 1]


class Tower:
    """The vector of a text is (8, what its pieces are worth); places and ends are worth nothing.

    A second text goes through with each where `other` gives one, as for a mirror image.
    """

    def __init__(self, other: dict[str, str] | None = None) -> None:
        self.words = torch.nn.Embedding(len(PIECES), 2)
        self.places = torch.nn.Embedding(5, 2)
        self.other = other or {}
        self.calls = 0
        with torch.no_grad():
            self.places.weight.zero_()
            self.words.weight.zero_()
            for piece, value in VALUE.items():
                self.words.weight[PIECES.index(piece), 1] = value

    def texts_read(self, phrase: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys([phrase, self.other.get(phrase, phrase)]))

    def vectors_with_gradient(self, phrases: Sequence[str]) -> torch.Tensor:
        (phrase,) = phrases
        rows = [pieces_of(text) for text in self.texts_read(phrase)]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
        looked_up = self.words(ids) + self.places(torch.arange(longest) % 5)
        self.calls += 1
        return torch.tensor([[8.0, 0.0]]) + looked_up.sum((0, 1))


def cosine(worth: float) -> float:
    return worth / float(np.hypot(8, worth))


def test_words_share_the_cosine_by_what_their_pieces_are_worth_signed() -> None:
    found = attribute_words_by_gradients(Tower(), "no  left effusion", AHEAD)
    assert [share.word for share in found.shares] == ["no", "left", "effusion"]
    # All words fade at one rate, so each gets its part of the whole: -1.5, .5 and 3 of 2.
    whole = cosine(2.0)
    values = [share.value for share in found.shares]
    assert_allclose(values, np.array([-1.5, 0.5, 3.0]) / 2 * whole, rtol=1e-4)
    assert found.change == pytest.approx(whole, abs=1e-5)
    assert found.delta == pytest.approx(sum(values) - whole, abs=1e-5)
    assert found.shares[2].start == len("no  left ")


def test_a_second_text_with_other_words_adds_to_the_words_it_stands_for() -> None:
    tower = Tower({"left effusion": "right effusion"})
    found = attribute_words_by_gradients(tower, "left effusion", AHEAD)
    whole = cosine(6.25)
    values = [share.value for share in found.shares]
    assert_allclose(values, np.array([0.25, 6.0]) / 6.25 * whole, rtol=1e-3)
    longer = Tower({"left effusion": "right lung no effusion"})  # three words stand for the first
    found = attribute_words_by_gradients(longer, "left effusion", AHEAD)
    assert_allclose(
        [s.value for s in found.shares], np.array([-1.0, 6.0]) / 5 * cosine(5.0), rtol=1e-3
    )


def test_every_step_is_made_inside_a_turn() -> None:
    turns: list[None] = []

    @contextmanager
    def turn() -> Any:
        turns.append(None)
        yield

    tower = Tower()
    attribute_words_by_gradients(tower, "left effusion", AHEAD, around=turn)
    assert len(turns) == 1 + STEPS + 2  # places, path, both ends
    assert not tower.words._forward_hooks


def test_no_words_too_many_words_and_towers_without_words_are_refused() -> None:
    with pytest.raises(PhraseError, match="got 0"):
        attribute_words_by_gradients(Tower(), "  ", AHEAD)
    with pytest.raises(PhraseError, match="got 201"):
        attribute_words_by_gradients(Tower(), "no " * 201, AHEAD)

    class Blind(Tower):
        def vectors_with_gradient(self, phrases: Sequence[str]) -> torch.Tensor:
            return torch.ones(len(phrases), 2)

    with pytest.raises(CheckpointError, match="Leave words out one by one"):
        attribute_words_by_gradients(Blind(), "left", AHEAD)
