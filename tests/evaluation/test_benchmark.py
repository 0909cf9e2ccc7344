"""The benchmark loop, with a model that knows the truth and one that knows nothing."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import Box, SimilarityMap
from explorer.errors import DataSetError
from explorer.evaluation.benchmark import as_report, run_benchmark
from explorer.evaluation.protocols.nih_boxes import BoxedImage, samples_of
from explorer.grounding.geometry import box_to_grid, fit_frame

SHAPE = (64, 64)
IMAGES = (
    BoxedImage("t.png", "train", "p0", SHAPE, (("Mass", Box(0, 0, 16, 16)),)),
    BoxedImage("a.png", "val", "p1", SHAPE, (("Mass", Box(32, 32, 48, 48)),)),
    BoxedImage(
        "b.png",
        "val",
        "p2",
        SHAPE,
        (("Mass", Box(0, 0, 16, 16)), ("Mass", Box(48, 0, 64, 16))),
    ),
)


def map_for(image: BoxedImage, phrase: str, *, knows: bool) -> SimilarityMap:
    frame = fit_frame(image.image_shape, input_shape=(64, 64), grid_shape=(64, 64), mode="squash")
    cosine = np.zeros((64, 64), np.float32)
    for sample in (*samples_of(image, kind="plain"), *samples_of(image, kind="located")):
        if knows and sample.phrase == phrase:
            cosine = sum((box_to_grid(box, frame) for box in sample.boxes), np.zeros_like(cosine))
    return SimilarityMap(phrase, cosine, 20.0, -10.0, frame)


def knowing(image, phrases):
    return [map_for(image, phrase, knows=True) for phrase in phrases]


def blank(image, phrases):
    return [map_for(image, phrase, knows=False) for phrase in phrases]


def test_a_model_that_knows_the_boxes_scores_full_marks():
    macro = as_report(run_benchmark(IMAGES, knowing, replicates=10))["macro"]
    assert macro["plain"]["pointing"] == macro["located"]["pointing"] == 1.0
    assert_allclose([macro["plain"]["miou"], macro["located"]["miou"]], 1.0)


def test_a_blank_model_scores_zero():
    # b.png has a box in the upper left corner, where a constant map has its first maximum.
    result = run_benchmark(IMAGES[:2], blank, replicates=10)
    macro = as_report(result)["macro"]
    assert macro["plain"] == {"pointing": 0.0, "cnr": 0.0, "miou": 0.0}


def test_prior_row_comes_from_the_training_split_alone():
    report = as_report(run_benchmark(IMAGES, blank, replicates=10))
    # The training box is the upper left corner: no hit on a.png, a hit on b.png.
    assert report["macro"]["prior"]["pointing"] == 0.5
    # On b.png half of the merged boxes at all thresholds; nothing on a.png.
    assert_allclose(report["macro"]["prior"]["miou"], 0.25)
    assert "training split of these tables" in report["prior_source"]


def test_without_a_training_split_the_bundled_prior_stands_in():
    report = as_report(run_benchmark(IMAGES[1:], blank, replicates=10))
    assert "bundled" in report["prior_source"]
    assert report["macro"]["prior"]["cnr"] is not None


def test_each_image_is_asked_once_for_every_distinct_phrase():
    asked = []

    def locate(image, phrases):
        asked.append((image.path, phrases))
        return knowing(image, phrases)

    run_benchmark(IMAGES, locate, replicates=0)
    assert asked == [
        ("a.png", ("mass", "left lower lung mass")),
        ("b.png", ("mass", "right upper lung mass", "left upper lung mass")),
    ]


def one_of_two_right(image, phrases):
    """Finds what is on a.png and nothing on c.png."""
    return [map_for(image, phrase, knows=image.path == "a.png") for phrase in phrases]


@pytest.mark.parametrize(
    ("second", "interval"), [("p1", [0.5, 0.5]), ("p2", [0.0, 1.0])], ids=["same", "another"]
)
def test_whole_patients_are_drawn_for_the_intervals(second, interval):
    """Two images, one hit. Of one patient they are always drawn together: no spread at all."""
    other = BoxedImage("c.png", "val", second, SHAPE, (("Mass", Box(32, 32, 48, 48)),))
    result = run_benchmark([*IMAGES[:2], other], one_of_two_right, replicates=200)
    report = as_report(result)
    for row in ("plain", "located"):
        assert report["macro"][row]["pointing"] == 0.5
        assert report["intervals"]["macro"][row]["pointing"] == interval
        assert report["intervals"]["findings"]["Mass"][row]["pointing"] == interval
    assert report["intervals"]["resampled"] == "patients"


def test_report_has_the_documented_keys_and_is_plain_json():
    report = as_report(run_benchmark(IMAGES, knowing, replicates=20, seed=3))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert {"protocol", "macro", "findings"} <= set(report)
    assert list(report["macro"]) == ["plain", "located", "prior"]
    assert list(report["findings"]["Mass"]["located"]) == ["pointing", "cnr", "miou"]
    assert report["n"]["samples"] == {"plain": 2, "located": 3, "prior": 2}
    assert report["intervals"]["seed"] == 3


def test_an_image_of_another_size_than_its_table_says_is_refused():
    def locate(image, phrases):
        other = BoxedImage(image.path, image.split, image.patient, (32, 64), image.boxes)
        return knowing(other, phrases)

    with pytest.raises(DataSetError, match="Correct width and height in the table"):
        run_benchmark(IMAGES, locate, replicates=0)


def test_intervals_draw_patients_so_that_copies_of_their_images_are_no_news():
    """Drawing images or samples would make the interval three times narrower."""
    spans = []
    for copies in (1, 9):
        images = [
            BoxedImage(f"{image.path} {n}", image.split, image.patient, SHAPE, image.boxes)
            for image in IMAGES
            for n in range(copies)
        ]
        found = as_report(run_benchmark(images, blank, replicates=300))["intervals"]["macro"]
        spans.append(found["plain"]["pointing"])
    assert spans[0] == spans[1] == [0.0, 1.0]
    wide = [BoxedImage(f"{p}.png", "val", p, SHAPE, IMAGES[1 + n % 2].boxes) for n, p in
            enumerate("abcdefghijkl")]  # fmt: skip
    many = [
        BoxedImage(f"{n} {image.path}", "val", image.patient, SHAPE, image.boxes)
        for image in wide
        for n in range(9)
    ]
    one, nine = (
        as_report(run_benchmark(images, blank, replicates=300))["intervals"]["macro"]["plain"]
        for images in (wide, many)
    )
    assert one["pointing"] == nine["pointing"]
    assert one["pointing"][1] - one["pointing"][0] > 0.4
