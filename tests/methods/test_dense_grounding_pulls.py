"""Each part of the loss pulls the maps the way the documents say, by the weight they say.

The model is a stand-in: its logits are given, its pooled logit is their mean, so the gradient of a
part shows which cells of which phrase it would raise (below 0) and which it would lower (above 0).
"""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from explorer.methods import dense_grounding
from explorer.methods._base import NOWHERE, MethodBatch, Shapes
from explorer.methods.dense_grounding import DenseGrounding, DenseGroundingOptions

from .batches import make_batch

DOCS = Path(__file__).parents[2] / "docs" / "training.md"

PLACED, UNSURE, SWAPPED, NONSENSE, LABEL, ABSENT = range(6)  # phrases of the batch
LEFT, RIGHT, BLANK = torch.zeros(3, 4, 4)
LEFT[1:3, :2], RIGHT[:, 2:] = 1, 1


class GivenMaps:
    """A model whose logits (B, P, G, G) are what the test says."""

    def __init__(self, logits: Tensor) -> None:
        self.given = logits

    def logits(self, patches: Tensor, phrases: Tensor) -> Tensor:
        return self.given

    def pooled(self, logits: Tensor) -> Tensor:
        return logits.mean((2, 3))


def batch(weight: float = 0.25) -> MethodBatch:
    """Two images. The first has a mass at its left edge, the second an effusion without a place."""
    safe = torch.zeros(2, 6)
    safe[:, NONSENSE] = 1
    safe[0, SWAPPED] = safe[1, PLACED] = safe[1, UNSURE] = safe[0, LABEL] = 1
    return replace(
        make_batch(images=2),
        owner=torch.tensor([0, 0, NOWHERE, NOWHERE, 1, NOWHERE]),
        written_for=torch.tensor([0, 0, 0, NOWHERE, 1, 1]),
        masks=torch.stack([LEFT, LEFT, RIGHT, BLANK, BLANK, BLANK]),
        weight=torch.tensor([1.0, weight, 0, 0, 0, 0]),
        elsewhere=torch.tensor([0, 0, 0.6, 0, 0, 0]),
        safe=safe,
        weak=torch.tensor([(1, LABEL, 1), (1, ABSENT, 0)]),
        statements=None,
    )


def undecided() -> Tensor:
    return torch.zeros(2, 6, 4, 4, requires_grad=True)


def parts(logits: Tensor, of: MethodBatch | None = None, **options: float) -> dict[str, Tensor]:
    method = DenseGrounding(DenseGroundingOptions(**options), Shapes())
    return method(replace(of or batch(), scorer=GivenMaps(logits)))


def pull(name: str, logits: Tensor | None = None) -> Tensor:
    """Gradient of one part by the logits (2, 6, 4, 4)."""
    logits = undecided() if logits is None else logits
    (gradient,) = torch.autograd.grad(parts(logits)[name], logits)
    return gradient


def touched(gradient: Tensor) -> set[tuple[int, int]]:
    """(image, phrase) pairs that a part changes at all."""
    return {(int(i), int(p)) for i, p in (gradient != 0).any(-1).any(-1).nonzero()}


@pytest.mark.parametrize("name", ["dense", "pointing", "cnr"])
def test_a_placed_phrase_is_raised_inside_its_mask_and_lowered_outside(name: str) -> None:
    logits = torch.randn(2, 6, 4, 4, generator=torch.Generator().manual_seed(0)) / 100
    gradient = pull(name, logits.requires_grad_())
    assert touched(gradient) == {(0, PLACED), (0, UNSURE)}
    inside = LEFT > 0
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
    safe = {(int(i), int(p)) for i, p in (batch().safe > 0).nonzero()}
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
    of = replace(batch(weight=1.0), statements=make_batch().statements)
    own, masks = given[0, :2], of.masks[:2]
    swapped, right = given[0, SWAPPED][None], RIGHT[None]
    pooled, even = given.mean((2, 3)), torch.ones(2)
    dark, image = given[:, [NONSENSE]], torch.tensor([0, 0])
    matched, owner = [PLACED, UNSURE, LABEL], torch.tensor([0, 0, 1])
    assert of.statements is not None
    bare = {
        "dense": dense_grounding.dense_loss(own, masks, even),
        "pointing": dense_grounding.pointing_loss(own, masks, even),
        "cnr": dense_grounding.cnr_loss(own, masks, even),
        "other side": dense_grounding.pointing_loss(swapped, right, torch.ones(1)),
        "absence": dense_grounding.absence_loss(given, of.safe),
        "nowhere": dense_grounding.nowhere_loss(pooled[:, NONSENSE]),
        "nonsense correlation": dense_grounding.nonsense_correlation_loss(own, dark, image),
        "labels": dense_grounding.label_loss(pooled[1, [LABEL, ABSENT]], torch.tensor([1.0, 0.0])),
        "local_mi": dense_grounding.local_mutual_information_loss(
            pooled[:, matched], owner, of.safe[:, matched] > 0
        ),
        "language": dense_grounding.language_loss(of.statements),
    }
    found = parts(given, of)
    assert set(found) == set(bare)
    for name, value in bare.items():
        assert found[name].item() == pytest.approx(said[name] * value.item()), name
