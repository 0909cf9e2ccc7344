"""Word attribution on scores that can be summed by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.errors import PhraseError
from explorer.grounding.attribution import attribute_words

WORTH = {"left": 0.25, "effusion": 2.0, "no": -1.0}


def additive(phrases):
    return [sum(WORTH.get(word, 0.0) for word in phrase.split()) for phrase in phrases]


def redundant(phrases):
    """1 as soon as either of two words that say the same is there."""
    return [float("effusion" in phrase or "fluid" in phrase) for phrase in phrases]


@pytest.mark.parametrize("method", ["leave one out", "shapley"])
def test_words_of_an_additive_score_get_what_they_are_worth(method):
    shares = attribute_words("no  left pleural effusion", additive, method=method)
    assert [share.word for share in shares] == ["no", "left", "pleural", "effusion"]
    assert_allclose([share.value for share in shares], [-1.0, 0.25, 0.0, 2.0], atol=1e-9)


def test_offsets_lead_back_to_the_phrase():
    phrase = "  left  effusion."
    for share in attribute_words(phrase, additive):
        assert phrase[share.start : share.end] == share.word


def test_redundant_words_share_under_shapley_and_vanish_when_left_out_one_by_one():
    alone = attribute_words("effusion fluid", redundant)
    assert [share.value for share in alone] == [0.0, 0.0]
    shared = attribute_words("effusion fluid", redundant, method="shapley")
    assert_allclose(sum(share.value for share in shared), 1.0)
    assert all(share.value > 0 for share in shared)


def test_shapley_repeats_with_its_seed():
    def score(phrases):
        return [np.tanh(len(phrase) / 10) for phrase in phrases]

    words = "small left apical pneumothorax"
    first = attribute_words(words, score, method="shapley", seed=4)
    assert first == attribute_words(words, score, method="shapley", seed=4)


def test_leaving_out_costs_two_batches():
    asked = []

    def score(phrases):
        asked.append(list(phrases))
        return additive(phrases)

    attribute_words("left pleural effusion", score)
    assert [len(batch) for batch in asked] == [1, 3]
    assert asked[1] == ["pleural effusion", "left effusion", "left pleural"]


def test_a_single_word_is_compared_with_nothing():
    (share,) = attribute_words("effusion", additive)
    assert share.value == 2.0


def test_no_words_too_many_words_and_unknown_methods_are_refused():
    with pytest.raises(PhraseError, match="got 0"):
        attribute_words("   ", additive)
    with pytest.raises(PhraseError, match="got 201"):
        attribute_words("word " * 201, additive)
    with pytest.raises(ValueError, match="Available: leave one out, shapley"):
        attribute_words("mass", additive, method="gradient")
