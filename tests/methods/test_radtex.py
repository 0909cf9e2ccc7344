"""RadTex: the published loss, no word that sees itself, and captions that need their image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._attention import Asked
from explorer.methods._base import MethodBatch, Shapes, View, WordBatch
from explorer.methods._captioner import Captioner, turned_round
from explorer.methods.radtex import METHOD, RadTexOptions, caption_loss, look_loss

from .by_hand import batch, unit

ORACLE = np.load(Path(__file__).parents[1] / "data" / "captioning_bidirectional.npz")
PAD, START, END = 0, 2, 3
SHAPES = Shapes(dimension=8, features=8, text_features=8, vocabulary=20)
SMALL = RadTexOptions(width=16, heads=2)
IDS = torch.tensor([[2, 7, 8, 9, 3], [2, 10, 11, 3, 0], [2, 12, 3, 0, 0]])


def with_words(data: MethodBatch, ids: Tensor) -> MethodBatch:
    mask = ids != PAD
    vectors = torch.zeros(*ids.shape, 8)
    words = WordBatch(vectors, ids, mask, read=lambda i, _: i, project=lambda x: x)
    return replace(data, words=words)


def of_oracle(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


def test_loss_of_both_directions_is_the_published_one() -> None:
    tokens, back = of_oracle("tokens"), of_oracle("reversed")
    there, back_there = tokens != PAD, back != PAD
    forwards = caption_loss(of_oracle("logits_f"), tokens, there)
    backwards = caption_loss(of_oracle("logits_b"), back, back_there)
    assert forwards.item() == pytest.approx(float(ORACLE["fwd"]), abs=1e-9)
    assert backwards.item() == pytest.approx(float(ORACLE["bwd"]), abs=1e-9)
    assert (turned_round(tokens, there) == back).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 3))
def test_turning_round_twice_changes_nothing(sizes: list[int], more: int) -> None:
    mask = torch.arange(max(*sizes, 1) + more) < torch.tensor(sizes)[:, None]
    ids = torch.arange(mask.numel()).view(mask.shape) + 5
    ids = ids.masked_fill(~mask, PAD)
    once = turned_round(ids, mask)
    assert ((once != PAD) == mask).all()
    assert (turned_round(once, mask) == ids).all()


def test_no_word_sees_itself_or_what_comes_after() -> None:
    torch.manual_seed(0)
    captioner = Captioner(8, 20, width=16, heads=2)
    features, mask = unit(3, 6, 8), IDS != PAD
    before, _ = captioner(features, IDS, mask)
    changed = IDS.clone()
    changed[0, 3] = 15
    after, _ = captioner(features, changed, mask)
    torch.testing.assert_close(after[0, :3], before[0, :3])
    assert not torch.allclose(after[0, 3], before[0, 3])


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    captioner = Captioner(8, 20, width=16, heads=2)
    features = unit(3, 6, 8)
    wide = F.pad(IDS, (0, 4))
    for reverse in (False, True):
        losses = []
        for ids in (IDS, wide):
            row = turned_round(ids, ids != PAD) if reverse else ids
            states, _ = captioner(features, row, ids != PAD, reverse=reverse)
            losses.append(caption_loss(states, row, ids != PAD, name=captioner.name))
        torch.testing.assert_close(*losses)


def test_gradients_go_to_features_and_to_the_projections() -> None:
    """Captioning trains what is before the projection, the maps what is after."""
    torch.manual_seed(0)
    method = METHOD(SMALL, SHAPES)
    data = with_words(batch([0, 1, 1], images=2), IDS)
    data = replace(data, features=data.features.clone())
    leaves = (data.features, data.patches, data.phrases)
    for tensor in leaves:
        tensor.requires_grad_()
    parts = method(data)
    (parts["forwards"] + parts["backwards"]).backward(retain_graph=True)
    assert [t.grad is not None for t in leaves] == [True, False, False]
    data.features.grad = None
    parts["maps"].backward()
    assert [t.grad is not None for t in leaves] == [False, True, True]


def test_images_without_a_sentence_are_passed_over() -> None:
    torch.manual_seed(0)
    method = METHOD(SMALL, SHAPES)
    two, one = batch([1], images=2), batch([0], images=1)
    one.patches.copy_(two.patches[1:])
    for name, part in method(with_words(two, IDS[:1])).items():
        torch.testing.assert_close(part, method(with_words(one, IDS[:1]))[name])
    none = method(with_words(batch([-1], images=1), IDS[:1]))
    assert none["forwards"].item() == 0


def test_cosines_are_drawn_to_where_the_decoder_looked() -> None:
    """As far as it chose: one that looks at half of four regions has half the say."""
    looked = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.5], [0.25, 0.25, 0.25, 0.25]])
    cosines = torch.zeros(3, 4, requires_grad=True)
    look_loss(cosines, looked, temperature=1.0).backward()
    say = torch.tensor([[1.0], [0.5], [0.0]])
    torch.testing.assert_close(cosines.grad, say * (0.25 - looked) / 3)


def test_maps_of_words_are_distributions_over_the_image() -> None:
    torch.manual_seed(0)
    method = METHOD(SMALL, SHAPES)
    view = View(unit(2, 3, 4, 8), unit(2, 3, 4, 8, seed=4))
    mask = IDS != PAD
    maps = method.word_maps(view.features[0], IDS, mask)
    assert maps.shape == (3, 5, 3, 4)
    torch.testing.assert_close(maps.sum((2, 3)), mask.float())
    special = (IDS == START) | (IDS == END)
    whole = method.attention_map(view, Asked(unit(3, 8), unit(3, 5, 8), IDS, mask, special))
    torch.testing.assert_close(whole.sum((2, 3)), torch.ones(2, 3))
    torch.testing.assert_close(whole[0, 0], maps[0, 1:4].mean(0))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    method = METHOD(SMALL, SHAPES)
    data = with_words(batch([0, 1, 1], images=2), IDS)
    wanted = method(data)
    for name, part in method.to(dtype)(data.to(dtype)).items():
        assert part.item() == pytest.approx(wanted[name].item(), rel=0.05, abs=2e-3)


class Films:
    """Eight findings; a film shows one in some cell, its report is "<filler> <finding>"."""

    def __init__(self) -> None:
        self.draws = torch.Generator().manual_seed(0)
        self.looks = torch.randn(8, 24, generator=self.draws)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pixels (B, 9, 24), findings (B,), ids (B, 4) and cells (B,)."""
        shown = torch.randint(8, (count,), generator=self.draws)
        cells = torch.randint(9, (count,), generator=self.draws)
        pixels = 0.7 * torch.randn(count, 9, 24, generator=self.draws)
        pixels[torch.arange(count), cells] += self.looks[shown]
        filler = torch.randint(13, 16, (count,), generator=self.draws)
        ends = torch.full_like(filler, START), torch.full_like(filler, END)
        return pixels, shown, torch.stack([ends[0], filler, shown + 5, ends[1]], -1), cells


def step_of(tower: nn.Module, drawn: tuple[Tensor, ...], seed: int) -> MethodBatch:
    pixels, _, ids, _ = drawn
    count = len(pixels)
    owner = list(range(count))
    features = tower(pixels).unflatten(1, (3, 3))
    data = replace(batch(owner, images=count, grid=3, seed=seed), features=features, seed=seed)
    return with_words(data, ids)


@pytest.fixture(scope="module")
def trained() -> tuple[METHOD, nn.Module, nn.Module, Films]:
    """The method, its tower, the tower as it was, and the world."""
    torch.manual_seed(0)
    world = Films()
    tower = nn.Sequential(nn.Linear(24, 12), nn.ReLU(), nn.Linear(12, 8))
    before = nn.Sequential(nn.Linear(24, 12), nn.ReLU(), nn.Linear(12, 8))
    before.load_state_dict(tower.state_dict())
    method = METHOD(RadTexOptions(width=32, heads=2, maps=0), SHAPES)
    optimiser = torch.optim.Adam([*tower.parameters(), *method.parameters()], lr=0.005)
    for step in range(120):
        data = step_of(tower, world.draw(48), step)
        optimiser.zero_grad()
        parts = method(data)
        (parts["forwards"] + parts["backwards"]).backward()
        optimiser.step()
    return method, tower, before, world


@torch.no_grad()
def test_captions_need_their_image(trained: tuple[METHOD, nn.Module, nn.Module, Films]) -> None:
    """Below the unigram entropy and below the same captions of other images, on new films."""
    method, tower, _, world = trained
    drawn = world.draw(200)
    data = step_of(tower, drawn, 999)
    matched = method(data)["forwards"].item()
    others = replace(data, features=data.features.roll(1, 0))
    shuffled = method(others)["forwards"].item()
    unigram = (np.log(3) + np.log(8)) / 3  # filler, finding and the end, which is sure
    assert matched < unigram - 0.15, (matched, shuffled, unigram)
    assert matched < shuffled - 0.3, (matched, shuffled, unigram)


@torch.no_grad()
def test_few_labels_go_further_than_from_scratch(
    trained: tuple[METHOD, nn.Module, nn.Module, Films],
) -> None:
    """A linear probe of the mean feature, fitted on 60 labelled films: which finding is shown?"""
    _, tower, before, world = trained
    right = []
    for encoder in (tower, before):
        world.draws.manual_seed(5)
        (known, labels, *_), (asked, truth, *_) = world.draw(60), world.draw(400)
        features = [F.pad(encoder(p).mean(1), (0, 1), value=1.0) for p in (known, asked)]
        weights = torch.linalg.lstsq(features[0], F.one_hot(labels, 8).float()).solution
        right.append(((features[1] @ weights).argmax(1) == truth).float().mean().item())
    assert right[0] > right[1] + 0.1, right


@torch.no_grad()
def test_the_decoder_looks_at_what_it_names(
    trained: tuple[METHOD, nn.Module, nn.Module, Films],
) -> None:
    """Pointing of the map of the finding's word, never taught; chance is 1 / 9."""
    method, tower, _, world = trained
    pixels, _, ids, cells = world.draw(60)
    found = [
        method.word_maps(features.unflatten(0, (3, 3)), row[None], row[None] != PAD)[0, 2].argmax()
        for features, row in zip(tower(pixels), ids, strict=True)
    ]
    assert (torch.stack(found) == cells).float().mean().item() > 0.5
