"""Controls: correlations, the gauge and the reasons to abstain, on maps made by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import NO_REFERENCE, ImageCheck, SimilarityMap, Standing
from explorer.grounding.controls import (
    correlation,
    correlations,
    measure_controls,
    null_z,
    sensitivity,
)
from explorer.grounding.geometry import fit_frame

FRAME = fit_frame((8, 8), input_shape=(4, 4), grid_shape=(2, 2), mode="squash")
LEFT, RIGHT = [[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]
TOP = [[1.0, 1.0], [0.0, 0.0]]
FLAT = [[0.5, 0.5], [0.5, 0.5]]
NULL_PEAKS = [0.1, 0.2, 0.3]


def map_of(values) -> SimilarityMap:
    return SimilarityMap("a phrase", np.array(values, np.float32), 20.0, -10.0, FRAME)


def controls_of(values, *, nonsense=TOP, negated=None, swapped=None, **options):
    return measure_controls(
        map_of(values),
        nonsense=map_of(nonsense),
        negated=None if negated is None else map_of(negated),
        swapped=None if swapped is None else map_of(swapped),
        null_peaks=NULL_PEAKS,
        **options,
    )


def test_correlations_of_several_maps_are_those_of_each():
    rng = np.random.default_rng(0)
    first, *others = rng.standard_normal((5, 6, 7)).astype(np.float32)
    others += [first, -first]
    each = [correlation(first, other) for other in others]
    assert_allclose(correlations(first, others), each, rtol=0, atol=1e-12)
    others[1][2, 3] = np.nan  # that place is left out, for this pair alone
    others[2][:] = 0.5
    each = [correlation(first, other) for other in others]
    assert each[2] == 0.0
    assert_allclose(correlations(first, others), each, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="one shape"):
        correlations(first, [first, first[1:]])
    assert correlations(first[:1, :1], [first[:1, :1]]) == [0.0]


def test_correlation_of_equal_opposite_and_unrelated_maps():
    left, right, top = (np.array(values) for values in (LEFT, RIGHT, TOP))
    assert_allclose(correlation(left, left), 1.0)
    assert_allclose(correlation(left, 3 * left - 7), 1.0)
    assert_allclose(correlation(left, right), -1.0)
    assert_allclose(correlation(left, top), 0.0)


def test_correlation_with_a_constant_map_is_zero():
    assert correlation(np.array(LEFT), np.array(FLAT)) == 0.0
    assert correlation(np.array(FLAT), np.array(FLAT)) == 0.0


def test_correlation_leaves_nan_out():
    first = np.array([1.0, 2.0, 3.0, np.nan])
    second = np.array([2.0, 4.0, 6.0, -50.0])
    assert_allclose(correlation(first, second), 1.0)
    assert correlation(np.full(4, np.nan), second) == 0.0


def test_sensitivity_by_hand():
    assert sensitivity([1.0, None, None]) == 0.0
    assert sensitivity([-0.5, None, None]) == 1.0
    assert_allclose(sensitivity([0.2, 0.4, -1.0]), 1 - (0.2 + 0.4 + 0.0) / 3)
    assert sensitivity([0.0], constant=True) == 0.0


def test_a_map_of_its_own_does_not_abstain():
    controls = controls_of(LEFT, swapped=RIGHT)
    assert not controls.abstain
    assert controls.reasons == ()
    assert controls.negated is None
    assert_allclose([controls.nonsense, controls.swapped], [0.0, -1.0], atol=1e-7)
    assert_allclose(controls.sensitivity, 1.0)


def test_null_z_by_hand():
    # The peak is sigmoid(10) = 0.99995; null peaks have mean .2 and standard deviation .0816.
    assert_allclose(null_z(map_of(LEFT), NULL_PEAKS), (0.9999546 - 0.2) / 0.0816497, rtol=1e-5)


def test_null_z_keeps_a_floor_under_the_spread():
    # Spread 0 counts as .02.
    assert_allclose(null_z(map_of(FLAT), [0.48, 0.48]), 1.0, rtol=1e-5)
    with pytest.raises(ValueError, match="at least one finite score"):
        null_z(map_of(FLAT), [])


def test_a_low_peak_abstains_with_its_numbers():
    controls = controls_of([[0.45, 0.0], [0.45, 0.0]])
    assert controls.abstain
    # sigmoid(-1) = .27, (.27 - .2) / .0816 = .8
    assert "peak of 0.27 lies 0.8 standard deviations" in controls.reasons[0]


def test_the_map_of_nonsense_abstains():
    controls = controls_of(LEFT, nonsense=LEFT)
    assert controls.sensitivity == 0.0
    assert len(controls.reasons) == 1
    assert "nearly the one of a nonsense phrase (correlation 1.00" in controls.reasons[0]


@pytest.mark.parametrize(
    ("assertion", "words"),
    [("absent", "finding is absent"), ("not about the image", "does not speak of anything")],
)
def test_phrases_without_a_region_abstain(assertion, words):
    controls = controls_of(LEFT, assertion=assertion)
    assert controls.abstain
    assert words in controls.reasons[0]


def test_an_uncertain_phrase_is_still_shown():
    assert not controls_of(LEFT, assertion="uncertain").abstain


def test_a_constant_map_abstains_and_is_not_called_sensitive():
    controls = controls_of([[1.0, 1.0], [1.0, 1.0]])
    assert controls.sensitivity == 0.0
    assert controls.reasons == ("The map is the same everywhere, so it points nowhere.",)


def test_an_image_that_is_not_frontal_abstains_with_the_message_of_the_check():
    lateral = ImageCheck({"lateral": 1.0}, "lateral", False, "This looks like a lateral view.")
    frontal = ImageCheck({"frontal": 1.0}, "frontal", False, "")
    assert controls_of(LEFT, check=lateral).reasons == ("This looks like a lateral view.",)
    assert not controls_of(LEFT, check=frontal).abstain


@pytest.mark.parametrize("grade", ["not above normal films", "unknown phrase"])
def test_a_standing_that_says_no_abstains_with_its_reason(grade):
    standing = Standing(grade, 0.3, 0.3, -1.0, "Weaker than in 70 of 100 normal films.")
    assert controls_of(LEFT, standing=standing).reasons == (standing.reason,)


@pytest.mark.parametrize("grade", ["stands out", "doubtful"])
def test_a_standing_that_does_not_say_no_is_shown(grade):
    assert not controls_of(LEFT, standing=Standing(grade, 0.9, 0.9, 1.0, "")).abstain
    assert not controls_of(LEFT, standing=NO_REFERENCE).abstain
