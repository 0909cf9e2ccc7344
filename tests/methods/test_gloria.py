"""GLoRIA: the released losses and attention, padding of words, and its place among poolings."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from explorer.errors import TrainingError
from explorer.methods import _bounds as bounds
from explorer.methods._reports import reports_of
from explorer.methods.gloria import (
    GLoRIA,
    GLoRIAOptions,
    word_attention,
    word_scores,
    words_of_reports,
)

from .batches import SHAPES, make_batch, world

ORACLE = np.load(Path(__file__).parents[1] / "data" / "gloria.npz")


def oracle(name: str) -> Tensor:
    return torch.tensor(ORACLE[name])


def build(**options: object) -> GLoRIA:
    torch.manual_seed(0)
    return GLoRIA(GLoRIAOptions(**options), SHAPES)  # type: ignore[arg-type]


REGIONS, WORDS = oracle("img").flatten(2).mT, oracle("words").mT
MASK = torch.arange(WORDS.shape[1]) < oracle("lens")[:, None]


def test_local_scores_and_losses_are_the_released_ones() -> None:
    table = 10 * word_scores(REGIONS, WORDS, MASK)
    torch.testing.assert_close(table, oracle("sim"), rtol=0, atol=1e-8)
    for share, name in ((1.0, "local_i2t"), (0.0, "local_t2i")):
        found = math.log(3) - bounds.bound("infonce", table, both_ways=share)
        torch.testing.assert_close(found, oracle(name), rtol=0, atol=1e-8)


def test_global_losses_are_the_released_ones() -> None:
    table = 10 * F.normalize(oracle("gi"), dim=1) @ F.normalize(oracle("gt"), dim=1).T
    for share, name in ((1.0, "glob_i2t"), (0.0, "glob_t2i")):
        found = math.log(3) - bounds.bound("infonce", table, both_ways=share)
        torch.testing.assert_close(found, oracle(name), rtol=0, atol=1e-8)


def test_attention_is_the_released_one() -> None:
    """Softmax over the words of a report first, over regions second."""
    attention = word_attention(REGIONS, WORDS, MASK)
    for i, count in enumerate(ORACLE["lens"]):
        found = attention[i, i, :count].unflatten(1, (2, 3))
        torch.testing.assert_close(found, oracle(f"attn_{i}"), rtol=0, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), words=st.integers(1, 5), more=st.integers(0, 3))
def test_padding_of_words_does_not_matter(seed: int, words: int, more: int) -> None:
    rng = np.random.default_rng(seed)
    regions = torch.tensor(rng.normal(size=(2, 4, 3)))
    text = torch.tensor(rng.normal(size=(2, words, 3)))
    padded = torch.cat([text, torch.tensor(rng.normal(size=(2, more, 3)) * 50)], 1)
    mask = (torch.arange(words + more) < words).expand(2, -1)
    plain = word_scores(regions, text, torch.ones(2, words, dtype=torch.bool))
    torch.testing.assert_close(word_scores(regions, padded, mask), plain)


def test_a_report_of_one_word_attends_everywhere_alike() -> None:
    """The softmax over words comes first: a lone word gets all of every region."""
    attention = word_attention(REGIONS, WORDS[:, :1], MASK[:, :1])
    torch.testing.assert_close(attention, torch.full_like(attention, 1 / 6))


def test_of_two_words_each_takes_its_region() -> None:
    """As a pooling it is attention whose weights each word sets: near the max of mil."""
    codes = torch.eye(2, 4, dtype=torch.float64)
    attention = word_attention(
        codes[None], 20 * codes[None], torch.ones(1, 2, dtype=torch.bool), sharpness=50
    )
    torch.testing.assert_close(attention[0, 0], torch.eye(2, dtype=torch.float64))


def test_words_of_a_report_are_those_of_its_sentences_without_special_pieces() -> None:
    batch = make_batch(images=3, dtype=torch.float64)
    reports = reports_of(batch, name="x", sentences=0)
    assert batch.words is not None
    found, mask = words_of_reports(batch.words, reports)
    for b in range(3):
        ids = batch.words.ids[batch.owner == b]
        ids = ids[ids > 4]
        expected = batch.words.project(world().table[ids])
        torch.testing.assert_close(found[b][mask[b]], expected)


@pytest.mark.parametrize("estimator", bounds.BOUND_NAMES)
def test_every_estimator_trains(estimator: str) -> None:
    batch = make_batch(images=4)
    batch.patches.requires_grad_()
    parts = build(estimator=estimator)(batch)
    assert set(parts) == {"local", "global"}
    torch.stack(list(parts.values())).sum().backward()
    assert all(part.isfinite() for part in parts.values())
    assert batch.patches.grad is not None
    assert torch.isfinite(batch.patches.grad).all()


@pytest.mark.parametrize("sentences", [0, 1])
@pytest.mark.parametrize("side", [1, 2, 8])
def test_parts_side_and_sentences_are_as_asked(sentences: int, side: int) -> None:
    batch = make_batch(images=4)
    (part,) = build(sentences=sentences, side=side, global_weight=0.0)(batch).values()
    twice = build(sentences=sentences, side=side, global_weight=0.0, local_weight=2.0)(batch)
    torch.testing.assert_close(twice["local"], 2 * part)


def test_half_precision_gives_finite_losses_and_gradients() -> None:
    batch = make_batch(images=4).to(torch.bfloat16)
    batch.patches.requires_grad_()
    parts = build().to(torch.bfloat16)(batch)
    torch.stack(list(parts.values())).sum().backward()
    assert batch.patches.grad is not None
    assert torch.isfinite(batch.patches.grad).all()


def test_a_step_of_one_study_or_without_words_is_refused_in_words() -> None:
    with pytest.raises(TrainingError, match="gloria needs reports of at least two studies"):
        build()(make_batch(images=1))
    with pytest.raises(ValueError, match="needs word pieces"):
        build()(replace(make_batch(images=3), words=None))
