"""Log-odds read by what they are worth for a phrase, on films whose findings are known."""

import numpy as np
import pytest

from explorer.embeddings import ReferenceFilms, Taught
from explorer.grounding.evidence import KEPT, LEAST_SLOPE, evidence, fit_evidence
from explorer.grounding.reference import reading, rendered_share

CLEAR, VAGUE = np.eye(2, dtype=np.float32)  # the vectors of two phrases
BORDER = -0.5


def told() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of one phrase the score tells all: -2 without, 2 with. Of the other nothing: noise."""
    rng = np.random.default_rng(0)
    shown = np.tile([True, False], 400)
    clear = np.where(shown, 2.0, -2.0) + rng.normal(0, 0.5, 800)
    vague = rng.normal(0, 1, 800)
    odds = np.concatenate([clear, vague])
    text = np.concatenate([np.tile(CLEAR, (800, 1)), np.tile(VAGUE, (800, 1))])
    return odds, text, np.concatenate([shown, shown])


def test_a_phrase_whose_score_tells_nothing_counts_for_less() -> None:
    weights = fit_evidence(*told(), border=BORDER)
    text = np.stack([CLEAR, VAGUE])
    clear, vague = evidence(weights, text, np.ones(2)) - evidence(weights, text, np.zeros(2))
    assert clear > 3 * vague
    assert vague >= LEAST_SLOPE


def test_as_many_findings_that_are_there_stay_above_the_border_as_are_to_be_kept() -> None:
    odds, text, shown = told()
    found = evidence(fit_evidence(odds, text, shown, border=BORDER), text, odds)
    assert np.mean(found[shown] >= BORDER) == pytest.approx(KEPT, abs=0.01)
    # Nearly half the pairs are of a phrase that tells nothing; those of the other are all told.
    clear = np.arange(len(odds)) < 800
    assert np.mean(found[clear & ~shown] < BORDER) > 0.99


def test_a_higher_score_never_speaks_against_a_phrase() -> None:
    odds, text, shown = told()
    weights = fit_evidence(-odds, text, shown, border=BORDER)
    low, high = (evidence(weights, text[:1], np.array([value])) for value in (-1.0, 1.0))
    assert high[0] - low[0] == pytest.approx(2 * LEAST_SLOPE)


def films(*, rendered: np.ndarray | None, learned: bool = True) -> ReferenceFilms:
    """Four films in two dimensions; evidence has slope 2 and offset 1 for every phrase."""
    weights = np.array([[0, 0, 2], [0, 0, 1]], np.float32)
    return ReferenceFilms(
        weights_sha256="w",
        basis=np.eye(2, dtype=np.float32),
        patches=np.ones((4, 1, 2), np.float32),
        counts=np.ones((4, 1), np.float32),
        normal=np.array([True, False, True, False]),
        taught=Taught((), ()),
        rendered=rendered,
        evidence=weights if learned else None,
    )


def test_films_are_read_so_by_how_much_they_look_rendered() -> None:
    bank = films(rendered=np.array([False, False, True, True]))
    text, odds = CLEAR[None], np.array([3.0])
    for weight, share in (([1, 1, 0, 0], 0), ([1, 1, 1, 1], 0.5), ([0, 0, 1, 3], 1)):
        counted = np.array(weight, float)
        assert rendered_share(bank, counted) == share
        read = reading(bank, text, weight=counted)
        value = odds if read is None else read(odds)
        assert value == pytest.approx([(1 - share) * 3 + share * 7])  # 2 * 3 + 1


def test_without_rendered_films_or_what_they_taught_log_odds_stay() -> None:
    weight = np.ones(4)
    assert reading(films(rendered=None), CLEAR[None], weight=weight) is None
    bank = films(rendered=np.ones(4, bool), learned=False)
    assert reading(bank, CLEAR[None], weight=weight) is None
