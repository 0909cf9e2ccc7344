"""The same predictions give each protocol its own numbers, by hand and as it was published."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import gaussian_filter

from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.evaluation.asked import Asked
from explorer.evaluation.listing import definitions, named, placed_protocols, stamp
from explorer.evaluation.protocols import (
    aep,
    afloc,
    biovil,
    box_iou,
    chexlocalize,
    original_pixels,
    phrase_trust,
)
from explorer.evaluation.protocols._letterbox import measure_in_square, square_box, window
from explorer.grounding.geometry import fit_frame, map_to_image
from explorer.placed import PlacedPhrase, Runs

# A place of 4 pixels, of which the map finds 3 well and 1 hardly; one beside it is bright, too.
VALUES = np.array(
    [
        [0.6, 0.6, 0.4, 0.0],
        [0.6, 0.2, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0],
    ]
)
PLACE = Box(0, 0, 2, 2)


def case(shape=(4, 4), phrase="mass", **known) -> PlacedPhrase:
    return PlacedPhrase(Path("a.png"), shape, phrase, "mass", "p", **known)


def asked(*cases: PlacedPhrase, values=VALUES, **known) -> Asked:
    """Cells are pixels, and scores are the values themselves."""
    frame = fit_frame(
        values.shape, input_shape=values.shape, grid_shape=values.shape, mode="squash"
    )
    known.setdefault("cut", float)
    return Asked(np.stack([values] * len(cases)), frame, cases, **known)


def only(figures):
    return {name: float(values[0]) for name, values in figures.items()}


# --- the same predictions, five ways ---


def test_original_pixels_by_hand() -> None:
    found = only(original_pixels.measure(asked(case(boxes=(PLACE,)))))
    # Above .1: 4 of 5 hit, IoU 4/5; above .2 and .3: 3/5; above .4 and .5: 3/4.
    assert_allclose(found["miou"], (0.8 + 0.6 + 0.6 + 0.75 + 0.75) / 5)
    # Inside .6 .6 .6 .2: mean .5, variance .03; outside one .4 of 12: mean 1/30, variance .012222.
    assert_allclose(found["cnr"], (0.5 - 1 / 30) / np.sqrt(0.03 + 0.16 / 12 - 1 / 900))
    assert (found["pointing"], found["abs_cnr"]) == (1.0, found["cnr"])


def test_a_square_with_its_margin_cut_off_by_hand() -> None:
    assert window(224) == (14, 210, 14, 210)
    assert window(518) == (32, 485, 32, 485)
    found = measure_in_square(asked(case(boxes=(PLACE,))), side=4, sigma=0)
    # 3 x 3 pixels are scored, from 0 to .6; thresholds become .33 .36 .39 .42 .45.
    assert_allclose(found.iou, [(3 * 3 / 5 + 2 * 3 / 4) / 5])
    assert_allclose(found.dice, [(3 * 6 / 8 + 2 * 6 / 7) / 5])
    assert_allclose(found.cnr, [(0.5 - 0.08) / np.sqrt(0.03 + 0.0256)])
    assert found.pointing.tolist() == [1.0]


def test_chexlocalize_by_hand() -> None:
    # Levels 0 (11 pixels), 85, 170, 255 (3): between-class variance is largest above 85.
    truth = case(mask=Runs((4, 4), (0, 2, 2, 2, 10)))
    found = only(chexlocalize.measure(asked(truth, said=np.array([0.9]))))
    assert_allclose(found["iou"], 3 / 5)
    assert (found["iou_true_positives"], found["hit"]) == (found["iou"], 1.0)


def test_a_finding_that_is_not_predicted_drops_out_of_true_positives_only() -> None:
    truth = case(mask=Runs((4, 4), (0, 2, 2, 2, 10)))
    found = only(chexlocalize.measure(asked(truth, said=np.array([0.4]))))
    assert found["iou"] == 0.0
    assert np.isnan(found["iou_true_positives"])
    assert found["hit"] == 1.0
    uncalibrated = chexlocalize.measure(asked(truth, said=np.array([0.4]), cut=None))
    assert only(uncalibrated)["iou"] == pytest.approx(0.6)


def test_biovil_is_the_reference() -> None:
    data = np.load(Path(__file__).parents[1] / "data" / "biovil_grounding.npz")
    flat = np.concatenate([[False], data["mask"].ravel(order="F"), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate([[0], edges, [42]])).tolist()
    truth = case((7, 6), mask=Runs((7, 6), tuple(counts)))
    found = only(biovil.measure(asked(truth, values=data["raw"], cut=None)))
    assert_allclose(found["cnr"], data["cnr"], rtol=1e-5)
    assert_allclose(found["abs_cnr"], abs(data["cnr"]), rtol=1e-5)
    assert_allclose(found["miou"], data["miou"], atol=1e-6)


def test_biovil_takes_the_absolute_value_and_keeps_the_sign_beside_it() -> None:
    found = only(biovil.measure(asked(case(boxes=(Box(2, 2, 4, 4),)))))
    assert found["cnr"] < 0
    assert found["abs_cnr"] == -found["cnr"]


# --- AFLoc and AEP against the steps of the code that they were read from ---


def published_steps(values, boxes, shape, *, side):
    """Smooth, upsample, cut the margin off, rescale, threshold, as the released scorer does."""
    frame = fit_frame((side, side), input_shape=(side, side), grid_shape=values.shape)
    map = map_to_image(gaussian_filter(values, 1.5), frame).astype(np.float64)
    scale, (height, width) = side / max(shape), shape
    left = int(np.floor((side - int(width * scale)) / 2)) if height >= width else 0
    top = int(np.floor((side - int(height * scale)) / 2)) if width > height else 0
    truth = np.zeros((side, side), bool)
    for box in boxes:
        x, y, w, h = (int(np.floor(v)) for v in np.array(box.to_xywh()) * scale + [left, top, 0, 0])
        truth[y : y + h, x : x + w] = True
    inner = int(448 * side / 512)
    first = (side - inner) // 2
    kept = np.s_[first : first + inner, first : first + inner]
    map, truth = map[kept], truth[kept]
    rescaled = 2 * (map - map.min()) / (map.max() - map.min()) - 1
    inside, outside = rescaled[truth], rescaled[~truth]
    cnr = (inside.mean() - outside.mean()) / np.sqrt(inside.var() + outside.var())
    ious, dices = [], []
    for t in np.arange(0.1, 0.6, 0.1):
        above = rescaled > t
        ious.append((above & truth).sum() / (above | truth).sum())
        dices.append(2 * (above & truth).sum() / (above.sum() + truth.sum()))
    return np.mean(ious), np.mean(dices), cnr, float(truth.flat[map.argmax()])


@pytest.mark.parametrize(("protocol", "side"), [(afloc, 224), (aep, 518)])
@pytest.mark.parametrize("shape", [(300, 200), (200, 300)])
def test_the_steps_of_the_released_scorer_give_the_same(protocol, side, shape) -> None:
    values = np.random.default_rng(3).normal(size=(7, 7))
    boxes = (Box(60.5, 80.2, 140.9, 150.1), Box(100, 120, 180, 170))
    # A model that looks at the same padded square.
    scale = side / max(shape)
    frame = fit_frame(shape, input_shape=(side, side), grid_shape=(7, 7), mode="letterbox")
    assert int(min(shape) * scale) == round(min(shape) * scale)
    figures = only(protocol.measure(Asked(values[None], frame, (case(shape, boxes=boxes),))))
    iou, dice, cnr, hit = published_steps(values, boxes, shape, side=side)
    assert_allclose(figures["miou"], iou, atol=2e-4)
    assert_allclose(figures["cnr"], cnr, atol=1e-4)
    if protocol is aep:
        assert_allclose(figures["dice"], dice, atol=2e-4)
        assert figures["pointing"] == hit


def test_boxes_are_rounded_down_in_the_square() -> None:
    # 200 x 100 into 4: scale .02, a pad of 1 on top; (75, 30) to (1, 1), (60, 40) to (1, 0).
    assert square_box(Box(75, 30, 135, 70), (100, 200), side=4) == (1, 1, 1, 2)


def test_without_contrast_or_with_a_place_in_the_margin_nothing_is_measured() -> None:
    flat = afloc.measure(asked(case(boxes=(PLACE,)), values=np.full((4, 4), 0.3)))
    outside = afloc.measure(asked(case(boxes=(Box(3.9, 3.9, 4, 4),))))
    for figures in (flat, outside):
        assert np.isnan(figures["miou"]).all()
        assert np.isnan(figures["cnr"]).all()


# --- zero boxes, empty predictions, uncalibrated scores ---


def test_an_empty_prediction_is_zero_and_drops_out_of_the_conditional_mean() -> None:
    # Only .1 ... .5 below the peak of .25 predict anything: two thresholds.
    values = np.where(VALUES > 0.5, 0.25, 0.0)
    found = only(original_pixels.measure(asked(case(boxes=(PLACE,)), values=values)))
    assert_allclose(found["miou"], (3 / 4 + 3 / 4) / 5)
    assert_allclose(found["miou_if_any"], 3 / 4)


def test_a_phrase_that_is_not_there_should_stay_quiet() -> None:
    loud = only(original_pixels.measure(asked(case(present=False))))
    quiet = only(original_pixels.measure(asked(case(present=False), values=VALUES / 2)))
    assert (loud["quiet"], quiet["quiet"]) == (0.0, 1.0)
    assert np.isnan(loud["pointing"])
    assert np.isnan(loud["miou"])


def test_a_phrase_whose_place_nobody_drew_is_not_measured() -> None:
    found = only(original_pixels.measure(asked(case())))
    assert all(np.isnan(value) for value in found.values())


def test_uncalibrated_scores_have_no_iou_but_a_contrast() -> None:
    found = only(original_pixels.measure(asked(case(boxes=(PLACE,)), cut=None)))
    assert np.isnan(found["miou"])
    assert found["pointing"] == 1.0


def test_boxes_and_a_mask_of_the_same_pixels_give_the_same_figures() -> None:
    places = case(boxes=(PLACE,)), case(mask=Runs((4, 4), (0, 2, 2, 2, 10)))
    # No value at a threshold: the pixels are in single precision.
    boxes, pixels = (original_pixels.measure(asked(c, values=0.97 * VALUES)) for c in places)
    for name in boxes:
        assert_allclose(boxes[name], pixels[name], rtol=1e-5)


# --- boxes that others predicted ---


def test_predicted_boxes_by_hand() -> None:
    present = case(phrase="mass", boxes=(Box(0, 0, 2, 2), Box(2, 2, 4, 4)))
    unanswered = case(phrase="nodule", boxes=(PLACE,))
    masked = case(phrase="edema", mask=Runs((4, 4), (0, 2, 2, 2, 10)))
    quiet, loud = (case(phrase=words, present=False) for words in ("no a", "no b"))
    cases = (present, unanswered, masked, quiet, loud)
    # Two boxes that overlap: their union is 2 x 3 pixels, of which 4 are in the first box.
    mine = (Box(0, 0, 2, 2), Box(0, 0, 3, 2))
    found = box_iou.measure_boxes(
        cases, {present.key: mine, masked.key: (PLACE,), loud.key: (PLACE,)}
    )
    assert_allclose(found["iou"], [4 / 10, 0, 1, np.nan, np.nan])
    assert_allclose(found["iou_if_any"], [4 / 10, np.nan, 1, np.nan, np.nan])
    assert_allclose(found["answered"], [1, 0, 1, np.nan, np.nan])
    assert_allclose(found["quiet"], [np.nan, np.nan, np.nan, 1, 0])


# --- phrase trust ---


def sided(phrase: str, *, other=VALUES[:, ::-1]) -> dict[str, float]:
    found = asked(
        case(phrase=phrase, boxes=(PLACE,)), nonsense=VALUES.T, swapped=other[None].astype(float)
    )
    return only(phrase_trust.measure(found))


def test_the_side_that_a_phrase_names_by_hand() -> None:
    right = sided("right upper mass")  # the maximum is at the left of the image
    assert (right["named_side"], right["swap_moves"]) == (1.0, 1.0)
    stays = sided("right upper mass", other=VALUES)
    assert (stays["named_side"], stays["swap_moves"]) == (1.0, 0.0)
    left = sided("left upper mass")
    assert (left["named_side"], left["swap_moves"]) == (0.0, 0.0)
    plain = sided("mass", other=np.full((4, 4), np.nan))
    assert np.isnan(plain["named_side"])


def test_a_map_that_any_phrase_gives_has_no_sensitivity() -> None:
    found = asked(case(boxes=(PLACE,)), nonsense=2 * VALUES, swapped=np.full((1, 4, 4), np.nan))
    same = only(phrase_trust.measure(found))
    assert_allclose([same["nonsense"], same["sensitivity"]], [1.0, 0.0], atol=1e-6)


# --- the list ---


def test_every_protocol_measures_what_it_lists_and_is_stamped() -> None:
    for name, protocol in placed_protocols().items():
        figures = protocol.measure(asked(case(boxes=(PLACE,)), said=np.array([0.9])))
        assert list(figures) == list(protocol.METRICS), name
        assert stamp(protocol).startswith(f"{protocol.ID} ")
    assert set(definitions()) >= {"aep/1", "afloc/1", "biovil/1", "chexlocalize/1", "nih_boxes/1"}


def test_a_protocol_is_named_by_name_or_id() -> None:
    assert list(named(["aep/1", "biovil", "aep"])) == ["aep", "biovil"]
    with pytest.raises(DataSetError, match=r"one of aep, .*, got 'coco'"):
        named(["coco"])
