"""Every finding of the folder: complete card, a change, and a mask that fits the change."""

import numpy as np
import pytest

from explorer.phantom.findings import list_findings
from explorer.phantom.findings._base import Inserted
from explorer.phantom.poses import PoseBank
from explorer.phantom.scene import Scene
from explorer.phantom.study import PRECISIONS

from .scenes import make_scene, path

FINDINGS = sorted(list_findings())


def insert(bank: PoseBank, name: str) -> tuple[Scene, np.ndarray, Inserted]:
    """First seed at which the finding fits this small patient."""
    for seed in range(8):
        scene = make_scene(bank, seed, side=128)
        before = path(scene)
        inserted = list_findings()[name].insert(scene, np.random.default_rng(seed))
        if inserted is not None:
            return scene, np.abs(path(scene) - before), inserted
    pytest.fail(f"{name} never fitted")


@pytest.mark.parametrize("name", FINDINGS)
def test_card_is_complete(name: str) -> None:
    card = list_findings()[name].CARD
    assert card.nouns
    assert card.absent
    assert card.labels
    assert all(text.endswith(".") for text in card.absent)
    assert max(card.frequency) > 0


@pytest.mark.parametrize("name", FINDINGS)
def test_mask_covers_the_change(bank: PoseBank, name: str) -> None:
    """The film changes more inside the mask than outside, and inside it does change."""
    _, change, inserted = insert(bank, name)
    assert inserted.mask.any()
    assert change[inserted.mask].mean() > 3 * change[~inserted.mask].mean()
    assert (change[inserted.mask] > 1e-4).mean() > (0.3 if "line" in name else 0.2)


@pytest.mark.parametrize("name", ["nodule", "mass", "granuloma", "effusion", "consolidation"])
def test_nothing_strong_is_outside_the_mask(bank: PoseBank, name: str) -> None:
    """Above the visibility limit, changed pixels and mask are the same set (crumbs aside)."""
    scene, change, inserted = insert(bank, name)
    hidden = np.zeros(scene.shape, bool)
    for lung in scene.lungs.values():
        hidden |= lung.full & (lung.height > 1.0)
    strong = (change > 0.5 * change.max()) & ~hidden
    assert (strong & ~inserted.mask).sum() <= 0.02 * strong.sum()


@pytest.mark.parametrize("name", ["nodule", "pneumothorax", "effusion", "consolidation"])
def test_side_is_where_the_lung_is(bank: PoseBank, name: str) -> None:
    """The patient's right lung is at the image's left."""
    scene, _, inserted = insert(bank, name)
    columns = np.nonzero(inserted.mask)[1]
    if inserted.side == "right":
        assert columns.mean() < scene.mid_x
    elif inserted.side == "left":
        assert columns.mean() > scene.mid_x


def test_pneumothorax_takes_markings_away(bank: PoseBank) -> None:
    scene, _, inserted = insert(bank, "pneumothorax")
    name = "lung_RUL" if inserted.side == "right" else "lung_LUL"
    lobe = scene.layers[name][inserted.mask]
    depth = scene.lungs[inserted.side or "right"].thickness[inserted.mask]
    assert (lobe <= 0.5 * 0.16 * depth + 0.05).mean() > 0.8


def test_precisions_are_named_once() -> None:
    assert len(set(PRECISIONS)) == len(PRECISIONS) == 6
