"""The one definition of agreement: pooling against torch, stored films, log-odds by hand."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from explorer.embeddings import Scoring
from explorer.encoders.pooling import POOLING_NAMES as TORCH_NAMES
from explorer.encoders.pooling import pool
from explorer.entities import Assertion
from explorer.grounding.alignment import (
    POOLING_NAMES,
    film_logits,
    log_odds,
    phrase_base,
    pooled_logits,
    report_log_odds,
    representatives,
    statement_gains,
)


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("name", POOLING_NAMES)
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_pooling_is_that_of_training(name: str, temperature: float) -> None:
    cosine = np.random.default_rng(0).uniform(-1, 1, (3, 50)).astype(np.float32)
    scoring = Scoring(15.0, -2.0, name, temperature, pooled_bias=0.75)
    expected = pool(torch.from_numpy(cosine) * 15 - 2, name, temperature=temperature) + 0.75
    assert_allclose(pooled_logits(cosine, scoring), expected, rtol=1e-4)


def test_the_names_are_those_of_training() -> None:
    assert POOLING_NAMES == TORCH_NAMES
    with pytest.raises(ValueError, match="Unknown pooling 'min'"):
        pooled_logits(np.zeros((1, 2)), Scoring(1, 0, "max"), pooling="min")


@pytest.mark.parametrize("name", POOLING_NAMES)
def test_a_patch_counted_three_times_is_three_patches(name: str) -> None:
    cosine, counts = np.array([0.4, -0.2, 0.1]), np.array([1.0, 3.0, 2.0])
    scoring = Scoring(8.0, -1.0, name)
    once = pooled_logits(np.repeat(cosine, [1, 3, 2]), scoring)
    assert_allclose(pooled_logits(cosine, scoring, counts=counts), once)


def test_huge_logits_neither_overflow_nor_warn() -> None:
    for name in POOLING_NAMES:
        found = pooled_logits(np.array([[1.0, -1.0]]), Scoring(5000.0, 0.0, name))
        assert np.isfinite(found).all()


def test_another_pooling_leaves_the_bias_out() -> None:
    scoring = Scoring(2.0, 1.0, "max", pooled_bias=10.0)
    cosine = np.array([0.5, 0.0])
    assert pooled_logits(cosine, scoring) == 2 * 0.5 + 1 + 10
    assert pooled_logits(cosine, scoring, pooling="mean") == 2 * 0.25 + 1


def test_a_film_of_all_its_patches_scores_as_the_film() -> None:
    rng = np.random.default_rng(1)
    grid, text = unit(rng.normal(size=(4, 5, 6))), unit(rng.normal(size=(3, 6)))
    scoring = Scoring(9.0, -1.0, "log-sum-exp", pooled_bias=0.5)
    patches, counts = representatives(grid, count=20)
    whole = pooled_logits((grid.reshape(20, 6) @ text.T).T, scoring)
    assert_allclose(film_logits(patches[None], counts[None], text, scoring)[0], whole, rtol=1e-5)


@pytest.mark.parametrize("name", POOLING_NAMES)
def test_films_in_one_product_score_as_each_alone_in_double_precision(name: str) -> None:
    rng = np.random.default_rng(4)
    patches, text = unit(rng.normal(size=(5, 7, 6))), unit(rng.normal(size=(3, 6)))
    counts = rng.integers(1, 40, (5, 7)).astype(np.float32)
    scoring = Scoring(15.0, -2.0, name, 0.7, pooled_bias=0.5)
    alone = [
        pooled_logits((film.astype(np.float64) @ text.T).T, scoring, counts=known)
        for film, known in zip(patches, counts, strict=True)
    ]
    assert_allclose(film_logits(patches, counts, text, scoring), alone, atol=1e-4)


def test_representatives_keep_the_rare_patch_and_count_the_others() -> None:
    common, rare = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]
    grid = np.array([common] * 11 + [rare], np.float32).reshape(3, 4, 3)
    patches, counts = representatives(grid, count=2)
    assert_allclose(patches, [common, rare])
    assert_allclose(counts, [11, 1])


def test_equal_patches_are_never_chosen_twice() -> None:
    patches, counts = representatives(np.full((3, 2), 0.5, np.float32), count=3)
    assert np.isfinite(patches).all()
    assert_allclose(counts, 1)


def test_representatives_are_the_means_of_what_they_count() -> None:
    grid = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, -1.0]], np.float32)
    patches, counts = representatives(grid, count=2)
    assert_allclose(patches, [[0.9, 0.3], [0.0, -1.0]])
    assert_allclose(counts, [2, 1])


def test_log_odds_by_hand() -> None:
    # Mean 2, deviation 1 of other films; a film of 4 lies two deviations above.
    base = phrase_base(np.array([[1.0], [3.0]]))
    assert_allclose(log_odds(np.array([[2.0], [4.0]]), base)[0], 0.0, atol=1e-12)
    assert_allclose(
        log_odds(np.array([4.0]), base), 2 * log_odds(np.array([3.0]), base), atol=1e-12
    )
    # A film of weight 3 counts as three films.
    heavy = phrase_base(np.array([[1.0], [3.0]]), weight=np.array([3.0, 1.0]))
    assert_allclose([heavy.mean[0], heavy.spread[0] ** 2], [1.5, 0.75])
    with pytest.raises(ValueError, match="films >= 2"):
        phrase_base(np.zeros((1, 3)))


def test_phrases_of_different_scales_get_the_same_log_odds() -> None:
    logits = np.array([[-5.0, 0.1], [-3.0, 0.3], [1.0, 0.7]])
    found = log_odds(logits, phrase_base(logits))
    assert_allclose(found[:, 0], found[:, 1])


def test_a_report_adds_what_is_there_and_subtracts_what_is_denied() -> None:
    # log 3 is denied: softplus(log 3) = log 4, less that of 0, which is log 2.
    odds = np.array([[2.0, np.log(3), 5.0, 7.0], [0.0, 0.0, 0.0, 0.0]])
    said: list[Assertion] = ["present", "absent", "uncertain", "not about the image"]
    assert_allclose(statement_gains(odds, said)[0], [2, -np.log(2) / 4, 5 / 2, 0])
    assert_allclose(report_log_odds(odds, said), [2 - np.log(2) / 4 + 5 / 2, 0], atol=1e-12)


def test_a_denial_takes_away_without_end_and_gives_little() -> None:
    found = statement_gains(np.array([[-50.0], [-2.0], [2.0], [50.0]]), ["absent"])[:, 0]
    assert np.all(np.diff(found) < 0)
    assert 0 < found[0] < 0.2
    assert found[3] < -12
