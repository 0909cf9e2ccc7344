"""Fractures, scoliosis, domes and air: the mask is what changed, on its side, in true words."""

from types import ModuleType

import cv2
import numpy as np
import pytest

from explorer.phantom.findings import list_findings, pneumothorax
from explorer.phantom.findings._base import Inserted, Mask
from explorer.phantom.findings._bones import BonePoint, Break, break_bone
from explorer.phantom.findings._place import halo_mm, place
from explorer.phantom.findings._warp import bend, dome_rows, move_dome
from explorer.phantom.findings.effusion import _subpulmonic
from explorer.phantom.language import Where, all_phrases
from explorer.phantom.poses import PoseBank
from explorer.phantom.scene import Scene
from explorer.text import mentions, phrase_assertion
from explorer.text.location import find_side

from .scenes import make_scene, path

READ_AS = {
    "clavicle_fracture": "fracture",
    "elevated_diaphragm": "elevated diaphragm",
    "free_air": "free air",
    "hyperinflation": "hyperinflation",
    "rib_fracture": "fracture",
    "scoliosis": "spine curvature",
}
LOCAL = ("clavicle_fracture", "elevated_diaphragm", "free_air", "rib_fracture")
SEEDS = range(4)


def put_in(
    bank: PoseBank, module: ModuleType, seed: int
) -> tuple[Scene, np.ndarray, Inserted | None]:
    """Scene with the finding, what it changed (cm of water), and the finding."""
    scene = make_scene(bank, seed, side=160)
    before = path(scene)
    inserted = place(module, scene, np.random.default_rng(seed))
    return scene, np.abs(path(scene) - before), inserted


Found = list[tuple[Scene, np.ndarray, Inserted]]


@pytest.fixture(scope="module")
def fitting(bank: PoseBank) -> dict[str, Found]:
    """Finding -> the scenes it fitted into."""
    tried = {
        name: [put_in(bank, list_findings()[name], seed) for seed in SEEDS] for name in READ_AS
    }
    return {
        name: [(scene, change, found) for scene, change, found in of if found is not None]
        for name, of in tried.items()
    }


def grown(mask: Mask, radius_px: float) -> Mask:
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return distance <= radius_px + 1


@pytest.mark.parametrize("name", sorted(READ_AS))
def test_fits_the_small_patient_and_changes_what_it_marks(
    fitting: dict[str, Found], name: str
) -> None:
    found = fitting[name]
    assert len(found) >= 2
    for _, change, inserted in found:
        assert change[inserted.mask].max() > 0.2
        assert change[inserted.mask].mean() > 2 * change[~inserted.mask].mean()


@pytest.mark.parametrize("name", LOCAL)
def test_nothing_changes_beyond_the_mask_and_its_rim(fitting: dict[str, Found], name: str) -> None:
    module = list_findings()[name]
    for scene, change, inserted in fitting[name]:
        rim = grown(inserted.mask, halo_mm(module.CARD) * scene.px_per_mm + 2)
        assert change[~rim].max() < 1e-4


@pytest.mark.parametrize("name", LOCAL)
def test_lies_on_the_side_it_names(fitting: dict[str, Found], name: str) -> None:
    """The patient's right is at the image's left."""
    for scene, _, inserted in fitting[name]:
        columns = np.nonzero(inserted.mask)[1] + 0.5
        if inserted.side == "right":
            assert columns.mean() < scene.mid_x
        elif inserted.side == "left":
            assert columns.mean() > scene.mid_x


@pytest.mark.parametrize("name", sorted(READ_AS))
def test_same_chance_same_scene(bank: PoseBank, name: str) -> None:
    module = list_findings()[name]
    (one, _, first), (two, _, second) = (put_in(bank, module, 1) for _ in range(2))
    assert path(one).tobytes() == path(two).tobytes()
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert np.array_equal(first.mask, second.mask)
        assert first.templates == second.templates


@pytest.mark.parametrize("name", sorted(READ_AS))
def test_words_of_an_insertion_read_back(fitting: dict[str, Found], name: str) -> None:
    card = list_findings()[name].CARD
    allowed = {READ_AS[name], "emphysema"} if name == "hyperinflation" else {READ_AS[name]}
    for _, _, inserted in fitting[name]:
        spoken = all_phrases(card, Where.of(inserted), inserted.templates)
        for precision, phrases in spoken.items():
            for phrase in phrases:
                assert phrase_assertion(phrase) == "present", phrase
                assert set(mentions(phrase)) & allowed, (phrase, mentions(phrase))
                assert find_side(phrase) in {None, inserted.side}, phrase
                assert precision != "sided" or find_side(phrase) == inserted.side, phrase


def test_a_step_moves_one_fragment_only() -> None:
    """A bar of bone, broken in its middle: left of the break as before, right of it 4 mm lower."""
    layer = np.zeros((60, 80), np.float32)
    layer[26:34] = 1.0
    scene = bare_scene(layer)
    how = Break(step_mm=4.0, gap_mm=0.0, slant=0.0, reach_mm=20.0, callus_cm=0.0)
    at = BonePoint(x=40.0, y=30.0, angle=0.0, half_mm=4.0)
    mask = break_bone(scene, np.random.default_rng(0), name="ribs", at=at, how=how)
    after = scene.layers["ribs"]
    assert np.array_equal(after[:, :40], layer[:, :40])
    assert np.flatnonzero(after[:, 41] > 0.5)[0] in {29, 30}
    assert np.array_equal(after[~mask], layer[~mask])


def test_callus_adds_bone_and_a_gap_takes_it_away() -> None:
    layer = np.zeros((60, 80), np.float32)
    layer[26:34] = 1.0
    at = BonePoint(x=40.0, y=30.0, angle=0.0, half_mm=4.0)
    healed, fresh = bare_scene(layer), bare_scene(layer)
    rng = np.random.default_rng(0)
    how = Break(step_mm=0.0, gap_mm=0.0, slant=0.0, reach_mm=12.0, callus_cm=1.0)
    break_bone(healed, rng, name="ribs", at=at, how=how)
    how = Break(step_mm=0.0, gap_mm=1.5, slant=0.0, reach_mm=12.0, callus_cm=0.0)
    break_bone(fresh, rng, name="ribs", at=at, how=how)
    assert healed.layers["ribs"][30, 40] > 1.5
    assert fresh.layers["ribs"][30, 40] < 0.4


def bare_scene(layer: np.ndarray) -> Scene:
    """A scene of one layer, a millimetre a pixel."""
    return Scene(
        layers={"ribs": layer.copy()},
        lungs={},
        px_per_mm=1.0,
        landmarks={},
        view="PA",
        extra=np.zeros_like(layer),
    )


def test_bend_shows_what_was_beside() -> None:
    ramp = np.tile(np.arange(10, dtype=np.float32), (3, 1))
    assert np.allclose(bend(ramp, dx=2.0)[:, :8], ramp[:, 2:])


def test_raised_dome_stands_higher(bank: PoseBank) -> None:
    scene = make_scene(bank, 0, side=160)
    px = scene.px_per_mm
    found = dome_rows(scene.lungs["right"], px_per_mm=px)
    assert found is not None
    dome, side_place = found
    inner = (side_place > 0.3) & (side_place < 0.7)
    lift = np.where((side_place > 0) & (side_place < 1), 20 * px, 0).astype(np.float32)
    move_dome(scene, "right", lift=lift, dome=dome, room_px=18 * px)
    again = dome_rows(scene.lungs["right"], px_per_mm=px)
    assert again is not None
    assert 10 < np.median((dome - again[0])[inner]) / px < 30


def test_hyperinflated_lungs_are_longer_and_thinner(bank: PoseBank) -> None:
    scene, plain = make_scene(bank, 2, side=160), make_scene(bank, 2, side=160)
    module = list_findings()["hyperinflation"]
    inserted = place(module, scene, np.random.default_rng(2))
    assert inserted is not None
    assert inserted.side == "bilateral"
    for side in ("right", "left"):
        before, after = plain.lungs[side].aerated, scene.lungs[side].aerated
        assert np.flatnonzero(after.any(axis=1))[-1] >= np.flatnonzero(before.any(axis=1))[-1] - 1
        both = before & after & (plain.lungs[side].height < 0.6)
        assert scene.lungs[side].thickness[both].mean() < plain.lungs[side].thickness[both].mean()


def test_scoliosis_bows_the_spine_and_leaves_its_top(bank: PoseBank) -> None:
    scene, plain = make_scene(bank, 1, side=160), make_scene(bank, 1, side=160)
    inserted = list_findings()["scoliosis"].insert(scene, np.random.default_rng(1))
    assert inserted is not None

    def middle(of: Scene) -> np.ndarray:
        spine = of.layers["spine"]
        return (spine * np.arange(spine.shape[1])).sum(1) / np.maximum(spine.sum(1), 1e-3)

    moved = np.abs(middle(scene) - middle(plain)) / scene.px_per_mm
    rows = np.flatnonzero(inserted.mask.any(axis=1))
    assert moved[rows].max() > 6
    assert np.array_equal(scene.layers["spine"][:3], plain.layers["spine"][:3])


def test_tension_pushes_the_heart_to_the_other_side(
    bank: PoseBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pneumothorax, "draw_air", lambda _: ("right", "tension", 0.4))
    scene, plain = make_scene(bank, 3, side=160), make_scene(bank, 3, side=160)
    inserted = place(pneumothorax, scene, np.random.default_rng(3))
    assert inserted is not None
    assert inserted.beyond is not None
    assert any("tension" in text for text in inserted.templates)

    def centre(of: Scene) -> float:
        heart = of.layers["heart"]
        return float((heart.sum(0) * np.arange(heart.shape[1])).sum() / heart.sum())

    assert centre(scene) > centre(plain) + 4 * scene.px_per_mm  # The patient's left: rightwards.
    assert inserted.side == "right"
    assert np.nonzero(inserted.mask)[1].mean() < centre(plain)


def test_subpulmonic_fluid_lies_on_the_dome(bank: PoseBank) -> None:
    for seed in SEEDS:
        scene = make_scene(bank, seed, side=160)
        lung = scene.lungs["right"]
        inserted = _subpulmonic(scene, np.random.default_rng(seed), side="right")
        if inserted is None:
            continue
        assert inserted.side == "right"
        assert lung.height[inserted.mask].mean() > 0.6
        assert scene.extra[inserted.mask].min() > 0.3
        assert all("subpulmonic" in text for text in inserted.templates)
        return
    pytest.fail("a subpulmonic effusion never fitted")
