"""Standing among reference films, on logits that a person can count."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.embeddings import SHOWN_FROM, ReferenceFilms, Scoring, Taught
from explorer.entities import Standing
from explorer.grounding.reference import (
    LIKENESS,
    STANDS_OUT_FROM,
    likeness,
    pooling_line,
    reference_logits,
    standings,
)

# Four normal films score 0, 1, 2, 3; two with findings 2 and 4: mean 3, deviation 1.
REFERENCE = np.array([[0.0], [1.0], [2.0], [3.0], [2.0], [4.0]], np.float32)
NORMAL = np.array([True, True, True, True, False, False])


def standing(logit: float, *, weight: np.ndarray | None = None, known: bool = True) -> Standing:
    weight = np.ones(6) if weight is None else weight
    found = standings(np.array([logit]), REFERENCE, weight=weight, normal=NORMAL, known=[known])
    return found[0]


def test_shares_and_log_odds_by_hand() -> None:
    found = standing(2.5)
    assert found.among_normal == 3 / 4
    assert found.among_all == 4 / 6
    assert found.log_odds == -0.5


@pytest.mark.parametrize(
    ("above", "grade"),
    [
        (STANDS_OUT_FROM, "stands out"),
        (SHOWN_FROM, "doubtful"),
        (SHOWN_FROM - 0.01, "not above normal films"),
    ],
)
def test_the_grade_follows_the_log_odds(above: float, grade: str) -> None:
    assert standing(3 + above).grade == grade


def test_a_bank_may_show_phrases_from_other_log_odds() -> None:
    def graded(logit: float) -> str:
        (found,) = standings(
            np.array([logit]),
            REFERENCE,
            weight=np.ones(6),
            normal=NORMAL,
            known=[True],
            shown_from=-0.75,
        )
        return found.grade

    assert graded(3 - 0.75) == "doubtful"
    assert graded(3 - 0.76) == "not above normal films"


def test_the_reason_counts_normal_films() -> None:
    assert standing(9.0).reason == "Stronger than in 100 of 100 normal films."
    assert standing(0.5).reason == "Weaker than in 75 of 100 normal films."
    doubtful = standing(3.0)
    assert doubtful.reason == "Stronger than in 75 of 100 normal films, which leaves doubt."


@pytest.mark.parametrize(("logit", "share"), [(9.0, 100), (3.0, 75)])
def test_a_phrase_that_is_read_for_less_has_another_reason(logit: float, share: int) -> None:
    """Above most films, and yet below what the phrase needs on films like this one."""
    found = standings(
        np.array([logit]),
        REFERENCE,
        weight=np.ones(6),
        normal=NORMAL,
        known=[True],
        read=lambda odds: odds - 9,
    )[0]
    assert found.log_odds == logit - 3 - 9
    assert found.grade == "not above normal films"
    assert found.reason == (
        f"Stronger than in {share} of 100 normal films, but for this phrase that is not enough."
    )


def test_films_that_look_alike_count_more() -> None:
    weight = np.array([1.0, 1.0, 1.0, 1.0, 3.0, 1.0])
    # Those with findings have the mean (3 * 2 + 4) / 4 = 2.5 then.
    assert_allclose(standing(2.5, weight=weight).log_odds or 0.0, 0.0, atol=1e-9)
    assert standing(2.5, weight=weight).among_all == (3 + 3) / 8


def test_an_unknown_phrase_is_never_shown_however_high_it_scores() -> None:
    found = standing(50.0, known=False)
    assert found.grade == "unknown phrase"
    assert "not taught" in found.reason


def films() -> ReferenceFilms:
    """Two films of two patches in a plane of a space of three dimensions."""
    return ReferenceFilms(
        weights_sha256="0" * 64,
        basis=np.array([[1, 0], [0, 1], [0, 0]], np.float32),
        patches=np.array([[[1, 0], [0, 1]], [[1, 0], [0, -1]]], np.float32),
        counts=np.array([[3, 1], [1, 1]], np.float32),
        normal=np.array([True, False]),
        taught=Taught(("mass",), ("mass",)),
    )


def test_reference_films_are_pooled_with_their_counts() -> None:
    text = np.array([[0.0, 1.0, 0.0]], np.float32)
    found = reference_logits(films(), text, Scoring(8.0, -1.0, "mean"))
    assert_allclose(found, [[8 * 0.25 - 1], [8 * -0.5 - 1]])


def test_likeness_falls_with_the_angle_between_mean_patches() -> None:
    # The means are (3, 1) and (1, -1); a film of (3, 1, 9) projects onto the first.
    found = likeness(films(), np.array([[[3.0, 1.0, 9.0]]], np.float32))
    cosine = 2 / np.sqrt(10 * 2)
    assert_allclose(found, [1.0, np.exp((cosine - 1) / LIKENESS)], rtol=1e-4)


def test_counts_must_fit_the_patches() -> None:
    with pytest.raises(ValueError, match=r"\(films, patches\) = \(2, 2\)"):
        replace(films(), counts=np.ones((2, 3), np.float32))


def test_the_line_between_poolings_by_hand() -> None:
    """Two patches of cosine c and 0: the mean logit is half way from the bias to the maximum."""
    cosines = np.array([0.1, 0.9, 0.4, 0.8, 0.9, 0.9, 0.2], np.float32)  # each third film is read
    patches = np.zeros((7, 2, 2), np.float32)
    patches[:, 0, 0] = cosines
    films = ReferenceFilms(
        weights_sha256="0" * 64,
        basis=np.eye(2, dtype=np.float32),
        patches=patches,
        counts=np.ones((7, 2), np.float32),
        normal=np.ones(7, bool),
        taught=Taught((), ()),
    )
    text = np.array([[1.0, 0.0]], np.float32)
    scoring = Scoring(6.0, -3.0, "max", pooled_bias=0.5)
    line = pooling_line(films, text, scoring, pooling="mean")
    assert line.slope == pytest.approx(2)
    assert line.offset == pytest.approx(3 + 0.5)  # max = 2 * mean - bias, and the pooled bias
    assert pooling_line(films, np.zeros((1, 2), np.float32), scoring, pooling="mean").slope == 0
