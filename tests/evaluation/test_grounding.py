"""Grounding metrics on maps small enough to check by hand, and against a published reference."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import Box
from explorer.evaluation.grounding import (
    MIOU_THRESHOLDS,
    box_mask,
    iou,
    miou,
    pointing_game_hit,
    signed_cnr,
)

# Computed by the released BioViL code (ECCV 2022); numbers only.
REFERENCE = np.load(Path(__file__).parent.parent / "data" / "biovil_grounding.npz")
VALUES = np.array([[0.9, 0.2], [0.4, 0.1]])
UPPER_LEFT = np.array([[True, False], [False, False]])
TOP = np.array([[True, True], [False, False]])


def test_metrics_equal_the_reference():
    values, mask = REFERENCE["smooth"], REFERENCE["mask"]
    assert_allclose(signed_cnr(values, mask), float(REFERENCE["cnr"]), rtol=1e-9)
    assert pointing_game_hit(values, mask) == bool(REFERENCE["pointing"])
    ious = [iou(values, mask, threshold=t) for t in MIOU_THRESHOLDS]
    assert_allclose(ious, REFERENCE["iou_at_0.1..0.5"], atol=1e-12)
    assert_allclose(miou(values, mask), float(REFERENCE["miou"]), atol=1e-12)


def test_boxes_of_one_sample_are_merged_and_every_touched_pixel_counts():
    mask = box_mask([Box(0.6, 0, 1.2, 1), Box(3, 1, 4, 2)], image_shape=(2, 4))
    assert mask.tolist() == [[True, True, False, False], [False, False, False, True]]


def test_a_box_beyond_the_image_is_cut_at_its_edge():
    assert box_mask([Box(-5, -5, 1, 1)], image_shape=(2, 2)).sum() == 1
    assert box_mask([Box(1, 1, 9, 9)], image_shape=(2, 2)).sum() == 1


def test_pointing_hits_where_the_maximum_is():
    assert pointing_game_hit(VALUES, UPPER_LEFT)
    assert not pointing_game_hit(VALUES, ~UPPER_LEFT)


def test_of_tied_maxima_the_first_in_reading_order_counts():
    tied = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert pointing_game_hit(tied, TOP)
    assert not pointing_game_hit(tied, ~TOP)


def test_pointing_ignores_unseen_pixels():
    assert pointing_game_hit(np.array([[np.nan, 0.3], [0.1, 0.2]]), TOP)
    assert not pointing_game_hit(np.full((2, 2), np.nan), TOP)


def test_cnr_by_hand_is_signed_and_does_not_care_for_scale():
    # Inside .9 and .2: mean .55, variance .1225; outside .4 and .1: mean .25, variance .0225.
    expected = 0.3 / math.sqrt(0.1225 + 0.0225)
    assert_allclose(signed_cnr(VALUES, TOP), expected)
    assert_allclose(signed_cnr(VALUES, ~TOP), -expected)
    assert_allclose(signed_cnr(7 * VALUES - 3, TOP), expected)


def test_cnr_at_the_edges_of_its_definition():
    assert signed_cnr(np.ones((2, 2)), TOP) == 0.0
    assert signed_cnr(np.where(TOP, 1.0, 0.0), TOP) == math.inf
    assert math.isnan(signed_cnr(VALUES, np.ones((2, 2), bool)))
    assert math.isnan(signed_cnr(np.where(TOP, np.nan, VALUES), TOP))


def test_iou_by_hand():
    # Above .3: .9 and .4; the mask holds .9 and .2: one shared of three.
    assert_allclose(iou(VALUES, TOP, threshold=0.3), 1 / 3)
    assert iou(VALUES, UPPER_LEFT, threshold=0.5) == 1.0
    assert iou(VALUES, UPPER_LEFT, threshold=0.9) == 0.0  # strictly above
    assert iou(np.where(UPPER_LEFT, np.nan, 0.0), UPPER_LEFT, threshold=0.5) == 0.0


def test_miou_averages_five_thresholds_and_never_rescales():
    # .9 at .1: {.9,.4,.2} of which 1 -> 1/3; at .2 and .3: {.9,.4} -> 1/2; at .4 and .5: {.9} -> 1.
    assert_allclose(miou(VALUES, UPPER_LEFT), (1 / 3 + 1 / 2 + 1 / 2 + 1 + 1) / 5)
    assert miou(VALUES / 10, UPPER_LEFT) == 0.0


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        signed_cnr(VALUES, np.ones((3, 2), bool))
