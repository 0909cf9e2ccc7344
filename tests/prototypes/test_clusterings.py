"""Every clustering finds plain groups, gives the same twice, and the formulas are the papers'."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from explorer.embeddings import unit
from explorer.prototypes import clusterings
from explorer.prototypes.clusterings.sinkhorn import sinkhorn_codes
from explorer.prototypes.measures import (
    concentration,
    position_shares,
    purity_of,
    stability,
)
from explorer.prototypes.records import Points
from explorer.registry import discover

METHODS = discover(clusterings)
ORACLES = Path(__file__).parents[2].parent / "shared" / "oracles"


def groups(*, each: int = 30, spread: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Four groups around the axes of eight dimensions."""
    rng = np.random.default_rng(7)
    truth = np.repeat(np.arange(4), each)
    vectors = np.eye(8)[truth] + spread * rng.normal(size=(4 * each, 8))
    return unit(vectors.astype(np.float32)), truth


def test_the_folder_is_the_list() -> None:
    assert sorted(METHODS) == ["hdbscan", "kmeans", "sinkhorn"]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_plain_groups_are_found(method: ModuleType) -> None:
    vectors, truth = groups()
    found = method.cluster(vectors, granularity=4, seed=0)
    assert found.dtype == np.int32
    inside = found >= 0
    assert inside.mean() > 0.8
    assert adjusted_rand_score(truth[inside], found[inside]) == 1.0


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_same_seed_gives_the_same(method: ModuleType) -> None:
    vectors, _ = groups(spread=0.6)
    once = method.cluster(vectors, granularity=6, seed=3)
    assert (once == method.cluster(vectors, granularity=6, seed=3)).all()


def test_hdbscan_leaves_sparse_points_out() -> None:
    vectors, _ = groups()
    odd = -np.eye(8, dtype=np.float32)[:3]  # far from all groups and from each other
    found = METHODS["hdbscan"].cluster(np.vstack([vectors, odd]), granularity=4, seed=0)
    assert found[-3:].tolist() == [-1, -1, -1]


def test_codes_are_those_of_the_reference() -> None:
    path = ORACLES / "swav_sinkhorn.npz"
    if not path.is_file():
        pytest.skip("the oracles are not on this machine")
    with np.load(path) as oracle:
        for scores, codes in (("s1", "q1"), ("s2", "q2")):
            assert np.abs(sinkhorn_codes(oracle[scores]) - oracle[codes]).max() < 1e-8
        even = sinkhorn_codes(oracle["s1"], iterations=100)
        assert np.abs(even - oracle["q1_100iters"]).max() < 1e-8


def test_codes_share_a_batch_out_evenly() -> None:
    scores = np.random.default_rng(1).normal(size=(12, 4))
    codes = sinkhorn_codes(scores, epsilon=0.5, iterations=100)
    assert codes.sum(axis=1) == pytest.approx(np.ones(12))
    assert codes.sum(axis=0) == pytest.approx(np.full(4, 3.0))


def test_concentration_is_that_of_the_reference() -> None:
    path = ORACLES / "pcl_protonce.npz"
    if not path.is_file():
        pytest.skip("the oracles are not on this machine")
    with np.load(path) as oracle:
        feats, assigned = oracle["feats"], oracle["km_assign"]
        distances = [
            np.linalg.norm(feats[assigned == k] - feats[assigned == k].mean(axis=0), axis=1)
            for k in range(len(oracle["km_density"]))
        ]
        found = concentration(distances, temperature=float(oracle["T"]))
        assert found == pytest.approx(oracle["km_density"], rel=1e-4)


def test_concentration_by_hand() -> None:
    # Means 1 and 3 over log(2 + 10); percentiles 10 and 90 of (1, 3) are 1.2 and 2.8, mean 2.
    found = concentration([np.array([1.0, 1.0]), np.array([3.0, 3.0])], temperature=0.2)
    assert found == pytest.approx([0.12, 0.28])


def test_a_likeness_that_is_a_slope_is_all_position() -> None:
    places = np.random.default_rng(0).random((200, 2)).astype(np.float32)
    noise = np.random.default_rng(1).normal(size=200)
    likeness = np.stack([2 * places[:, 0] - places[:, 1], noise], axis=1)
    slope, other = position_shares(likeness, places)
    assert slope == pytest.approx(1.0)
    assert other < 0.15


def test_purity_names_the_finding_in_excess_and_not_the_commonest() -> None:
    findings = [("scar", "mass"), ("scar", "mass"), ("scar",), ("scar",), None]
    purity = purity_of(np.array([0, 1, 4]), findings)
    assert purity is not None
    assert (purity.finding, purity.share, purity.base) == ("mass", 1.0, 0.5)
    assert purity_of(np.array([4]), findings) is None


def test_stability_is_one_for_plain_groups_and_low_without_any(points: Points) -> None:
    kmeans = METHODS["kmeans"]
    vectors, _ = groups()

    def cluster(some: np.ndarray, seed: int) -> np.ndarray:
        return kmeans.cluster(some, granularity=4, seed=seed)

    assert stability(vectors, cluster(vectors, 0), cluster, seed=0) == 1.0
    shapeless = unit(np.random.default_rng(0).normal(size=(120, 8)).astype(np.float32))
    assert stability(shapeless, cluster(shapeless, 0), cluster, seed=0) < 0.6
