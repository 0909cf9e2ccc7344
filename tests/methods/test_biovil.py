"""BioViL: the published global score, words to guess, sections to match, and a map for nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import MethodBatch, Shapes, WordBatch
from explorer.methods._vectors import image_vectors, pair_contrast
from explorer.methods.biovil import METHOD, BioViLOptions, blank_words

from . import small_worlds
from .by_hand import batch, unit

ORACLE = np.load(Path(__file__).parents[1] / "data" / "biovil_global.npz")
VOCABULARY, PAD, START, END, BLANK = 20, 0, 2, 3, 4
SHAPES = Shapes(dimension=8, features=8, text_features=6, vocabulary=VOCABULARY)


class FrozenWords(nn.Module):
    """Word vectors that see their neighbours: enough of a text tower to guess from."""

    def __init__(self) -> None:
        super().__init__()
        self.table = unit(VOCABULARY, 6, seed=3)
        self.projection = nn.Linear(6, 8)
        self.asked: list[Tensor] = []

    def read(self, ids: Tensor, mask: Tensor) -> Tensor:
        self.asked.append(ids)
        own = self.table[ids] * mask[..., None]
        return own + torch.roll(own, 1, dims=1) + torch.roll(own, -1, dims=1)

    def project(self, vectors: Tensor) -> Tensor:
        return F.normalize(self.projection(vectors), dim=-1)

    def batch(self, ids: Tensor) -> WordBatch:
        mask = ids != PAD
        return WordBatch(self.read(ids, mask), ids, mask, self.read, self.project, blank=BLANK)


def with_words(ids: list[list[int]], owner: list[int], **changes: Any) -> MethodBatch:
    torch.manual_seed(0)
    words = FrozenWords()
    data = batch(owner, images=max(owner) + 1, **changes)
    return replace(data, words=words.batch(torch.tensor(ids)))


IDS = [[2, 7, 8, 9, 3], [2, 10, 11, 3, 0], [2, 12, 3, 0, 0], [2, 13, 14, 15, 3]]


@pytest.mark.parametrize("temperature", [0.5, 0.07])
def test_global_contrast_is_the_published_one(temperature: float) -> None:
    """The image vector is the mean of projected patches; the oracle sums both directions."""
    image = image_vectors(torch.from_numpy(ORACLE["proj"]).permute(0, 2, 3, 1))
    torch.testing.assert_close(image, torch.from_numpy(ORACLE["proj_global"]))
    text = F.normalize(torch.from_numpy(ORACLE["txt"]), dim=-1)
    there = torch.ones(3, dtype=torch.bool)
    wanted = ORACLE[f"global_i2t_t2i_sum_tau{temperature:g}"]
    for share, value in zip((1.0, 0.0, 0.5), (wanted[0], wanted[1], wanted[2] / 2), strict=True):
        loss = pair_contrast(
            image,
            text,
            present=there,
            negative=~torch.eye(3, dtype=torch.bool),
            temperature=temperature,
            both_ways=share,
        )
        assert loss.item() + np.log(3) == pytest.approx(value, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    share=st.floats(0.01, 1.0),
    seed=st.integers(0, 999),
)
def test_only_words_are_blanked_and_one_a_row_at_least(
    sizes: list[int], share: float, seed: int
) -> None:
    longest = max(*sizes, 1)
    words = torch.arange(longest) < torch.tensor(sizes)[:, None]
    ids = torch.full(words.shape, 17).masked_fill(~words, PAD)
    changed, chosen = blank_words(
        ids,
        words,
        blank=BLANK,
        vocabulary=VOCABULARY,
        share=share,
        generator=torch.Generator().manual_seed(seed),
    )
    assert not (chosen & ~words).any()
    assert (chosen.any(1) == (torch.tensor(sizes) > 0)).all()
    assert (changed[~chosen] == ids[~chosen]).all()
    assert ((changed >= 0) & (changed < VOCABULARY)).all()


def test_words_are_blanked_exchanged_and_kept_eight_to_one_to_one() -> None:
    ids = torch.full((400, 50), 17)
    changed, chosen = blank_words(
        ids,
        ids > 0,
        blank=BLANK,
        vocabulary=VOCABULARY,
        share=0.15,
        generator=torch.Generator().manual_seed(0),
    )
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (changed[chosen] == BLANK).float().mean().item() == pytest.approx(0.805, abs=0.02)
    assert (changed[chosen] == 17).float().mean().item() == pytest.approx(0.105, abs=0.02)


def test_text_stage_reads_no_image_and_the_joint_stage_does() -> None:
    method = METHOD(BioViLOptions(text_stage=0.5), SHAPES)
    section = torch.tensor([1, 2, 1, 2])
    for step, names in ((0, {"language", "sections"}), (5, {"language", "alignment"})):
        data = with_words(IDS, [0, 0, 1, 1], section=section, step=step, steps=10)
        data.patches.requires_grad_()
        data.phrases.requires_grad_()
        parts = method(data)
        assert parts.keys() == names
        torch.stack(list(parts.values())).sum().backward()
        assert (data.patches.grad is not None) == (step == 5)
        assert data.phrases.grad is not None


def test_sections_need_both_of_a_report() -> None:
    """Two reports whole, one without impression, one without findings: two pairs count."""
    method = METHOD(BioViLOptions(text_stage=1, language=0), SHAPES)
    section = torch.tensor([1, 2, 1, 2, 1, 2])
    four = with_words([IDS[0]] * 6, [0, 0, 1, 1, 2, 3], section=section)
    two = with_words([IDS[0]] * 4, [0, 0, 1, 1], section=section[:4])
    two.phrases.copy_(four.phrases[:4])
    torch.testing.assert_close(method(four)["sections"], method(two)["sections"])


def test_the_same_impression_of_another_study_is_no_negative() -> None:
    method = METHOD(BioViLOptions(text_stage=1), SHAPES)
    data = with_words(IDS, [0, 0, 1, 1], section=torch.tensor([1, 2, 1, 2]))
    assert abs(method(data)["sections"].item()) > 1e-3
    data.text_id[3] = data.text_id[1]
    assert method(data)["sections"].item() == 0


def test_no_more_sentences_are_read_than_asked_for() -> None:
    method = METHOD(BioViLOptions(sentences=2), SHAPES)
    data = with_words(IDS, [0, 0, 1, 1])
    method(data)
    assert data.words is not None
    assert data.words.read.__self__.asked[-1].shape == (2, 5)  # type: ignore[attr-defined]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    method = METHOD(BioViLOptions(text_stage=0), SHAPES)
    data = batch([0, 0, 1], images=2)
    wanted = method(data)["alignment"].item()
    assert method.to(dtype)(data.to(dtype))["alignment"].item() == pytest.approx(wanted, rel=0.05)


def test_words_are_guessed_from_their_neighbours() -> None:
    """A language in which each word is told by the one before: far below the unigram entropy."""
    torch.manual_seed(0)
    method = METHOD(BioViLOptions(text_stage=1, language=1, sentences=32, blanked=0.01), SHAPES)
    words = FrozenWords()
    learned = [*words.parameters(), *method.parameters()]
    optimiser = torch.optim.Adam(learned, lr=0.02)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for step in range(150):
        first = torch.randint(5, 10, (32,), generator=generator)
        ids = torch.stack([torch.full_like(first, 2), first, first + 5, first + 10], 1)
        data = replace(batch([0] * 32, images=1), words=words.batch(ids), seed=step)
        loss = method(data)["language"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    unigram = np.log(15)  # each place and each of the five words is as likely
    assert np.mean(losses[-20:]) < 0.6 * unigram


def test_a_global_objective_alone_grounds() -> None:
    """Published: a map for nothing. At noise 1 far above chance, 1 / 16, though no map is asked."""
    method = METHOD(
        BioViLOptions(text_stage=0, language=0), Shapes(dimension=16, vocabulary=VOCABULARY)
    )
    towers = small_worlds.train(method, small_worlds.World(noise=1.0), steps=150)
    found = small_worlds.pointing(towers, small_worlds.World(noise=1.0))
    assert found > 0.75, found
