"""Every sentence of the grammar reads back to its own finding, side, zone and assertion."""

import numpy as np
import pytest

from explorer.phantom.findings import list_findings
from explorer.phantom.findings._base import Inserted
from explorer.phantom.language import phrases_of, spoken_size
from explorer.phantom.poses import PoseBank
from explorer.phantom.render import render_study
from explorer.text import mentions, phrase_assertion, read_report
from explorer.text.location import find_side, find_zone

FINDINGS = sorted(list_findings())
# Finding id -> names of `explorer.text` that its phrases may go by.
READ_AS = {
    "aortic_calcification": {"calcification"},
    "aortic_tortuosity": {"tortuous aorta"},
    "atelectasis": {"atelectasis", "opacity", "low lung volumes"},
    "cardiomegaly": {"cardiomegaly"},
    "cavity": {"cavity", "mass"},
    "central_line": {"tube or line"},
    "chest_tube": {"tube or line"},
    "clavicle_fracture": {"fracture"},
    "consolidation": {"consolidation", "opacity", "pneumonia", "infiltrate"},
    "edema": {"edema", "vascular congestion", "opacity", "fibrosis"},
    "effusion": {"pleural effusion", "opacity"},
    "elevated_diaphragm": {"elevated diaphragm"},
    "endotracheal_tube": {"tube or line"},
    "free_air": {"free air"},
    "granuloma": {"granuloma", "calcification", "nodule"},
    "feeding_tube": {"tube or line"},
    "ground_glass": {"opacity", "infiltrate"},
    "hernia": {"hernia", "opacity"},
    "hilar_enlargement": {"lymphadenopathy"},
    "hyperinflation": {"hyperinflation", "emphysema"},
    "icd": {"pacemaker"},
    "interstitial": {"fibrosis", "opacity"},
    "mass": {"mass", "opacity"},
    "nasogastric_tube": {"tube or line"},
    "nodule": {"nodule", "opacity"},
    "pacemaker": {"pacemaker"},
    "picc": {"tube or line"},
    "pleural_thickening": {"pleural thickening"},
    "pneumothorax": {"pneumothorax"},
    "port": {"tube or line"},
    "prosthetic_valve": {"surgical material"},
    "rib_fracture": {"fracture"},
    "scoliosis": {"spine curvature"},
    "sternal_wires": {"surgical material"},
    "widened_mediastinum": {"lymphadenopathy"},
}


def insertions(name: str) -> list[Inserted]:
    """Both sides and all zones, where the finding speaks of them."""
    card = list_findings()[name].CARD
    mask = np.ones((4, 4), bool)
    both = name in {"edema", "interstitial"}
    one = (None,) if card.place == "none" else ("right", "left")
    sides = ("bilateral",) if both else one
    zones = ("upper", "mid", "lower") if card.place == "zone" else (None,)
    return [
        Inserted(mask=mask, side=side, zone=zone, severity=severity, lobe=lobe, size_mm=14.0)  # type: ignore[arg-type]
        for side in sides
        for zone in zones
        for severity in ("mild", "moderate", "severe")
        for lobe in (None, f"{side} upper lobe" if side else None)
    ]


@pytest.mark.parametrize("name", FINDINGS)
def test_phrases_read_back(name: str) -> None:
    card = list_findings()[name].CARD
    rng = np.random.default_rng(3)
    for inserted in insertions(name):
        spoken = phrases_of(card, inserted, rng)
        assert spoken["plain"][0] == card.nouns[0]
        for precision, phrases in spoken.items():
            for phrase in phrases if precision != "typed" else ():
                assert phrase_assertion(phrase) == "present", phrase
                assert set(mentions(phrase)) & READ_AS[name], (phrase, mentions(phrase))
                assert find_side(phrase) in {None, inserted.side}, phrase
                if precision in {"sided", "zoned"}:
                    assert find_side(phrase) == inserted.side, phrase
                if precision == "zoned":
                    assert find_zone(phrase) == inserted.zone, phrase


@pytest.mark.parametrize("name", FINDINGS)
def test_denials_read_as_absent(name: str) -> None:
    for sentence in list_findings()[name].CARD.absent:
        assert phrase_assertion(sentence) == "absent", sentence


def test_pinned_located_phrase_comes_first() -> None:
    """The form that grounding tables are pinned to: side, zone, "lung", usual name."""
    card = list_findings()["nodule"].CARD
    inserted = Inserted(
        mask=np.ones((2, 2), bool), side="left", zone="mid", severity="mild", size_mm=8
    )
    spoken = phrases_of(card, inserted, np.random.default_rng(0))
    assert spoken["zoned"][0] == "left mid lung nodule"
    assert spoken["sided"][0] == "left nodule"


def test_bilateral_uses_the_plural() -> None:
    card = list_findings()["effusion"].CARD
    inserted = Inserted(mask=np.ones((2, 2), bool), side="bilateral", zone="lower", severity="mild")
    spoken = phrases_of(card, inserted, np.random.default_rng(0))
    assert "bilateral pleural effusions" in spoken["sided"]
    assert not any("bilateral pleural effusion " in p + " " for p in spoken["sided"])


def test_report_reads_back_sentence_by_sentence(bank: PoseBank) -> None:
    """The report reader finds the same sentences with the same assertions, in order."""
    wrong = 0
    total = 0
    for seed in range(25):
        study = render_study(seed, bank=bank, size=(96, 96))
        read = read_report(study.report).sentences
        assert [s.text for s in read] == [s.text for s in study.sentences]
        for got, meant in zip(read, study.sentences, strict=True):
            total += 1
            wrong += got.assertion != meant.assertion
    assert wrong <= 0.01 * total, f"{wrong} of {total}"


def test_denials_never_contradict_a_finding(bank: PoseBank) -> None:
    for seed in range(25):
        study = render_study(seed, bank=bank, size=(96, 96))
        present = {f.finding for f in study.findings}
        for finding, sentence in study.absent:
            assert finding not in present
            named = set(mentions(sentence))
            for other in present:
                usual = READ_AS[other] - {"opacity", "infiltrate", "low lung volumes", "fibrosis"}
                assert not (named & usual) or named & READ_AS[finding], (sentence, other)


def test_sizes_are_said_in_usual_units() -> None:
    assert spoken_size(8.4) == "8 mm"
    assert spoken_size(34.0) == "3.4 cm"
    assert spoken_size(None) is None
