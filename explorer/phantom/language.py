"""The grammar: every true phrase of a finding at several precisions, and sentences around it."""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.entities import Assertion, Side, Zone
from explorer.phantom import _frames
from explorer.phantom.findings._base import Card, Inserted, Severity
from explorer.phantom.typing_errors import mistype

_ZONE_WORDS: dict[Zone, tuple[str, ...]] = {
    "upper": ("upper lung", "upper lung zone", "upper lung field", "upper hemithorax",
              "upper lung region"),
    "mid": ("mid lung", "mid lung zone", "midlung", "mid lung field", "mid hemithorax"),
    "lower": ("lower lung", "lower lung zone", "lung base", "lower lung field", "base"),
}  # fmt: skip
_LOBE_SHORT = {
    "right upper lobe": "RUL", "right middle lobe": "RML", "right lower lobe": "RLL",
    "left upper lobe": "LUL", "left lower lobe": "LLL",
}  # fmt: skip
# Beside the lung, not "in the right hemithorax".
_AROUND = re.compile(r"diaphragm|clavic")
# How many phrases of each precision one finding of a study keeps; the first always stays.
_KEPT = {"plain": 12, "sided": 16, "zoned": 24, "described": 16, "sentence": 10}
_TYPED = 3
_ABOUT = re.compile(r" (?:in|on|at|of|with|along|over|from|to|involving|projecting|above|below) ")
_OWN_VERB = re.compile(
    r"\b(?:is|are|has|have|terminates?|extends?|courses?|overlies|projects?|measures?|ends?|lies?|"
    r"status|unchanged|likely|which|represent\w*|interval|possibly|probably|may|post|consistent|"
    r"compatible|concerning|suspicious|suggest\w*|in place|position|without)\b"
)
# Said with "a" although their finding's other names are not, and the other way round.
_ALWAYS_COUNTED = frozenset({"heart", "silhouette", "opacity", "infiltrate", "density", "process"})
_NEVER_COUNTED = frozenset(
    {"haziness", "cavitation", "fluid", "thickening", "air", "scarring", "congestion", "emphysema"}
    | {"disease", "widening", "prominence", "calcification", "enlargement", "fullness"}
)
# Nouns that begin with a state take an adverb of degree.
_STATES = (
    "enlarged", "widened", "elevated", "raised", "dilated", "tortuous", "prominent", "unfolded",
    "ectatic", "flattened", "calcified thoracic", "calcified aort", "displaced",
)  # fmt: skip
_ADVERBS = {
    "mild": "mildly", "slight": "slightly", "minimal": "minimally", "moderate": "moderately",
    "marked": "markedly", "severe": "severely", "massive": "massively",
}  # fmt: skip
_ABSENT_SKIPPED = re.compile(r"\bintact\b|\bin place\b|^(?:large|small) ")


@dataclass(frozen=True, slots=True)
class Where:
    """What a phrase may say of one insertion beside its name; `size` is spoken ("8 mm")."""

    side: Side | None = None
    zone: Zone | None = None
    lobe: str | None = None
    severity: Severity = "moderate"
    size: str | None = None

    @classmethod
    def of(cls, inserted: Inserted) -> "Where":
        """The place and degree of an insertion."""
        return cls(
            side=inserted.side,
            zone=inserted.zone,
            lobe=inserted.lobe,
            severity=inserted.severity,
            size=spoken_size(inserted.size_mm),
        )


def spoken_size(size_mm: float | None) -> str | None:
    """Say a size: "8 mm" below 2 cm, "3.4 cm" above."""
    if size_mm is None:
        return None
    return f"{round(size_mm)} mm" if size_mm < 20 else f"{size_mm / 10:.1f} cm"


def zone_words(where: Where) -> tuple[str, ...]:
    """Ways to name the zone: thirds of the lung, and the lobe where it keeps to one."""
    if where.zone is None:
        return ()
    words = _ZONE_WORDS[where.zone]
    lobe = (where.lobe or "").split(" ", 1)[-1]
    if lobe.startswith("middle" if where.zone == "mid" else where.zone):
        words = (*words, lobe)  # Only where lobe and third of the lung go by the same word.
    return words


def all_phrases(
    card: Card, where: Where, templates: Sequence[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Every phrase that is true at a place, by precision; the usual form of each comes first.

    Args:
        card: Words of the finding.
        where: Its place and degree.
        templates: Further whole phrases that hold for this insertion only.

    Returns:
        "plain", "sided", "zoned" and "described", each only where it has phrases.
    """
    nouns = _nouns(card, where)
    found = {"plain": list(nouns)}
    if where.side is not None and card.place != "none":
        found["sided"] = [p for noun in nouns for p in _sided(noun, where, card)]
    if where.side is not None and where.zone is not None and card.place == "zone":
        found["zoned"] = [p for noun in nouns for p in _zoned(noun, where)]
    found["described"] = [
        *_described(card, where, nouns),
        *_in_lobe(card, where, nouns),
        *(p for t in (*card.templates, *templates) for p in _fill(t, where)),
    ]
    return {kind: tuple(dict.fromkeys(texts)) for kind, texts in found.items() if texts}


def phrases_of(
    card: Card, inserted: Inserted, rng: np.random.Generator
) -> dict[str, tuple[str, ...]]:
    """Phrases that are true of one insertion, by precision (see `study.PRECISIONS`).

    Long lists are thinned out by chance. "typed" holds phrases with a typing error: for training
    only, a report never uses them.
    """
    draw = random.Random(int(rng.integers(2**32)))
    where = Where.of(inserted)
    found = all_phrases(card, where, inserted.templates)
    best = found.get("zoned") or found.get("sided") or found["plain"]
    said = [_draw_sentence(best, found, card, draw) for _ in range(_KEPT["sentence"])]
    kept = {kind: _thinned(texts, _KEPT[kind], draw) for kind, texts in found.items()}
    kept["sentence"] = tuple(dict.fromkeys(said))
    placed = [*best, *found.get("described", ())]
    wrong = [mistype(draw.choice(placed), draw) for _ in range(_TYPED)]
    kept["typed"] = tuple(t for t in dict.fromkeys(wrong) if t not in placed)
    return {kind: texts for kind, texts in kept.items() if texts}


def _thinned(texts: Sequence[str], count: int, draw: random.Random) -> tuple[str, ...]:
    if len(texts) <= count:
        return tuple(texts)
    return (texts[0], *draw.sample(texts[1:], count - 1))


def _draw_sentence(
    best: Sequence[str], found: dict[str, tuple[str, ...]], card: Card, draw: random.Random
) -> str:
    described = found.get("described", ())
    phrase = draw.choice(described if described and draw.random() < 0.5 else best)
    return fill_frame(draw.choice(frames_for(phrase, card, "present")), phrase, card)


def _nouns(card: Card, where: Where) -> tuple[str, ...]:
    both, low = where.side == "bilateral", where.zone in ("lower", None)
    nouns: tuple[str, ...] = card.nouns
    if both and card.plural:
        nouns = (card.plural, *(n for n in card.nouns if not card.countable))
    return tuple(
        n
        for n in nouns
        if (both or not n.startswith(("bibasilar", "bilateral"))) and (low or "basilar" not in n)
    )


def _sided(noun: str, where: Where, card: Card) -> list[str]:
    if where.side == "bilateral":
        return [f"bilateral {noun}", f"{noun} on both sides", f"{noun} bilaterally"]
    side = where.side
    spoken = [f"{side} {noun}", f"{noun} on the {side}", f"{side}-sided {noun}"]
    if card.kind == "finding" and card.place == "zone":
        spoken += [
            f"{side} lung {noun}",
            f"{noun} in the {side} lung",
            f"{noun} of the {side} lung",
            f"{noun} within the {side} lung",
        ]
    elif card.kind == "finding" and card.place == "side" and not _AROUND.search(noun):
        spoken += [f"{noun} in the {side} hemithorax"]
    return spoken


def _zoned(noun: str, where: Where) -> list[str]:
    side, zone = where.side, where.zone
    own_place = "basilar" in noun
    if side == "bilateral":
        # "lung volume loss" would read as a finding of its own.
        spoken = [f"bilateral {zone} lung {noun}"] if noun != "volume loss" else []
        spoken += [f"{noun} in both {zone} lungs"]
        spoken += [f"{noun} in the bilateral {zone} lung zones"]
        if zone == "lower" and not own_place:
            spoken += [f"bibasilar {noun}", f"{noun} at both lung bases"]
        return spoken
    before = noun != "volume loss"
    # The first form is the one grounding tables are pinned to.
    spoken = [f"{side} {zone} lung {noun}"] if before else []
    for word in zone_words(where):
        if "base" in word and own_place:
            continue
        preposition = "at" if "base" in word else "in"
        spoken.append(f"{noun} {preposition} the {side} {word}")
        if before:
            spoken.append(f"{side} {word} {noun}")
    if zone == "lower" and not own_place:
        spoken += [f"{side} basilar {noun}", f"{noun} at the {side} base"]
    return spoken


def _described(card: Card, where: Where, nouns: Sequence[str]) -> list[str]:
    lead = f"{where.side} " if where.side and card.place != "none" else ""
    zoned = where.side and where.zone and card.place == "zone"
    spoken = []
    for word in (*card.adjectives.get(where.severity, ()), *card.qualities):
        for k, noun in enumerate(n for n in nouns if word not in n):
            if noun.startswith(_STATES) or word.endswith("ly"):
                # "mildly enlarged heart", not "mild enlarged heart" nor "mildly cardiomegaly".
                if noun.startswith(_STATES):
                    spoken.append(f"{lead}{_ADVERBS.get(word, word)} {noun}")
                continue
            spoken.append(f"{word} {lead}{noun}")
            if zoned and where.side == "bilateral":
                spoken.append(f"{word} {noun} in both lungs")
            elif zoned:
                place = zone_words(where)[k % len(zone_words(where))]
                spoken.append(f"{word} {noun} in the {where.side} {place}")
    return spoken


def _in_lobe(card: Card, where: Where, nouns: Sequence[str]) -> list[str]:
    lobe = where.lobe
    if not lobe or card.place != "zone":
        return []
    spoken = []
    for noun in (n for n in nouns if "basilar" not in n):
        spoken += [f"{lobe} {noun}", f"{noun} in the {lobe}", f"{noun} within the {lobe}"]
        if short := _LOBE_SHORT.get(lobe):
            spoken += [f"{short} {noun}"]
    return spoken


def _fill(template: str, where: Where) -> list[str]:
    """Fill {side}, {zone}, {lobe} and {size}; empty when the insertion has no such value."""
    if where.side == "bilateral" and "the {side} " in template:
        return []
    singles = {"side": where.side, "lobe": where.lobe, "size": where.size}
    values = {key: value for key, value in singles.items() if f"{{{key}}}" in template}
    if None in values.values():
        return []
    if "{zone}" not in template:
        return [template.format(**values)]
    return [template.format(zone=word, **values) for word in zone_words(where)]


def frames_for(phrase: str, card: Card, assertion: Assertion) -> tuple[str, ...]:
    """The frames that a phrase may stand in to be held present, uncertain or absent."""
    device, own = card.kind == "device", tuple[str, ...]()
    if assertion == "present":
        if phrase.endswith("."):
            return ("{x}",)
        if _OWN_VERB.search(phrase):
            return ("{X}.",)
        own = _frames.PRESENT_DEVICE if device else _frames.PRESENT_FINDING
        return (*_frames.PRESENT, *own)
    if phrase.endswith(".") or _OWN_VERB.search(phrase):
        return ()
    if assertion == "uncertain":
        return _frames.UNCERTAIN
    if _ABSENT_SKIPPED.search(phrase):
        return ()
    own = _frames.ABSENT_DEVICE if device else _frames.ABSENT_FINDING
    return tuple(f for f in (*_frames.ABSENT, *own) if not _says_twice(f, phrase))


def _says_twice(frame: str, phrase: str) -> bool:
    """Whether the last word before the phrase is one of its own words ("No focal focal ...")."""
    before = frame.split("{x}")[0].split()
    return len(before) > 1 and before[-1] in phrase.split()


def fill_frame(frame: str, phrase: str, card: Card, **more: str) -> str:
    """Put a phrase into a frame, with its article and the number of its verb."""
    plural = is_plural(phrase)
    return frame.format(
        x=phrase,
        X=phrase[0].upper() + phrase[1:],
        a=article_of(phrase, card),
        s="" if plural else "s",
        ies="ie" if plural else "ies",
        **(_PLURAL if plural else _SINGULAR),
        **more,
    )


_SINGULAR = {"is": "is", "has": "has", "was": "was"}
_PLURAL = {"is": "are", "has": "have", "was": "were"}


def head_of(phrase: str) -> str:
    """The noun before the first preposition, with what stands before it."""
    return _ABOUT.split(phrase, maxsplit=1)[0]


def is_plural(phrase: str) -> bool:
    """Whether the noun before the first preposition is a plural.

    >>> is_plural("bullae in both lungs"), is_plural("atelectasis")
    (True, False)
    """
    head = head_of(phrase).removesuffix(" bilaterally")
    if head.endswith(("bullae", "granulomata", "hemidiaphragms")):
        return True
    return head.endswith("s") and not head.endswith(("is", "us", "ss"))


def article_of(phrase: str, card: Card) -> str:
    """The article that a phrase takes after "there is": "a ", "an " or nothing."""
    last = head_of(phrase).rsplit(" ", 1)[-1]
    counted = (card.countable or last in _ALWAYS_COUNTED) and last not in _NEVER_COUNTED
    if not counted or is_plural(phrase):
        return ""
    first = phrase.split(" ", 1)[0]
    spelled = len(first) > 1 and first[:2].isupper() and first[0] in "FHLMNRSX"
    return "an " if spelled or first[0].lower() in "aeio" or first.startswith("u") else "a "


def absent_list(frame: str, nouns: Sequence[str]) -> str:
    """A sentence that denies several findings; its verb follows the first of them."""
    return frame.format(l=joined(nouns), **(_PLURAL if is_plural(nouns[0]) else _SINGULAR))


def joined(items: Iterable[str], word: str = "or") -> str:
    """Write a list with a comma before the last word: "a, b, or c"; "a or b".

    >>> joined(["a", "b", "c"]), joined(["a", "b"])
    ('a, b, or c', 'a or b')
    """
    parts = list(items)
    if len(parts) < 3:
        return f" {word} ".join(parts)
    return f"{', '.join(parts[:-1])}, {word} {parts[-1]}"
