"""All frames, all cards, all places: what the grammar says, the text reader reads back."""

import random
from functools import cache
from itertools import product

import numpy as np
import pytest

from explorer.entities import Side, Zone
from explorer.phantom import _frames, _normals
from explorer.phantom.findings import list_findings
from explorer.phantom.findings._base import Card, Severity
from explorer.phantom.language import Where, absent_list, all_phrases, fill_frame, frames_for
from explorer.phantom.phrasebook import Phrasebook, sentences
from explorer.phantom.reports import following_sentences
from explorer.phantom.typing_errors import mistype
from explorer.text import mentions, phrase_assertion, read_report
from explorer.text.location import find_side, find_zone

CARDS: dict[str, Card] = {name: module.CARD for name, module in list_findings().items()}


@cache
def read_as(name: str) -> frozenset[str]:
    """Names of the text reader that a finding goes by: those of its nouns and templates."""
    card = CARDS[name]
    said = (*card.nouns, card.plural, *card.templates)
    return frozenset(found for text in said for found in mentions(text))


def places(card: Card) -> list[Where]:
    """Every side, zone and degree that the finding speaks of, with and without a lobe."""
    sides: tuple[Side | None, ...] = (
        (None,) if card.place == "none" else ("right", "left", "bilateral")
    )
    zones: tuple[Zone | None, ...] = ("upper", "mid", "lower") if card.place == "zone" else (None,)
    severities: tuple[Severity, ...] = ("mild", "moderate", "severe")
    return [
        Where(
            side=side,
            zone=zone,
            severity=severity,
            lobe=f"{side} {zone} lobe" if side in ("right", "left") and zone == "upper" else None,
            size="14 mm",
        )
        for side, zone, severity in product(sides, zones, severities)
    ]


@cache
def phrases(name: str) -> tuple[tuple[Where, str, str], ...]:
    """(place, precision, phrase) of everything that the grammar says of a finding, each once."""
    found: dict[tuple[str, str], Where] = {}
    for where in places(CARDS[name]):
        for precision, texts in all_phrases(CARDS[name], where).items():
            for text in texts:
                found.setdefault((precision, text), where)
    return tuple((where, precision, text) for (precision, text), where in found.items())


def assertion_of(text: str) -> str:
    """Of a text that may be several sentences: the strongest."""
    states = [s.assertion for s in read_report(f"FINDINGS: {text}").sentences]
    order = ("present", "uncertain", "absent", "not about the image")
    return next(state for state in order if state in states)


@pytest.mark.parametrize("name", CARDS)
def test_every_phrase_reads_back(name: str) -> None:
    for where, precision, text in phrases(name):
        assert phrase_assertion(text) == "present", text
        assert set(mentions(text)) & read_as(name), text
        if where.side is not None:
            assert find_side(text) in {None, where.side}, text
        if precision in {"sided", "zoned"}:
            assert find_side(text) == where.side, text
        if precision == "zoned":
            assert find_zone(text) == where.zone, text


@pytest.mark.parametrize("name", CARDS)
def test_every_frame_reads_back(name: str) -> None:
    """Each frame with each noun, and with placed phrases in turn."""
    card = CARDS[name]
    turns = [text for _, precision, text in phrases(name) if precision != "plain"]
    for assertion in ("present", "uncertain", "absent"):
        for k, text in enumerate((*card.nouns[:4], *turns[:: max(1, len(turns) // 5)])):
            for frame in frames_for(text, card, assertion)[k % 2 :: 2]:
                said = fill_frame(frame, text, card)
                assert phrase_assertion(said) == assertion, said
                assert find_side(said) == find_side(text), said


@pytest.mark.parametrize("name", CARDS)
def test_second_sentences_stay_present(name: str) -> None:
    draw = random.Random(1)
    for severity in ("mild", "moderate", "severe"):
        for _ in range(12):
            for said in following_sentences(
                CARDS[name].nouns[0], CARDS[name], draw, severity=severity, size="12 mm"
            ):
                assert phrase_assertion(said) == "present", said


def test_lists_deny_every_item() -> None:
    shown = [card for card in CARDS.values() if card.kind == "finding"]
    for k, frame in enumerate(_frames.ABSENT_LISTS * 6):
        nouns = [shown[(k * step + step) % len(shown)].nouns[0] for step in (1, 5, 7)]
        said = absent_list(frame, nouns)
        assert phrase_assertion(said) == "absent", said


def test_normal_statements_are_absent() -> None:
    for texts in (*_normals.NORMALS.values(), _normals.GENERAL):
        for said in texts:
            assert phrase_assertion(said) == "absent", said


def test_calling_a_structure_normal_denies_what_it_names() -> None:
    """The heart is not normal in size beside cardiomegaly; lungs are not clear beside a nodule."""
    assert _normals.denied_by("heart", CARDS) == ("cardiomegaly",)
    assert "nodule" in _normals.denied_by("lungs", CARDS)
    assert not _normals.may_be_called_normal("heart", {"cardiomegaly"}, CARDS)
    assert not _normals.may_be_called_normal("lungs", {"nodule"}, CARDS)
    assert _normals.may_be_called_normal("heart", {"nodule"}, CARDS)


def test_phrasebook_reads_back() -> None:
    """Drawn sentences claim what the reader reads, lists and pairs of sentences among them."""
    drawn = [s for s in sentences(np.random.default_rng(5), 1200) if not s.typed]
    wrong = [s for s in drawn if assertion_of(s.text) != s.assertion]
    assert not wrong, [s.text for s in wrong[:5]]
    single = [s for s in drawn if len(s.claims) == 1]
    assert all(find_side(s.text) == s.side for s in single)


def test_phrasebook_is_the_same_for_a_seed_and_covers_all_findings() -> None:
    one, again = (sentences(np.random.default_rng(2), 2000) for _ in range(2))
    assert one == again
    assert {finding for s in one for finding in s.findings} == set(CARDS)
    assert {s.assertion for s in one} == {"present", "uncertain", "absent"}
    assert 0.01 < np.mean([s.typed for s in one]) < 0.08


def test_a_mixed_sentence_claims_both() -> None:
    book = Phrasebook({"effusion": CARDS["effusion"], "nodule": CARDS["nodule"]})
    mixed = [
        s
        for s in book.draw(np.random.default_rng(0), 400)
        if {c.assertion for c in s.claims} == {"present", "absent"}
    ]
    assert mixed
    assert all(set(s.findings) == {"effusion", "nodule"} for s in mixed)


def test_typing_errors_spare_short_words() -> None:
    """ "No", "left" and "right" keep their letters; one error changes the length by one at most."""
    draw = random.Random(0)
    for _ in range(200):
        wrong = mistype("No left pleural effusion.", draw)
        assert wrong != "No left pleural effusion."
        assert wrong.startswith("No left")
        assert abs(len(wrong) - 25) <= 1
