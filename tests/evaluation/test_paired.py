"""Differences on the same samples: corrections by hand; patients, not images; none from noise."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.evaluation.paired import bh_adjusted, holm_adjusted, paired_differences


def test_corrections_by_hand_with_an_unknown_one() -> None:
    p = [0.01, 0.04, np.nan, 0.03]
    assert_allclose(holm_adjusted(p), [0.03, 0.06, np.nan, 0.06])
    assert_allclose(bh_adjusted(p), [0.03, 0.04, np.nan, 0.04])
    assert_allclose(holm_adjusted([0.9, 0.8]), [1.0, 1.0])


def test_the_same_figures_differ_by_nothing() -> None:
    values = np.random.default_rng(0).random(20)
    _, macro = paired_differences(
        values, values, groups=["mass"] * 20, clusters=list(map(str, range(20)))
    )
    assert (macro.interval.mean, macro.interval.low, macro.interval.high) == (0.0, 0.0, 0.0)
    assert macro.p == 1.0


def test_a_difference_that_every_patient_shows_is_found() -> None:
    rng = np.random.default_rng(1)
    first = rng.random(40)
    second = first + 0.2 + rng.normal(scale=0.05, size=40)
    by_finding, macro = paired_differences(
        first, second, groups=["mass", "nodule"] * 20, clusters=list(map(str, range(40)))
    )
    assert macro.interval.low > 0.15
    assert by_finding["mass"].p_holm < 0.01
    assert (by_finding["mass"].samples, by_finding["mass"].patients) == (20, 20)


@pytest.mark.parametrize("what", ["interval", "p"])
def test_many_images_of_few_patients_prove_as_little_as_the_patients(what: str) -> None:
    """Drawing images or samples instead of patients makes 5 patients look like 200."""
    rng = np.random.default_rng(2)
    delta = np.array([0.3, 0.2, -0.1, 0.4, 0.1])
    copies = np.repeat(delta, 40) + rng.normal(scale=1e-3, size=200)
    patients = np.repeat(list("abcde"), 40).tolist()
    _, few = paired_differences(np.zeros(5), delta, groups=["m"] * 5, clusters=list("abcde"))
    _, many = paired_differences(np.zeros(200), copies, groups=["m"] * 200, clusters=patients)
    if what == "interval":
        widths = [found.interval.high - found.interval.low for found in (few, many)]
        assert_allclose(widths[1], widths[0], rtol=0.05)
    else:
        # 2 of 32 ways to give five signs are as far: about .19 with the one against.
        assert few.p > 0.1
        assert many.p > 0.1


def test_without_a_difference_few_p_values_are_small() -> None:
    rng = np.random.default_rng(3)
    small = 0
    for seed in range(60):
        delta = rng.normal(size=24)
        _, macro = paired_differences(
            np.zeros(24), delta, groups=["m"] * 24, clusters=list(map(str, range(24))),
            replicates=200, seed=seed,
        )  # fmt: skip
        small += macro.p < 0.1
    assert small <= 12  # 6 are expected


def test_what_one_of_both_did_not_measure_is_left_out() -> None:
    by_finding, macro = paired_differences(
        [0.0, np.nan, 0.0], [1.0, 1.0, np.nan], groups=["a", "a", "b"], clusters=list("xyz")
    )
    assert (macro.samples, by_finding["a"].samples, by_finding["b"].samples) == (1, 1, 0)
    assert np.isnan(by_finding["b"].p)
