"""How far phrases can be trusted, learned from films whose findings are known."""

import numpy as np
from numpy.testing import assert_allclose

from explorer.grounding.trust import LEAST_SLOPE, fit_trust, slopes


def test_phrases_whose_scores_tell_get_the_larger_slope() -> None:
    """Forty phrases of two directions: odds of the first kind tell, those of the second do not."""
    rng = np.random.default_rng(0)
    telling = np.arange(40) < 20
    text = np.where(telling[:, None], [[1.0, 0.0]], [[0.0, 1.0]]).astype(np.float32)
    odds = rng.normal(size=(300, 40))
    chance = 1 / (1 + np.exp(-(np.where(telling, 2.0, 0.0) * odds - 1)))
    trust = fit_trust(odds, text, rng.random((300, 40)) < chance)
    found = slopes(trust, text)
    assert trust.shape == (3,)
    assert_allclose(found[0], 2.0, atol=0.3)
    assert found[-1] < 0.3
    # A free phrase between the two is trusted by half.
    between = slopes(trust, np.array([[0.5, 0.5]], np.float32))[0]
    assert found[-1] + 0.5 < between < found[0] - 0.5


def test_no_phrase_speaks_against_itself_and_without_weights_all_count_alike() -> None:
    text = np.eye(2, dtype=np.float32)
    assert slopes(np.array([-3.0, 1.0, 0.5], np.float32), text).tolist() == [LEAST_SLOPE, 1.5]
    assert slopes(None, text).tolist() == [1.0, 1.0]
