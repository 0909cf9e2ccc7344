"""Readers of vectors: areas, probes, neighbours, alignment and uniformity."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from explorer.evaluation.corruptions import CORRUPTIONS, corrupted
from explorer.evaluation.probing import (
    alignment,
    areas,
    auroc,
    fit_linear,
    mean_areas,
    nearest_scores,
    share_of_patients,
    uniformity,
)

ORACLE = np.load(Path(__file__).parent.parent / "data" / "eval_metrics.npz")
TOLERANCE = json.loads(str(ORACLE["meta"]))["tol"]


def test_area_alignment_and_uniformity_agree_with_the_oracle() -> None:
    found = auroc(ORACLE["s"][:, None], ORACLE["y"][:, None].astype(np.float32))
    assert found[0, 0] == pytest.approx(float(ORACLE["auroc"]), abs=TOLERANCE)
    z1, z2 = ORACLE["z1"], ORACLE["z2"]
    assert alignment(z1, z2) == pytest.approx(float(ORACLE["alignment"]), abs=TOLERANCE)
    assert uniformity(z1) == pytest.approx(float(ORACLE["uniformity"]), abs=TOLERANCE)


@settings(max_examples=30)
@given(st.integers(0, 999), st.integers(2, 30))
def test_weighted_area_counts_ties_half_as_scikit_learn_does(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, count).astype(float)
    labels = (np.arange(count) % 2).astype(np.float32)
    weight = rng.integers(0, 3, count).astype(float)
    weight[:2] = 1.0  # one of each kind is drawn
    found = auroc(scores[:, None], labels[:, None], weight=weight[None])
    expected = roc_auc_score(labels, scores, sample_weight=weight)
    assert found[0, 0] == pytest.approx(expected)


def test_unknown_labels_and_findings_of_one_kind_are_left_out() -> None:
    scores = np.array([[0.1, 0.1], [0.9, 0.9], [0.0, 0.5]])
    labels = np.array([[0, 1], [1, 1], [np.nan, np.nan]], np.float32)
    found = areas(scores, labels, patients=["a", "b", "c"], replicates=50, seed=0)
    assert found.findings[0] == 1.0
    assert np.isnan(found.findings[1])
    assert found.macro == 1.0
    assert found.interval == (1.0, 1.0)


def test_intervals_draw_patients_and_not_films() -> None:
    """Copies of a film of the same patient tell nothing new."""
    rng = np.random.default_rng(0)
    labels = (np.arange(40) % 2).astype(np.float32)[:, None]
    scores = labels + rng.normal(size=(40, 1))
    patients = [str(k) for k in range(40)]

    def width(times: int, names: list[str]) -> float:
        low, high = areas(
            np.tile(scores, (times, 1)), np.tile(labels, (times, 1)),
            patients=names, replicates=400, seed=0,
        ).interval  # fmt: skip
        return high - low

    once = width(1, patients)
    assert width(4, patients * 4) == pytest.approx(once, rel=0.02)
    assert width(4, [str(k) for k in range(160)]) < 0.7 * once


def test_a_probe_finds_what_lies_along_a_line_and_leaves_out_what_it_never_saw() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 5)).astype(np.float32)
    labels = np.stack([vectors[:, 1] > 0, np.ones(60)], axis=1).astype(np.float32)
    labels[:5, 0] = np.nan
    probe = fit_linear(vectors[:40], labels[:40], strength=1.0)
    assert probe.learned.tolist() == [True, False]
    logits = probe.logits(vectors[40:])
    assert auroc(logits[:, :1], labels[40:, :1])[0, 0] > 0.95
    assert np.isnan(logits[:, 1]).all()


def test_neighbours_vote_by_their_nearness_and_unknown_ones_not_at_all() -> None:
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32)
    labels = np.array([[1], [np.nan], [0]], np.float32)
    asked = np.array([[1, 0], [0, 1]], np.float32)
    found = nearest_scores(vectors, labels, asked, count=2)
    assert found[:, 0].tolist() == [1.0, 0.0]
    whole = nearest_scores(vectors, labels, asked, count=3, temperature=1e9)
    assert whole[:, 0].tolist() == pytest.approx([0.5, 0.5])


def test_shares_take_whole_patients_and_the_mean_of_draws_is_by_finding() -> None:
    patients = [str(k // 3) for k in range(30)]
    rows = share_of_patients(patients, 0.2, rng=np.random.default_rng(0))
    assert len(rows) == 6
    assert len({patients[r] for r in rows}) == 2
    scores, labels = np.arange(6.0)[:, None], np.array([[0], [1]] * 3, np.float32)
    one = areas(scores, labels, patients=list("abcdef"), replicates=3, seed=0)
    other = areas(-scores, labels, patients=list("abcdef"), replicates=3, seed=0)
    assert mean_areas([one, other]).macro == pytest.approx(0.5)
    assert mean_areas([one, other]).replicates == pytest.approx([0.5] * 3, nan_ok=True)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_more_strength_changes_a_film_more_and_stays_in_range(kind: str) -> None:
    rows, columns = np.mgrid[:240, :200] / 240.0
    film = (0.2 + 0.6 * np.exp(-((rows - 0.4) ** 2 + (columns - 0.5) ** 2) / 0.001)).astype(
        np.float32
    )
    _, strengths, _ = CORRUPTIONS[kind]
    changes = []
    for strength in strengths:
        worse = corrupted(film, kind, strength, seed=3)
        assert worse.dtype == np.float32
        assert worse.shape == film.shape
        assert 0 <= worse.min() <= worse.max() <= 1
        assert np.array_equal(worse, corrupted(film, kind, strength, seed=3))
        changes.append(float(np.abs(worse - film).mean()))
    assert 0 < changes[0] < changes[1] < changes[2]


def test_alignment_is_zero_for_equal_vectors_and_spread_vectors_are_more_uniform() -> None:
    circle = np.stack([np.cos(np.arange(12)), np.sin(np.arange(12))], axis=1)
    assert alignment(circle, circle) == 0.0
    assert alignment(circle, -circle) == pytest.approx(4.0)
    assert uniformity(circle) < uniformity(circle * [1, 0.1] + [5, 0]) < 0.0
