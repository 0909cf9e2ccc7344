"""Assertion, side, zone and phrases of sentences written out by hand."""

import pytest

from explorer.text import phrase_assertion, read_report
from explorer.text.location import find_side, find_zone


@pytest.mark.parametrize(
    ("phrase", "assertion"),
    [
        ("Left basilar atelectasis.", "present"),
        ("The heart is enlarged.", "present"),
        ("Unchanged right nodule.", "present"),
        ("No significant interval change in left effusion.", "present"),
        ("Opacity may represent infiltrate.", "present"),
        ("Sternotomy wires are intact.", "present"),
        ("No evidence of pneumonia.", "absent"),
        ("The heart is not enlarged.", "absent"),
        ("Pneumothorax is not seen.", "absent"),
        ("Left effusion has resolved.", "absent"),
        ("Negative for acute abnormality.", "absent"),
        ("The lungs are clear of effusion.", "absent"),
        ("Heart size is normal.", "absent"),
        ("Stable cardiomediastinal silhouette.", "absent"),
        ("Stent has been removed.", "absent"),
        ("No consolidation, large effusion, or pneumothorax.", "absent"),
        ("Possible left nodule.", "uncertain"),
        ("Pneumonia cannot be excluded.", "uncertain"),
        ("Heart size borderline enlarged.", "uncertain"),
        ("Suspected fractures of the left ribs.", "uncertain"),
        ("Follow-up CT is recommended.", "not about the image"),
        ("Correlate clinically.", "not about the image"),
        ("Dr. Lee was notified by phone.", "not about the image"),
        ("PA and lateral views of the chest.", "not about the image"),
        ("No significant change.", "not about the image"),
        ("XXXX.", "not about the image"),
        ("", "not about the image"),
    ],
)
def test_assertion_of_a_sentence(phrase: str, assertion: str) -> None:
    assert phrase_assertion(phrase) == assertion


def phrases(text: str) -> list[tuple[str, str]]:
    (sentence,) = read_report(text).sentences
    return [(phrase.text, phrase.assertion) for phrase in sentence.phrases]


def test_contrast_ends_the_reach_of_a_denial() -> None:
    assert phrases("No effusion, but left basilar atelectasis.") == [
        ("No effusion", "absent"),
        ("left basilar atelectasis", "present"),
    ]


def test_denied_list_is_cut_and_every_item_is_absent() -> None:
    assert phrases("No pneumothorax, pleural effusion, or focal consolidation.") == [
        ("No pneumothorax", "absent"),
        ("pleural effusion", "absent"),
        ("focal consolidation", "absent"),
    ]


def test_findings_that_share_a_place_stay_together() -> None:
    assert phrases("Left basilar atelectasis and effusion.") == [
        ("Left basilar atelectasis and effusion", "present")
    ]
    assert len(phrases("Left basilar atelectasis and right effusion.")) == 2
    assert len(phrases("Scarring consistent with old granulomatous disease.")) == 1


def test_recommendation_is_cut_from_its_finding() -> None:
    assert phrases("RLL nodule, recommend CT.") == [
        ("RLL nodule", "present"),
        ("recommend CT", "not about the image"),
    ]


def test_doubt_ends_at_a_comma_without_alternative() -> None:
    assert phrases("Possible nodule, endotracheal tube in place.") == [
        ("Possible nodule", "uncertain"),
        ("endotracheal tube in place", "present"),
    ]


@pytest.mark.parametrize("heading", ["INDICATION", "COMPARISON", "TECHNIQUE", "RECOMMENDATION"])
def test_sentence_under_another_heading_is_not_about_the_image(heading: str) -> None:
    (sentence,) = read_report(f"{heading}: Left effusion.").sentences
    assert sentence.assertion == "not about the image"
    assert sentence.phrases[0].assertion == "not about the image"


@pytest.mark.parametrize(
    ("phrase", "side", "zone"),
    [
        ("RLL pneumonia", "right", "lower"),
        ("LUL mass", "left", "upper"),
        ("lingular scar", "left", "mid"),
        ("right middle lobe atelectasis", "right", "mid"),
        ("biapical scarring", "bilateral", "upper"),
        ("bibasilar atelectasis", "bilateral", "lower"),
        ("left costophrenic angle blunting", "left", "lower"),
        ("both lungs", "bilateral", None),
        ("right and left effusions", "bilateral", None),
        ("effusion R > L", "bilateral", None),
        ("heart size upper limits of normal", None, None),
        ("catheter tip in the lower SVC", None, None),
        ("surgical clips in the right upper quadrant", "right", None),
        ("opacities in the upper and lower lobes", None, None),
        ("bright midline mass", None, None),
    ],
)
def test_side_and_zone(phrase: str, side: str | None, zone: str | None) -> None:
    assert (find_side(phrase), find_zone(phrase)) == (side, zone)
