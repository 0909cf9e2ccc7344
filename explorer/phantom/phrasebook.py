"""Sentences of the whole grammar without an image: text, what it claims, and where.

For teaching a text projection which findings a sentence names and whether it holds them present,
absent or uncertain. Only the words of the findings (`CARD`) are needed.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from explorer.entities import Assertion, Side
from explorer.phantom import _frames, _normals
from explorer.phantom.findings import list_findings
from explorer.phantom.findings._base import ZONES, Card, Severity
from explorer.phantom.language import Where, absent_list, all_phrases, fill_frame, frames_for
from explorer.phantom.reports import following_sentences
from explorer.phantom.typing_errors import mistype
from explorer.text.location import find_side

_SEVERITIES: tuple[Severity, ...] = ("mild", "moderate", "severe")
_LOBES = {
    ("right", "upper"): "right upper lobe",
    ("right", "mid"): "right middle lobe",
    ("right", "lower"): "right lower lobe",
    ("left", "upper"): "left upper lobe",
    ("left", "lower"): "left lower lobe",
}
_TYPED = 0.04
# Share of each kind of sentence.
_KINDS = {
    "phrase": 0.14, "present": 0.25, "uncertain": 0.14, "absent": 0.15, "denial": 0.06,
    "absent list": 0.08, "present list": 0.06, "mixed": 0.05, "two": 0.03, "normal": 0.04,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sentence says of one finding; `side` is None when it names none."""

    finding: str
    assertion: Assertion
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence, or a short run of them, with everything it claims.

    Attributes:
        text: The words; without a full stop when it is a bare phrase.
        claims: One a finding, in order; empty for statements on the chest as a whole.
        assertion: Of the whole text: present if any claim is, else uncertain, else absent.
        typed: Whether it holds a typing error.
    """

    text: str
    claims: tuple[Claim, ...]
    assertion: Assertion
    typed: bool = False

    @property
    def findings(self) -> tuple[str, ...]:
        """Ids of the findings named."""
        return tuple(claim.finding for claim in self.claims)

    @property
    def side(self) -> Side | None:
        """The side, when all claims name the same one."""
        sides = {claim.side for claim in self.claims}
        return sides.pop() if len(sides) == 1 else None


def sentences(rng: np.random.Generator, count: int) -> list[Spoken]:
    """Draw sentences from the whole grammar; the same generator state gives the same ones."""
    return phrasebook().draw(rng, count)


@cache
def phrasebook() -> "Phrasebook":
    """The phrasebook of all findings in `explorer.phantom.findings`."""
    return Phrasebook({name: module.CARD for name, module in list_findings().items()})


class Phrasebook:
    """Draws sentences about a set of findings.

    Phrases of a finding at a place are worked out once and kept, some 10 MB for all of them.

    Args:
        cards: Finding id -> its words; at least two findings that are not devices.
    """

    def __init__(self, cards: Mapping[str, Card]) -> None:
        self.cards = dict(cards)
        self._ids = tuple(cards)
        self._shown = tuple(i for i in cards if cards[i].kind == "finding")
        self._pools: dict[tuple[str, Where], tuple[tuple[str, Side | None], ...]] = {}
        self._frames: dict[tuple[str, str, Assertion], tuple[str, ...]] = {}
        self._denied = {s: _normals.denied_by(s, cards) for s in _normals.NORMALS}
        self._makers = {
            "phrase": self._phrase, "present": self._present, "uncertain": self._uncertain,
            "absent": self._absent, "denial": self._denial, "absent list": self._absent_list,
            "present list": self._present_list, "mixed": self._mixed, "two": self._two,
            "normal": self._normal,
        }  # fmt: skip

    def draw(self, rng: np.random.Generator, count: int) -> list[Spoken]:
        """Draw `count` sentences, kinds and findings mixed; findings have equal chances."""
        draw = random.Random(int(rng.integers(2**63)))
        kinds = draw.choices(list(_KINDS), weights=list(_KINDS.values()), k=count)
        return [self._with_errors(self._makers[kind](draw), draw) for kind in kinds]

    def _with_errors(self, spoken: Spoken, draw: random.Random) -> Spoken:
        if draw.random() >= _TYPED:
            return spoken
        text = mistype(spoken.text, draw)
        return Spoken(text, spoken.claims, spoken.assertion, typed=text != spoken.text)

    def _where(self, finding: str, draw: random.Random) -> Where:
        card = self.cards[finding]
        side: Side | None = None
        if card.place != "none":
            side = draw.choices(("right", "left", "bilateral"), weights=(0.42, 0.42, 0.16))[0]
        zone = draw.choice(ZONES) if card.place == "zone" else None
        lobe = _LOBES.get((side or "", zone or "")) if draw.random() < 0.6 else None
        return Where(side=side, zone=zone, lobe=lobe, severity=draw.choice(_SEVERITIES))

    def _pool(self, finding: str, where: Where) -> tuple[tuple[str, Side | None], ...]:
        """(phrase, the side it names) at every precision; sizes are drawn later."""
        key = (finding, where)
        if key not in self._pools:
            found = all_phrases(self.cards[finding], replace(where, size=_SIZE))
            self._pools[key] = tuple(
                (text, find_side(text)) for texts in found.values() for text in texts
            )
        return self._pools[key]

    def _words(
        self, draw: random.Random, assertion: Assertion, finding: str | None = None
    ) -> tuple[str, str, Claim, tuple[str, ...]]:
        """Finding, phrase, claim, and the frames the phrase may stand in."""
        while True:
            chosen = finding or draw.choice(self._ids)
            where = self._where(chosen, draw)
            text, side = draw.choice(self._pool(chosen, where))
            frames = self._frames_for(text, chosen, assertion)
            if frames:
                text = text.replace(_SIZE, _size(draw))
                return chosen, text, Claim(chosen, assertion, side), frames

    def _frames_for(self, text: str, finding: str, assertion: Assertion) -> tuple[str, ...]:
        key = (text, finding, assertion)
        if key not in self._frames:
            self._frames[key] = frames_for(text, self.cards[finding], assertion)
        return self._frames[key]

    def _phrase(self, draw: random.Random) -> Spoken:
        _, text, claim, _ = self._words(draw, "present")
        return Spoken(text, (claim,), "present")

    def _framed(self, draw: random.Random, assertion: Assertion) -> Spoken:
        finding, text, claim, frames = self._words(draw, assertion)
        said = fill_frame(draw.choice(frames), text, self.cards[finding])
        return Spoken(said, (claim,), assertion)

    def _present(self, draw: random.Random) -> Spoken:
        return self._framed(draw, "present")

    def _uncertain(self, draw: random.Random) -> Spoken:
        return self._framed(draw, "uncertain")

    def _absent(self, draw: random.Random) -> Spoken:
        return self._framed(draw, "absent")

    def _denial(self, draw: random.Random) -> Spoken:
        finding = draw.choice(self._ids)
        text = draw.choice(self.cards[finding].absent)
        return Spoken(text, (Claim(finding, "absent"),), "absent")

    def _absent_list(self, draw: random.Random) -> Spoken:
        chosen = draw.sample(self._shown, min(len(self._shown), draw.choice((2, 2, 3, 3, 4))))
        nouns = [self._denied_noun(i, draw) for i in chosen]
        text = absent_list(draw.choice(_frames.ABSENT_LISTS), nouns)
        return Spoken(text, tuple(Claim(i, "absent") for i in chosen), "absent")

    def _denied_noun(self, finding: str, draw: random.Random) -> str:
        card = self.cards[finding]
        usual = [card.plural] if card.plural else []
        return draw.choice([*usual, *card.nouns[:4]])

    def _pair(
        self, draw: random.Random, second: Assertion
    ) -> tuple[str, dict[str, str], Claim, Claim]:
        """Two findings of different kind: id of the first, words of both, their claims."""
        one, other = draw.sample(self._shown, 2)
        while True:
            _, x, first, frames = self._words(draw, "present", one)
            if len(frames) > 1:
                break
        if second == "absent":
            noun = self._denied_noun(other, draw)
            return one, {"x": x, "y": noun}, first, Claim(other, "absent")
        while True:
            _, y, claim, frames = self._words(draw, "present", other)
            if len(frames) > 1:
                return one, {"x": x, "y": y}, first, claim

    def _present_list(self, draw: random.Random) -> Spoken:
        return self._both(draw, _frames.PRESENT_LISTS, "present")

    def _mixed(self, draw: random.Random) -> Spoken:
        return self._both(draw, _frames.MIXED, "absent")

    def _both(self, draw: random.Random, frames: Sequence[str], second: Assertion) -> Spoken:
        one, words, first, other = self._pair(draw, second)
        upper = words["y"][0].upper() + words["y"][1:]
        text = fill_frame(draw.choice(frames), words["x"], self.cards[one], y=words["y"], Y=upper)
        return Spoken(text, (first, other), "present")

    def _two(self, draw: random.Random) -> Spoken:
        finding, text, claim, frames = self._words(draw, "present")
        card = self.cards[finding]
        said = [fill_frame(draw.choice(frames), text, card)]
        said += following_sentences(
            card.nouns[0], card, draw, severity=draw.choice(_SEVERITIES), size=_size(draw)
        )
        return Spoken(" ".join(said), (claim,), "present")

    def _normal(self, draw: random.Random) -> Spoken:
        structure = draw.choice((*_normals.NORMALS, "whole"))
        if structure == "whole":
            return Spoken(draw.choice(_normals.GENERAL), (), "absent")
        claims = tuple(Claim(i, "absent") for i in self._denied[structure])
        return Spoken(draw.choice(_normals.NORMALS[structure]), claims, "absent")


_SIZE = "<size>"


def _size(draw: random.Random) -> str:
    millimetres = draw.uniform(4, 60)
    return f"{millimetres:.0f} mm" if millimetres < 20 else f"{millimetres / 10:.1f} cm"
