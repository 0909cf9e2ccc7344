"""Retrieval metrics, counted by hand; ties and duplicates get the credit that chance would give."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.evaluation.retrieval import (
    chance_recall,
    label_log_likelihood,
    r_precision,
    recall_at,
    relevance,
)


def test_equal_reports_are_equally_right():
    assert relevance(["a", "b", "a"], ["a", "b", "a"]).tolist() == [
        [True, False, True],
        [False, True, False],
        [True, False, True],
    ]


def test_recall_counts_the_best_right_answer():
    scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1]])
    right = np.array([[True, False, False], [False, False, True]])
    assert recall_at(scores, right, 1).tolist() == [1.0, 0.0]
    assert recall_at(scores, right, 2).tolist() == [1.0, 0.0]
    assert recall_at(scores, right, 3).tolist() == [1.0, 1.0]
    assert recall_at(scores, right, 10).tolist() == [1.0, 1.0]


def test_a_tie_is_shared_among_all_orders():
    """Two candidates tie for the one place that is left; one of them is right."""
    scores = np.array([[0.9, 0.5, 0.5]])
    right = np.array([[False, True, False]])
    assert recall_at(scores, right, 2).tolist() == [0.5]


def test_a_constant_score_gives_what_chance_gives():
    right = np.array([[True, True, False, False, False]])
    for k in (1, 2, 3):
        assert_allclose(recall_at(np.ones((1, 5)), right, k), chance_recall(5, 2, k))
    assert_allclose(r_precision(np.ones((1, 5)), right), 2 / 5)


def test_chance_by_hand():
    # Neither of 2 draws from 5 is among 2 right ones: 3/5 * 2/4 = 0.3.
    assert chance_recall(5, 2, 2) == pytest.approx(0.7)
    assert chance_recall(3, 3, 1) == 1.0


def test_r_precision_looks_at_as_many_as_are_right():
    scores = np.array([[0.9, 0.8, 0.7, 0.1]])
    right = np.array([[True, False, True, True]])
    assert_allclose(r_precision(scores, right), 2 / 3)


def test_the_empty_report_is_likeliest_where_nothing_is_seen():
    """One label: log(1 - s) for the empty set, log s for the other."""
    found = label_log_likelihood(np.array([[0.2], [0.75]]), np.array([[False], [True]]))
    assert_allclose(found, np.log([[0.8, 0.2], [0.25, 0.75]]))


def test_for_one_image_sets_differ_by_the_logits_of_their_labels():
    pooled = np.array([[0.8, 0.3]])
    sets = np.array([[False, False], [True, False], [True, True]])
    found = label_log_likelihood(pooled, sets)[0]
    assert found[1] - found[0] == pytest.approx(math.log(0.8 / 0.2))
    assert found[2] - found[1] == pytest.approx(math.log(0.3 / 0.7))


def test_certain_scores_stay_finite():
    found = label_log_likelihood(np.array([[0.0, 1.0]]), np.array([[True, False]]))
    assert np.isfinite(found).all()
