"""Negated and side-swapped phrases, the lists of null phrases, and mentions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.text import (
    NONSENSE_PHRASES,
    NULL_PHRASES,
    mentions,
    negated,
    phrase_assertion,
    read_report,
    side_swapped,
)
from explorer.text.assertion import find_targets
from explorer.text.location import find_side


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("left effusion", "no left effusion"),
        ("A small left effusion is seen.", "No small left effusion is seen."),
        ("There is a small left effusion.", "There is no small left effusion."),
        ("The heart is enlarged.", "The heart is not enlarged."),
        ("Possible nodule", "No nodule"),
        ("RLL nodule", "no RLL nodule"),
        ("no effusion", None),
        ("The lungs are clear.", None),
        ("Recommend CT.", None),
        ("  ", None),
    ],
)
def test_negated(phrase: str, expected: str | None) -> None:
    assert negated(phrase) == expected


@pytest.mark.parametrize(
    "phrase",
    ["left effusion", "There is a nodule", "The heart is enlarged", "RUL mass", "Cardiomegaly"],
)
def test_negated_phrase_reads_as_absent(phrase: str) -> None:
    rewritten = negated(phrase)
    assert rewritten is not None
    assert phrase_assertion(rewritten) == "absent"
    assert mentions(rewritten) == mentions(phrase)


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("Left basilar opacity", "Right basilar opacity"),
        ("right-sided pacemaker", "left-sided pacemaker"),
        ("RLL and RUL opacities", "LLL and LUL opacities"),
        ("RIGHT EFFUSION", "LEFT EFFUSION"),
        ("right middle lobe opacity", "lingula opacity"),
        ("lingular opacity", "right middle lobe opacity"),
        ("bilateral effusions", None),
        ("right and left effusions", None),
        ("cardiomegaly", None),
        ("bright upright film", None),
    ],
)
def test_side_swapped(phrase: str, expected: str | None) -> None:
    assert side_swapped(phrase) == expected


@pytest.mark.parametrize("phrase", ["left effusion", "RLL mass", "Right-sided tube", "lt base"])
def test_swapping_sides_exchanges_the_side_and_twice_gives_it_back(phrase: str) -> None:
    swapped = side_swapped(phrase)
    assert swapped is not None
    assert {find_side(phrase), find_side(swapped)} == {"right", "left"}
    assert side_swapped(swapped) == phrase


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_rewriting_any_text_never_fails(text: str) -> None:
    assert negated(text) != text
    assert side_swapped(text) is None or isinstance(side_swapped(text), str)
    mentions(text)


def test_null_and_nonsense_phrases_speak_of_no_finding_and_are_distinct() -> None:
    assert len(NONSENSE_PHRASES) >= 8
    assert len(NULL_PHRASES) == 48
    both = NONSENSE_PHRASES + NULL_PHRASES
    assert len({phrase.lower() for phrase in both}) == len(both)
    chest = {"lung", "heart", "chest", "pleura", "rib", "thorax"}
    assert not any(chest & set(phrase.lower().split()) for phrase in both)
    assert not any(mentions(phrase) for phrase in NONSENSE_PHRASES)


@pytest.mark.parametrize(
    ("phrase", "findings"),
    [
        ("Cardiomegaly with small bilateral effusions", ("cardiomegaly", "pleural effusion")),
        ("the heart is mildly enlarged", ("cardiomegaly",)),
        ("blunting of the left costophrenic angle", ("pleural effusion",)),
        ("RLL airspace disease", ("opacity",)),
        ("interstitial pulmonary oedema", ("edema",)),
        ("apical pleural thickening", ("pleural thickening",)),
        ("hiatal hernia", ("hernia",)),
        ("old rib fractures", ("fracture",)),
        ("left chest tube", ("tube or line",)),
        ("pneumonitis or pneumothorax", ("pneumonia", "pneumothorax")),
        ("the lungs are clear", ()),
    ],
)
def test_mentions(phrase: str, findings: tuple[str, ...]) -> None:
    assert mentions(phrase) == findings


def test_a_sentence_that_was_just_read_is_not_looked_through_again_to_be_denied() -> None:
    (sentence,) = read_report("FINDINGS: Small left effusion.").sentences
    before = find_targets.cache_info().misses
    assert negated(sentence.text) == "No small left effusion."
    assert find_targets.cache_info().misses == before
