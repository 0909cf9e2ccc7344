"""Phrases for labels: the pinned wordings, and templates that the report reader understands."""

import numpy as np
import pytest

from explorer.entities import Side, Zone
from explorer.text import mentions, phrase_assertion, side_swapped
from explorer.training.phrasing import (
    FINDINGS,
    RELATED_GROUPS,
    random_negation,
    random_phrase,
    related,
    usual_phrase,
)

PLAIN = {
    "Atelectasis": "atelectasis",
    "Cardiomegaly": "cardiomegaly",
    "Effusion": "pleural effusion",
    "Infiltrate": "infiltrate",
    "Mass": "mass",
    "Nodule": "nodule",
    "Pneumonia": "pneumonia",
    "Pneumothorax": "pneumothorax",
}
LOCATED = PLAIN | {
    "Atelectasis": "left lower lung atelectasis",
    "Effusion": "left pleural effusion",
    "Infiltrate": "left lower lung infiltrate",
    "Mass": "left lower lung mass",
    "Nodule": "left lower lung nodule",
    "Pneumonia": "left lower lung pneumonia",
    "Pneumothorax": "left pneumothorax",
}
DRAWS = 150


@pytest.mark.parametrize("label", PLAIN)
def test_usual_phrases_have_the_pinned_wording(label: str) -> None:
    assert usual_phrase(label, side=None, zone=None) == PLAIN[label]
    assert usual_phrase(label, side="left", zone="lower") == LOCATED[label]


def draws(label: str, *, side: Side | None, zone: Zone | None, must: bool = False) -> list[str]:
    rng = np.random.default_rng(0)
    return [random_phrase(label, rng, side=side, zone=zone, must_place=must) for _ in range(DRAWS)]


@pytest.mark.parametrize("label", PLAIN)
def test_a_random_phrase_with_the_usual_name_is_read_as_its_finding(label: str) -> None:
    """Where the report reader knows the name, no template may hide it."""
    name = FINDINGS[label].name
    known = mentions(name)
    for phrase in draws(label, side="left", zone="lower"):
        if name in phrase:
            assert set(known) <= set(mentions(phrase)), phrase


@pytest.mark.parametrize("label", FINDINGS)
def test_random_phrases_state_their_finding_as_present(label: str) -> None:
    stated = {p: phrase_assertion(p) for p in draws(label, side="right", zone="upper")}
    assert {p for p, assertion in stated.items() if assertion != "present"} == set()


@pytest.mark.parametrize("label", FINDINGS)
def test_random_negations_state_their_finding_as_absent(label: str) -> None:
    """As far as the report reader knows the words of the finding."""
    rng = np.random.default_rng(0)
    denials = [p for p in (random_negation(label, rng) for _ in range(DRAWS)) if mentions(p)]
    assert len(denials) > DRAWS / 3
    stated = {p: phrase_assertion(p) for p in denials}
    assert {p for p, assertion in stated.items() if assertion != "absent"} == set()


@pytest.mark.parametrize("label", [n for n in FINDINGS if FINDINGS[n].sided])
def test_a_phrase_that_must_say_its_place_does(label: str) -> None:
    for phrase in draws(label, side="left", zone="upper", must=True):
        assert "left" in phrase
        assert "right" in (side_swapped(phrase) or "")


def test_a_finding_without_sides_never_says_one() -> None:
    for phrase in draws("Cardiomegaly", side="left", zone="lower", must=True):
        assert "left" not in phrase
        assert "lower" not in phrase


def test_without_a_place_no_side_is_made_up() -> None:
    assert [p for p in draws("Mass", side=None, zone="upper") if side_swapped(p)] == []


def test_phrases_vary() -> None:
    assert len(set(draws("Pneumonia", side="left", zone="lower"))) > DRAWS / 3


def test_related_groups_hold_themselves_and_the_groups_of_all_findings_are_known() -> None:
    for group, others in RELATED_GROUPS.items():
        assert group in others
    assert related("heart") == {"heart"}
    assert "opacity" in related("atelectasis")
