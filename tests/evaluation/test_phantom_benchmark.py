"""The phantom benchmark before a model that knows everything and one that knows no side."""

import json
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import SimilarityMap
from explorer.evaluation.phantom_benchmark import run_phantoms
from explorer.evaluation.phantom_prior import MaskBook
from explorer.evaluation.phantom_report import as_report
from explorer.evaluation.protocols.phantom_cxr import (
    PhantomTruth,
    PlacedFinding,
    Sample,
    group_of,
    lies_on,
    one_sided,
    samples_of,
)
from explorer.grounding.geometry import fit_frame
from explorer.text import side_swapped

SHAPE = (16, 16)
FRAME = fit_frame(SHAPE, input_shape=SHAPE, grid_shape=SHAPE, mode="squash")
LABELS = {("mass", None): "mass", ("mass", "right"): "right mass", ("mass", "left"): "left mass"}


def square(row: int, column: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[row : row + 4, column : column + 4] = True
    return mask


def peak(mask: np.ndarray) -> np.ndarray:
    """High in the mask, highest inside it."""
    cosine = np.where(mask, 0.9, -1.0).astype(np.float32)
    row, column = np.argwhere(mask)[0]
    cosine[row + 1, column + 1] = 1.0
    return cosine


def mass(side: Literal["right", "left"], row: int) -> PlacedFinding:
    """The patient's right is at the left of the image."""
    zone = "upper" if row < 8 else "lower"
    mask = square(row, 2 if side == "right" else 10)
    return PlacedFinding(
        "mass", "finding", side, f"{side} {zone}", "mass", f"{side} {zone} lung mass", mask
    )


def truth(number: int, *findings: PlacedFinding) -> PhantomTruth:
    labels = frozenset((f.finding, f.side) for f in findings)
    return PhantomTruth(number, SHAPE, findings, ("No effusion.",), ("effusion",), labels)


PHANTOMS = (
    truth(1, mass("right", 2)),
    truth(2, mass("left", 2)),
    truth(3),
    truth(4, mass("right", 10)),
)


class Knowing:
    """Finds what a phrase speaks of; a swapped side is looked for in the other half."""

    def __init__(self, phantom: PhantomTruth, *, blind_to_sides: bool = False) -> None:
        self.phantom = phantom
        self.blind = blind_to_sides

    def maps(self, phrases, *, mirrored=False):
        return [self._map(phrase, mirrored=mirrored) for phrase in phrases]

    def _map(self, phrase, *, mirrored):
        cosine = np.full(SHAPE, -1.0, np.float32)
        for found in self.phantom.findings:
            peaked, own = peak(found.mask), found.located
            if mirrored:
                peaked, own = peaked[:, ::-1], side_swapped(own)
            if self.blind or phrase in (found.plain, own):
                cosine = np.maximum(cosine, peaked)
            elif phrase == side_swapped(own):
                cosine = np.maximum(cosine, peaked[:, ::-1])
        return SimilarityMap(phrase, cosine, 20.0, 0.0, FRAME)

    def abstains(self, phrases):
        return [p == "No effusion." or p == "effusion" for p in phrases]

    def pooled(self, phrases):
        said = {LABELS[label] for label in self.phantom.labels}
        return np.array([0.9 if p in said else 0.1 for p in phrases], np.float32)


def report(**knows):
    looks = [(phantom, Knowing(phantom, **knows)) for phantom in PHANTOMS]
    found = run_phantoms(looks, label_phrases=LABELS, swap=side_swapped)
    return as_report(found, vocabulary=tuple(LABELS), replicates=20)


def test_a_model_that_knows_everything_has_full_marks():
    found = report()
    assert found["macro"]["plain"]["pointing"] == found["macro"]["located"]["pointing"] == 1.0
    assert_allclose(found["overall"]["located"]["miou"], 1.0)
    for question in ("named side", "swap moves", "mirror follows"):
        assert found["trust"][question] == {"share": 1.0, "interval": [1.0, 1.0], "n": 3}
    assert found["trust"]["denied abstains"]["share"] == 1.0
    assert found["trust"]["absent abstains"]["n"] == 4
    assert found["trust"]["present stands"]["share"] == 1.0


def test_a_model_that_does_not_read_sides_fails_the_swap_but_follows_the_mirror():
    trust = report(blind_to_sides=True)["trust"]
    assert trust["swap moves"]["share"] == 0.0
    assert trust["mirror follows"]["share"] == 1.0


class HalfKnowing(Knowing):
    """Finds the mass of the right lung only, and lets every other one pass as absent."""

    def _map(self, phrase, *, mirrored):
        found = super()._map(phrase, mirrored=mirrored)
        lost = np.full(SHAPE, -1.0, np.float32)
        return found if "right" in phrase else replace(found, cosine=lost)

    def abstains(self, phrases):
        return [p == "No effusion." or p.startswith("left") for p in phrases]


def both_sides(number: int) -> PhantomTruth:
    return truth(number, mass("right", 2), mass("left", 10))


def test_whole_studies_are_drawn_for_the_intervals():
    """In every study one of two masses is found: drawn by study, half of any draw is right."""
    looks = [(phantom, HalfKnowing(phantom)) for phantom in map(both_sides, range(1, 5))]
    found = run_phantoms(looks, label_phrases=LABELS, swap=side_swapped)
    figures = as_report(found, vocabulary=tuple(LABELS), replicates=200)
    assert figures["overall"]["located"]["pointing"] == 0.5
    for scope in ("overall", "macro"):
        assert figures["intervals"][scope]["located"]["pointing"] == [0.5, 0.5]
    assert figures["intervals"]["findings"]["mass"]["located"]["pointing"] == [0.5, 0.5]
    assert figures["trust"]["present stands"] == {"share": 0.5, "interval": [0.5, 0.5], "n": 8}
    assert figures["intervals"]["resampled"] == "studies"


def test_studies_that_differ_have_a_spread():
    """Two studies of two masses: all found in one, none in the other."""
    looks = [(both_sides(1), Knowing(both_sides(1))), (both_sides(2), Knowing(truth(2)))]
    found = run_phantoms(looks, label_phrases=LABELS, swap=side_swapped)
    figures = as_report(found, vocabulary=tuple(LABELS), replicates=200)
    assert figures["intervals"]["overall"]["located"]["pointing"] == [0.0, 1.0]


def test_retrieval_gives_credit_for_equal_reports():
    """Studies 1 and 4 say the same: a right mass. Three distinct reports of four."""
    found = report()["retrieval"]
    assert (found["studies"], found["distinct_reports"], found["labels"]) == (4, 3, 2)
    for way in ("image to report", "report to image"):
        assert found[way]["recall_at_1"]["mean"] == 1.0
        assert found[way]["r_precision"]["mean"] == 1.0
        # Two queries have 2 right ones of 4, two have 1 of 4.
        assert_allclose(found[way]["r_precision"]["chance"], (2 * 0.5 + 2 * 0.25) / 4)


def test_prior_leaves_its_own_mask_out():
    """Masks upper right, upper left, lower right: each prior is the mean of the two others."""
    macro = report()["macro"]
    assert macro["prior"]["pointing"] == 0.0
    assert macro["prior"]["miou"] == 0.0
    # No two masses at one place: the prior of the place is that of the finding.
    assert macro["prior located"] == macro["prior"]


def test_prior_of_a_place_is_taken_from_that_place():
    book = MaskBook()
    for study, (place, column) in enumerate([("right", 0), ("right", 1), ("left", 10)]):
        book.add(Sample(study, "mass", "finding", place, place, square(0, column)))
    first, _, third = book.priors()
    assert_allclose(first[2], square(0, 1))  # the other right one alone
    assert_allclose(third[2], (square(0, 0) + 1.0 * square(0, 1)) / 2)  # no other left one
    assert (first[1] == square(0, 0)).all()


def test_a_finding_seen_once_has_no_prior():
    book = MaskBook()
    book.add(Sample(1, "mass", "finding", "", "mass", square(0, 0)))
    ((_, _, prior),) = book.priors()
    assert prior is None


def test_findings_of_one_phrase_are_one_sample():
    phantom = truth(1, mass("right", 2), mass("left", 2))
    (plain,) = samples_of(phantom, kind="plain")
    assert (plain.mask == (square(2, 2) | square(2, 10))).all()
    assert [s.phrase for s in samples_of(phantom, kind="located")] == [
        "right upper lung mass",
        "left upper lung mass",
    ]


def test_devices_and_both_sides_are_not_asked_to_swap():
    line = PlacedFinding("picc", "device", "right", "right", "PICC", "right PICC", square(0, 0))
    both = PlacedFinding("edema", "finding", "bilateral", "", "edema", "edema", square(0, 0))
    assert one_sided(truth(1, line, both, mass("left", 2)))[0].side == "left"
    assert len(one_sided(truth(1, line, both))) == 0


@pytest.mark.parametrize(
    ("side", "column", "expected"),
    [("right", 0, True), ("right", 7, True), ("right", 8, False), ("left", 8, True)],
)
def test_the_patients_right_is_at_the_left_of_the_image(side, column, expected):
    assert lies_on(side, column, width=16) == expected


def test_groups():
    assert group_of("nodule", "finding") == "nodules"
    assert group_of("mass", "finding") == "others"
    assert group_of("picc", "device") == "lines/devices"


def test_report_is_plain_json_and_says_what_was_counted():
    found = report()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["protocol"] == "phantom_cxr/1"
    assert found["n"]["studies"] == 4
    assert found["n"]["samples"] == {"plain": 3, "located": 3, "prior": 3, "prior located": 3}
    assert found["n"]["groups"]["others"]["plain"] == 3
    assert set(found["findings"]) == {"mass"}
    assert found["intervals"]["overall"]["plain"]["pointing"] == [1.0, 1.0]
