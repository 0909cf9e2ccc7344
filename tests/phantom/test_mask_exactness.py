"""The pixel truth: a finding changes the tissues inside its mask and nowhere beyond its halo.

The halo is the rim in which a change may fade (`_place.HALO_MM`): 12 mm for opacities, which have
no border, 3 mm for devices and thin dense things, which have one. It is a few pixels of a film.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pytest

from explorer.phantom.findings import list_findings
from explorer.phantom.findings._base import Inserted
from explorer.phantom.findings._place import HALO_MM, fade, halo_mm, place
from explorer.phantom.poses import PoseBank
from explorer.phantom.scene import Scene, frame_scene
from explorer.phantom.shards import MASK_SIZE, shrink_mask
from explorer.phantom.study import PhantomFinding

from .scenes import path

FINDINGS = sorted(list_findings())
SIZE = 160
# Thin things: their mask is widened on purpose so that they can be pointed at.
WIDENED = {
    "aortic_calcification", "central_line", "chest_tube", "feeding_tube", "icd", "interstitial",
    "nasogastric_tube", "pacemaker", "picc", "port", "prosthetic_valve", "sternal_wires",
    "clavicle_fracture", "rib_fracture", "pneumothorax", "hyperinflation",
}  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """What one finding did to a scene.

    Attributes:
        change: (S, S) absolute change of the path in cm of water.
        px_per_mm, mid_x: Of the scene: pixels a millimetre, and the trachea's column.
    """

    change: np.ndarray
    px_per_mm: float
    mid_x: float
    inserted: Inserted


def make_scene(bank: PoseBank, seed: int) -> Scene:
    poses = bank.indices(lateral=False)
    pose = bank.load(poses[seed % len(poses)])
    return frame_scene(
        pose.layers,
        pose.landmarks,
        view=pose.view,
        pixel_mm=pose.pixel_mm,
        size=(SIZE, SIZE),
        rng=np.random.default_rng(seed),
    )


@cache
def _placed(bank: PoseBank, name: str) -> tuple[Placed, ...]:
    found: list[Placed] = []
    for seed in range(24):
        scene = make_scene(bank, seed)
        before, mid_x = path(scene), scene.mid_x
        inserted = place(list_findings()[name], scene, np.random.default_rng(seed))
        if inserted is not None:
            change = np.abs(path(scene) - before)
            found.append(Placed(change, scene.px_per_mm, mid_x, inserted))
        if len(found) == 4:
            break
    return tuple(found)


def placements(bank: PoseBank, name: str) -> tuple[Placed, ...]:
    """The first four seeds at which the finding fits this small patient."""
    return _placed(bank, name) or pytest.fail(f"{name} never fitted")


def reach_px(name: str, placed: Placed) -> float:
    """Width of the halo in pixels; 2 pixels at least, as drawn edges are blurred by one."""
    return max(2.0, halo_mm(list_findings()[name].CARD) * placed.px_per_mm)


def moved(inserted: Inserted) -> np.ndarray:
    """The mask, and the tissues that the finding says it moved beside it."""
    return inserted.mask if inserted.beyond is None else inserted.mask | inserted.beyond


@pytest.mark.parametrize("name", FINDINGS)
def test_nothing_changes_beyond_the_halo(bank: PoseBank, name: str) -> None:
    for placed in placements(bank, name):
        outside = (~moved(placed.inserted)).astype(np.uint8)
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
        assert placed.change[distance >= reach_px(name, placed)].max(initial=0) == 0


@pytest.mark.parametrize("name", FINDINGS)
def test_inside_the_mask_it_changes(bank: PoseBank, name: str) -> None:
    """Half of the mask at least changes by more than 0.02 cm; a fifth where it is widened."""
    for placed in placements(bank, name):
        mask = placed.inserted.mask
        share = float((placed.change[mask] > 0.02).mean())
        assert share > (0.2 if name in WIDENED else 0.5), share


@pytest.mark.parametrize("name", FINDINGS)
def test_the_change_lies_in_the_mask(bank: PoseBank, name: str) -> None:
    """Three fifths of the change are inside the mask: its box points at what is seen."""
    shares = []
    for placed in placements(bank, name):
        mask = moved(placed.inserted)
        shares.append(float(placed.change[mask].sum() / placed.change.sum()))
    assert np.mean(shares) > 0.6, shares


@pytest.mark.parametrize("name", FINDINGS)
def test_the_same_seed_gives_the_same_bytes(bank: PoseBank, name: str) -> None:
    results = []
    for _ in range(2):
        scene = make_scene(bank, 3)
        inserted = place(list_findings()[name], scene, np.random.default_rng(11))
        mask = b"" if inserted is None else inserted.mask.tobytes()
        results.append((path(scene).tobytes(), mask))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", FINDINGS)
def test_the_side_is_that_of_the_mask(bank: PoseBank, name: str) -> None:
    """The patient's right is left of the trachea; lines that cross count by where they begin."""
    for placed in placements(bank, name):
        side, mask = placed.inserted.side, placed.inserted.mask
        if side not in {"right", "left"}:
            continue
        crosses = name in {"central_line", "picc", "port", "pacemaker", "icd"}
        rows, columns = np.nonzero(mask)
        outermost = placed.mid_x
        if crosses:  # Their tip lies in the middle: the entry decides, which is farthest out.
            away = columns - placed.mid_x
            outermost += float(away[np.argmax(np.abs(away))])
        else:
            outermost = float(columns.mean())
        assert (outermost < placed.mid_x) == (side == "right"), (side, len(rows))


@pytest.mark.parametrize("name", FINDINGS)
def test_mask_and_box_agree(bank: PoseBank, name: str) -> None:
    """Every pixel of the mask is in the box, and each of its four edges touches one."""
    for placed in placements(bank, name):
        mask = placed.inserted.mask
        box = _finding(name, placed.inserted).box
        inside = mask[int(box.y_min) : int(box.y_max), int(box.x_min) : int(box.x_max)]
        assert inside.sum() == mask.sum()
        assert inside[0].any()
        assert inside[-1].any()
        assert inside[:, 0].any()
        assert inside[:, -1].any()


@pytest.mark.parametrize("name", FINDINGS)
def test_a_shard_keeps_the_truth(bank: PoseBank, name: str) -> None:
    """A shrunk cell that is set holds pixels of the mask; one wholly covered is set."""
    for placed in placements(bank, name):
        mask = placed.inserted.mask
        small = shrink_mask(mask)
        cells = mask.reshape(MASK_SIZE, SIZE // MASK_SIZE, MASK_SIZE, SIZE // MASK_SIZE)
        covered = cells.mean(axis=(1, 3))
        assert small.any()
        assert (covered[small] > 0).all()
        assert small[covered == 1].all()


def _finding(name: str, inserted: Inserted) -> PhantomFinding:
    card = list_findings()[name].CARD
    return PhantomFinding(
        finding=name, name=card.name, kind=card.kind, labels=card.labels, mask=inserted.mask,
        side=inserted.side, zone=inserted.zone, lobe=inserted.lobe, severity=inserted.severity,
        size_mm=inserted.size_mm, phrases={},
    )  # fmt: skip


def test_shrinking_by_hand() -> None:
    """A cell of 4 x 4 pixels needs a fifth of them: 4 of 16 are enough, 3 are not."""
    mask = np.zeros((320, 320), bool)
    mask[0, 0:4] = True
    mask[4:8, 4:7] = True
    mask[8, 8:11] = True
    assert [tuple(cell) for cell in np.argwhere(shrink_mask(mask))] == [(0, 0), (1, 1)]


def test_a_thin_mask_keeps_what_it_touches() -> None:
    mask = np.zeros((320, 320), bool)
    mask[100, 100] = True
    assert [tuple(cell) for cell in np.argwhere(shrink_mask(mask))] == [(25, 25)]


def test_fade_by_hand() -> None:
    """1 on the mask, a half in the middle of the rim, 0 from its end on."""
    mask = np.zeros((1, 9), bool)
    mask[0, 0] = True
    share = fade(mask, width_px=4.0)[0]
    assert share[0] == 1
    assert share[2] == pytest.approx(0.5)
    assert share[4:].max() == 0


def test_what_found_no_room_leaves_no_trace(bank: PoseBank) -> None:
    class NoRoom:
        CARD = list_findings()["nodule"].CARD

        @staticmethod
        def insert(scene: Scene, rng: np.random.Generator, /) -> Inserted | None:
            scene.extra += 1.0
            scene.layers["heart"] = scene.layers["heart"] * float(rng.uniform(2, 3))
            return None

    scene = make_scene(bank, 0)
    before = path(scene)
    assert place(NoRoom(), scene, np.random.default_rng(0)) is None
    assert np.array_equal(path(scene), before)


def test_halos_are_small() -> None:
    assert HALO_MM == {"finding": 12.0, "device": 3.0}
    assert max(halo_mm(m.CARD) for m in list_findings().values()) <= 15
