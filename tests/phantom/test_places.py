"""Places, sizes and company of findings follow the annotation that was counted."""

from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import DataSetError
from explorer.phantom import combinations, places
from explorer.phantom.findings import list_findings
from explorer.phantom.poses import PoseBank
from explorer.phantom.scene import Scene, frame_scene

COUNTED = sorted(places.annotation()["findings"])
BOXED = [name for name in COUNTED if "width" in places.statistics_of(name)]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "phantoms.md"


@pytest.fixture(scope="module")
def scene(bank: PoseBank) -> Scene:
    pose = bank.load(bank.indices(lateral=False)[0])
    return frame_scene(
        pose.layers,
        pose.landmarks,
        view=pose.view,
        pixel_mm=pose.pixel_mm,
        size=(128, 128),
        rng=np.random.default_rng(0),
    )


def coarse(centres: np.ndarray) -> np.ndarray:
    """Shares of (u, v) in a 4 x 4 grid, rows from the apex down."""
    counts = np.zeros((4, 4))
    cells = np.clip((centres * 4).astype(int), 0, 3)
    np.add.at(counts, (cells[:, 1], cells[:, 0]), 1)
    return counts / counts.sum()


def counted(name: str) -> np.ndarray:
    grid = np.asarray(places.statistics_of(name)["grid"], float)
    return grid.reshape(4, 4, 4, 4).sum(axis=(1, 3)) / grid.sum()


def test_file_is_small_and_holds_aggregates_only() -> None:
    text = files("explorer.phantom").joinpath("annotation.json").read_bytes()
    assert len(text) < 60_000
    found = places.annotation()
    assert found["version"] == 1
    assert set(found) == {"version", "tables", "lungs_in_frame", "sources", "findings", "labels"}
    assert all(set(source) == {"title", "terms"} for source in found["sources"].values())


@pytest.mark.parametrize("name", COUNTED)
def test_statistics_are_complete(name: str) -> None:
    found = places.statistics_of(name)
    assert sum(found["sources"].values()) == found["boxes"] >= found["films"] > 0
    assert set(found["sources"]) <= set(places.annotation()["sources"])
    assert sum(found["sides"].values()) == pytest.approx(1, abs=0.002)
    for key in {"width", "aspect"} & set(found):
        assert len(found[key]) == 11
        assert found[key] == sorted(found[key])
        assert found[key][0] > 0


def test_finding_that_was_not_counted_is_named() -> None:
    with pytest.raises(DataSetError, match=r"No annotation of 'port'.*Available: atelectasis"):
        places.statistics_of("port")


@pytest.mark.parametrize("name", COUNTED)
def test_500_centres_match_the_grid(name: str) -> None:
    """Half the summed difference of 16 shares; chance alone leaves about 0.06 at 500 draws."""
    drawn = places.draw_centre(name, np.random.default_rng(1), count=500)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert 0.5 * np.abs(coarse(drawn) - counted(name)).sum() < 0.11


@pytest.mark.parametrize("name", COUNTED)
def test_sides_match(name: str) -> None:
    rng = np.random.default_rng(2)
    drawn = Counter(places.draw_side(name, rng) for _ in range(1000))
    for side, share in places.statistics_of(name)["sides"].items():
        assert drawn[side] / 1000 == pytest.approx(share, abs=0.06)


def test_one_sided_draws_leave_bilateral_out() -> None:
    rng = np.random.default_rng(2)
    drawn = Counter(places.draw_side("interstitial", rng, both=False) for _ in range(300))
    assert set(drawn) == {"right", "left"}


@pytest.mark.parametrize("name", BOXED)
def test_sizes_match(name: str) -> None:
    """Seven draws in ten follow the quantiles: their share below the median is a half."""
    rng = np.random.default_rng(3)
    quantiles = places.statistics_of(name)["width"]
    exact = [places.draw_quantile(quantiles, rng, uniform=0.0) for _ in range(800)]
    assert np.mean(np.array(exact) < quantiles[5]) == pytest.approx(0.5, abs=0.06)
    mixed = [places.draw_size(name, rng)[0] for _ in range(300)]
    assert quantiles[0] <= min(mixed)
    assert max(mixed) <= quantiles[-1]


def test_radius_keeps_to_its_range(scene: Scene) -> None:
    rng = np.random.default_rng(11)
    drawn = [
        places.draw_radius_mm("nodule", scene, rng, share=0.9, within=(3.2, 15)) for _ in range(100)
    ]
    assert min(drawn) > 3.2
    assert max(drawn) < 15
    assert len(set(drawn)) == 100  # Drawn again, not cut off.


def test_places_lie_in_the_lung_they_name(scene: Scene) -> None:
    rng = np.random.default_rng(4)
    for name in COUNTED:
        for _ in range(20):
            place = places.draw_place(name, scene, rng, depth_mm=6)
            if place is None:
                continue
            lung = scene.lungs[place.side]
            row, column = int(place.y), int(place.x)
            assert lung.depth_mm[row, column] > 6
            third = ("upper", "mid", "lower").index(place.zone)
            assert third / 3 <= lung.height[row, column] <= (third + 1) / 3


def test_asked_lung_is_kept(scene: Scene) -> None:
    rng = np.random.default_rng(5)
    drawn = [places.draw_place("nodule", scene, rng, side="left") for _ in range(50)]
    assert {place.side for place in drawn if place is not None} == {"left"}


def test_no_room_is_none(scene: Scene) -> None:
    rng = np.random.default_rng(5)
    assert places.draw_place("nodule", scene, rng, depth_mm=1e4) is None


def test_places_follow_the_annotation_in_a_scene(scene: Scene) -> None:
    """Atelectasis lies lower than nodules, on average over 200 draws each."""
    rng = np.random.default_rng(6)
    rows = {
        name: np.mean([p.y for _ in range(200) if (p := places.draw_place(name, scene, rng))])
        for name in ("atelectasis", "nodule")
    }
    assert rows["atelectasis"] > rows["nodule"] + 2


def test_same_seed_same_place(scene: Scene) -> None:
    def draw() -> tuple[object, ...]:
        rng = np.random.default_rng(7)
        return (
            places.draw_place("mass", scene, rng),
            places.draw_size("mass", rng),
            places.draw_air(rng),
            combinations.draw_findings(list_findings(), view="PA", rng=rng),
        )

    assert draw() == draw()


def test_most_pneumothoraces_are_apical_and_some_large() -> None:
    rng = np.random.default_rng(8)
    kinds = Counter(places.draw_air(rng)[1] for _ in range(600))
    assert kinds.most_common(1)[0][0] == "apical"
    assert kinds["large"] > 20


def test_labels_are_nih_labels_and_findings_exist() -> None:
    labels = set(places.annotation()["labels"]["PA"]["frequency"])
    for name, of in combinations.NIH_LABELS.items():
        assert set(of) <= labels
        assert name in list_findings()


def test_labelled_findings_keep_what_their_cards_claim_together() -> None:
    """NIH divides it anew; findings without a label keep their card's frequency."""
    modules = list_findings()
    weights = combinations.frequencies(modules, view="PA")
    labelled = combinations.NIH_LABELS
    cards = {n: m.CARD.frequency[0] for n, m in modules.items() if m.CARD.kind == "finding"}
    assert set(weights) == set(cards)
    assert sum(weights[n] for n in labelled) == pytest.approx(sum(cards[n] for n in labelled))
    assert weights["granuloma"] == cards["granuloma"]
    assert weights["effusion"] > weights["edema"]


@pytest.mark.parametrize(
    ("one", "other", "sign"),
    [
        ("effusion", "atelectasis", 1),
        ("effusion", "cardiomegaly", 1),
        ("mass", "nodule", 1),
        ("cardiomegaly", "pneumothorax", -1),
        ("cardiomegaly", "nodule", -1),
    ],
)
def test_lift_is_reproduced_in_sign(one: str, other: str, sign: int) -> None:
    """Pairs that NIH shows together more (less) often than chance are drawn so, too."""
    assert np.sign(combinations.lift(one, other, view="PA") - 1) == sign
    assert combinations.lift(one, other, view="PA") == combinations.lift(other, one, view="PA")
    drawn = studies()
    both = np.mean([one in study and other in study for study in drawn])
    chance = np.mean([one in s for s in drawn]) * np.mean([other in s for s in drawn])
    # Sets without repetition lower every pair a little; compare with the mean pair.
    assert np.sign(both / chance - middle_lift(drawn)) == sign


@cache
def studies() -> list[frozenset[str]]:
    rng = np.random.default_rng(9)
    modules = list_findings()
    return [frozenset(combinations.draw_findings(modules, view="PA", rng=rng)) for _ in range(3000)]


def middle_lift(drawn: list[frozenset[str]]) -> float:
    """Seen over expected pairs, all labelled findings together."""
    names = list(combinations.NIH_LABELS)
    has = np.array([[n in s for n in names] for s in drawn], float)
    share = has.mean(axis=0)
    pairs = np.triu_indices(len(names), 1)
    seen, expected = (has.T @ has / len(drawn))[pairs], np.outer(share, share)[pairs]
    return float(seen.sum() / expected.sum())


def test_unlabelled_findings_go_with_everything() -> None:
    assert combinations.lift("granuloma", "effusion", view="AP") == 1
    assert combinations.lift("ground_glass", "ground_glass", view="AP") == 1


def test_a_share_of_films_is_normal() -> None:
    rng = np.random.default_rng(10)
    modules = list_findings()
    devices = {n for n, m in modules.items() if m.CARD.kind == "device"}
    drawn = [set(combinations.draw_findings(modules, view="AP", rng=rng)) for _ in range(800)]
    share = np.mean([not (study - devices) for study in drawn])
    assert share == pytest.approx(combinations.NORMAL, abs=0.04)


@pytest.mark.parametrize("name", COUNTED)
def test_docs_say_the_counts(name: str) -> None:
    found = places.statistics_of(name)
    row = next(r for r in DOCS.read_text().splitlines() if r.startswith(f"| `{name}` |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2] == f"{found['boxes']:,}"
    assert cells[3] == f"{found['films']:,}"
    if "width" in found:
        assert cells[4].startswith(f"{found['width'][5]:.2f}")
