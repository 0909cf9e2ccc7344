"""Each part of the loss pulls the maps the way the documents say, by the weight they say.

The model is a stand-in: its logits are given, its pooled logit is their mean, so the gradient of a
part shows which cells of which phrase it would raise (below 0) and which it would lower (above 0).
"""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training import objective
from explorer.training.batches import NOWHERE, Batch
from explorer.training.losses import losses

DOCS = Path(__file__).parents[2] / "docs" / "training.md"

PLACED, UNSURE, SWAPPED, NONSENSE, LABEL, ABSENT = range(6)  # phrases of the batch
LEFT, RIGHT = np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32)
LEFT[1:3, :2], RIGHT[:, 2:] = 1, 1
BLANK = np.zeros((4, 4), np.float32)


class GivenMaps:
    """A model whose logits (B, P, G, G) are what the test says."""

    def __init__(self, logits: Tensor) -> None:
        self.given = logits

    def logits(self, _patches: Tensor, _phrases: Tensor) -> Tensor:
        return self.given

    def pooled(self, logits: Tensor) -> Tensor:
        return logits.mean((2, 3))


def batch() -> Batch:
    """Two images. The first has a mass at its left edge, the second an effusion without a place."""
    safe = np.zeros((2, 6), np.float32)
    safe[:, NONSENSE] = 1
    safe[0, SWAPPED] = safe[1, PLACED] = safe[1, UNSURE] = safe[0, LABEL] = 1
    return Batch(
        pixels=np.zeros((2, 1, 32, 32), np.float32),
        phrases=["right mass", "right nodule", "left mass", "soup", "effusion", "hernia"],
        owner=np.array([0, 0, 0, NOWHERE, 1, 1]),
        masks=np.stack([LEFT, LEFT, RIGHT, BLANK, BLANK, BLANK]),
        weight=np.array([1.0, 0.25, 0, 0, 0, 0], np.float32),
        elsewhere=np.array([0, 0, 0.6, 0, 0, 0], np.float32),
        safe=safe,
        weak=[(1, LABEL, True), (1, ABSENT, False)],
    )


def undecided() -> Tensor:
    return torch.zeros(2, 6, 4, 4, requires_grad=True)


def parts(logits: Tensor, of: Batch | None = None, **options: float) -> dict[str, Tensor]:
    model = cast(LocalAlignmentModel, GivenMaps(logits))
    return losses(model, of or batch(), torch.zeros(1), torch.zeros(1), **options)


def pull(name: str, logits: Tensor | None = None) -> Tensor:
    """Gradient of one part by the logits (2, 6, 4, 4)."""
    logits = undecided() if logits is None else logits
    (gradient,) = torch.autograd.grad(parts(logits)[name], logits)
    return gradient


def touched(gradient: Tensor) -> set[tuple[int, int]]:
    """(image, phrase) pairs that a part changes at all."""
    return {(int(i), int(p)) for i, p in (gradient != 0).any(-1).any(-1).nonzero()}


@pytest.mark.parametrize("name", ["dense", "pointing", "contrast"])
def test_a_placed_phrase_is_raised_inside_its_mask_and_lowered_outside(name: str) -> None:
    logits = torch.randn(2, 6, 4, 4, generator=torch.Generator().manual_seed(0)) / 100
    gradient = pull(name, logits.requires_grad_())
    assert touched(gradient) == {(0, PLACED), (0, UNSURE)}
    inside = torch.from_numpy(LEFT) > 0
    assert (gradient[0, PLACED][inside] < 0).all()
    assert (gradient[0, PLACED][~inside] > 0).all()


@pytest.mark.parametrize("name", ["dense", "pointing"])
def test_a_mask_that_is_trusted_a_quarter_pulls_a_quarter(name: str) -> None:
    gradient = pull(name)
    torch.testing.assert_close(gradient[0, UNSURE], gradient[0, PLACED] / 4)


def test_a_swapped_phrase_is_led_to_the_other_half_and_given_no_mask() -> None:
    gradient = pull("other side")
    assert touched(gradient) == {(0, SWAPPED)}
    assert (gradient[0, SWAPPED][:, 2:] < 0).all()
    assert (gradient[0, SWAPPED][:, :2] > 0).all()


def test_safe_negatives_are_lowered_everywhere_and_no_other_pair_is_touched() -> None:
    gradient = pull("absence")
    safe = {(int(i), int(p)) for i, p in np.argwhere(batch().safe > 0)}
    assert touched(gradient) == safe
    assert (gradient >= 0).all()


def test_what_is_absent_does_not_drown_what_is_shown() -> None:
    """Undecided maps: a mask costs more than twice log 2, all that is absent together .5 log 2."""
    found = parts(undecided())
    assert found["absence"].item() == pytest.approx(0.5 * math.log(2))
    assert found["dense"].item() > 2 * math.log(2) > found["absence"].item()


def test_a_phrase_that_is_nowhere_is_lowered_in_both_images() -> None:
    gradient = pull("nowhere")
    assert touched(gradient) == {(0, NONSENSE), (1, NONSENSE)}
    assert (gradient >= 0).all()


def test_a_map_is_led_away_from_the_map_of_nonsense() -> None:
    """Both maps are bright in the same corner; a step against the gradient parts them."""
    logits = torch.zeros(2, 6, 4, 4)
    logits[0, [PLACED, NONSENSE], 1, 1] = 1.0
    logits[0, PLACED, 2, 2] = 1.0
    before = logits.clone().requires_grad_()
    after = before.detach() - 0.5 * pull("nonsense correlation", before)

    def likeness(of: Tensor) -> float:
        both = torch.stack([of[0, PLACED].flatten(), of[0, NONSENSE].flatten()])
        return torch.corrcoef(both)[0, 1].item()

    assert likeness(after) < likeness(before.detach()) - 0.001


def test_a_label_raises_its_phrase_and_an_absent_label_lowers_it() -> None:
    gradient = pull("labels")
    assert touched(gradient) == {(1, LABEL), (1, ABSENT)}
    assert (gradient[1, LABEL] < 0).all()
    assert (gradient[1, ABSENT] > 0).all()


def test_matched_pairs_are_raised_and_safe_negatives_lowered() -> None:
    gradient = pull("local_mi")
    assert (gradient[0, PLACED] < 0).all()
    assert (gradient[1, LABEL] < 0).all()
    assert (gradient[1, PLACED] > 0).all()
    assert (gradient[0, LABEL] > 0).all()
    assert not {p for _, p in touched(gradient)} & {SWAPPED, NONSENSE, ABSENT}


def test_without_supervision_nothing_is_learned_from_masks() -> None:
    assert set(parts(undecided(), supervision=0.0)) == {"absence", "nowhere", "labels", "local_mi"}


def test_the_weights_are_those_of_the_document() -> None:
    """Each part over the function it is made of, for maps that are not special."""
    table = re.findall(r"^\| (\w+(?: \w+)?) \| ([\d.]+) \|", DOCS.read_text("utf-8"), re.MULTILINE)
    said = {name.replace("local MI", "local_mi"): float(weight) for name, weight in table}
    given = torch.randn(2, 6, 4, 4, generator=torch.Generator().manual_seed(1))
    of = replace(batch(), weight=np.array([1.0, 1, 0, 0, 0, 0], np.float32))
    own, masks = given[0, :2], torch.from_numpy(of.masks[:2])
    swapped, right = given[0, SWAPPED][None], torch.from_numpy(RIGHT)[None]
    pooled, even, safe = given.mean((2, 3)), torch.ones(2), torch.from_numpy(of.safe)
    dark = given[[0, 0]][:, [NONSENSE]]
    matched, owner = [PLACED, UNSURE, LABEL], torch.tensor([0, 0, 1])
    bare = {
        "dense": objective.dense_loss(own, masks, even),
        "pointing": objective.pointing_loss(own, masks, even),
        "contrast": objective.contrast_loss(own, masks, even),
        "other side": objective.pointing_loss(swapped, right, torch.ones(1)),
        "absence": objective.absence_loss(given, safe),
        "nowhere": objective.nowhere_loss(pooled[:, NONSENSE]),
        "nonsense correlation": objective.nonsense_correlation_loss(own, dark),
        "labels": objective.label_loss(pooled[1, [LABEL, ABSENT]], torch.tensor([1.0, 0.0])),
        "local_mi": objective.local_mutual_information_loss(
            pooled[:, matched], owner, safe[:, matched] > 0
        ),
    }
    found = parts(given, of)
    assert set(found) == set(bare)
    for name, value in bare.items():
        assert found[name].item() == pytest.approx(said[name] * value.item()), name
