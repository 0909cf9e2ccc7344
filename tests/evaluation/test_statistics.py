"""Bootstrap intervals: means by hand, seeds, patients and coverage."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.evaluation.statistics import grouped_means


def means(values, groups, clusters, *, seed=0, **options):
    rng = np.random.default_rng(seed)
    return grouped_means(values, groups=groups, clusters=clusters, rng=rng, **options)


def test_macro_is_the_mean_over_findings_not_over_samples():
    by_group, macro = means([1, 1, 1, 0], ["mass", "mass", "mass", "nodule"], list("abcd"))
    assert by_group["mass"].mean == 1.0
    assert by_group["nodule"].mean == 0.0
    assert macro.mean == 0.5
    assert list(by_group) == ["mass", "nodule"]


def test_nan_is_left_out_and_a_finding_of_nan_only_stays_nan():
    by_group, macro = means([1, math.nan, math.nan], ["mass", "mass", "nodule"], list("abc"))
    assert by_group["mass"].mean == 1.0
    assert math.isnan(by_group["nodule"].mean)
    assert macro.mean == 1.0


def test_one_seed_gives_one_interval():
    values = np.random.default_rng(3).random(40)
    groups, clusters = ["mass"] * 40, [str(i) for i in range(40)]
    assert means(values, groups, clusters, seed=7) == means(values, groups, clusters, seed=7)
    assert means(values, groups, clusters, seed=7) != means(values, groups, clusters, seed=8)


def test_the_interval_of_independent_samples_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(size=400)
    _, macro = means(values, ["mass"] * 400, [str(i) for i in range(400)], replicates=4000)
    half = 1.96 * values.std() / np.sqrt(400)
    assert_allclose([macro.low, macro.high], values.mean() + np.array([-half, half]), atol=0.012)


def test_images_of_one_patient_do_not_narrow_the_interval():
    values = np.random.default_rng(0).normal(size=50)
    patients = [str(i) for i in range(50)]
    _, single = means(values, ["mass"] * 50, patients)
    _, copied = means(np.repeat(values, 9), ["mass"] * 450, list(np.repeat(patients, 9)))
    assert_allclose([copied.low, copied.high], [single.low, single.high])


def test_one_patient_alone_has_no_spread():
    by_group, _ = means([0.2, 0.4], ["mass", "mass"], ["a", "a"])
    assert_allclose([by_group["mass"].low, by_group["mass"].high], 0.3)


def test_without_replicates_there_is_a_mean_and_no_interval():
    by_group, macro = means([1.0], ["mass"], ["a"], replicates=0)
    assert by_group["mass"].mean == macro.mean == 1.0
    assert math.isnan(macro.low)


def test_lengths_and_levels_are_checked():
    with pytest.raises(ValueError, match="one length"):
        means([1.0], ["mass", "mass"], ["a"])
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        means([1.0], ["mass"], ["a"], level=1.0)
