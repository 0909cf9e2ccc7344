"""Takes from a sentence the part that names what to look for on the image.

A map is asked for "left effusion", not for "no interval increase in the left effusion": words of
change, advice and people would be looked for as if they were findings.
"""

import re
from collections.abc import Sequence

from explorer.entities import Assertion, Phrase
from explorer.text._frames import LEADS, TAILS, UNSEEN
from explorer.text.findings import find_mentions
from explorer.text.location import find_side

# "Fluid persists at the right base": what is cut off may name the place.
_PLACE = re.compile(
    r"\b(?:in|at|on|along|within|under)\s(?:the\s|both\s)?(?:right|left)"
    r"(?:\s(?:upper|lower|middle|mid|lung|lobe|zone|base|apex|side|hemithorax|hemidiaphragm))*"
    r"(?!(?:\s\w{1,12}){0,2}?\s(?:film|radiograph|stud|exam|view))\b",
    re.IGNORECASE,
)
_MIN_LETTERS = 3
_LONGEST_ABBREVIATION = 4
_EDGES = " \t\r\n.,;:?-\u2013\u2014"
_ANSWERED = re.compile(
    r"(?P<label>[^:?\u2013\u2014]{2,80}?)\s{0,4}(?:[:?\u2013\u2014]|\s-)"
    r"\s{0,4}(?P<answer>[^:?]{1,40})"
)
_KIND_LIST = """
    small large tiny trace mild moderate severe minimal slight subtle left right bilateral bibasilar
    biapical basilar basal apical perihilar upper lower mid middle lobe lobes base bases apex apices
    lung lungs zone l r lt rt rul rml rll lul lll lingula possible probable questionable
"""
_KIND_WORDS = frozenset(_KIND_LIST.split())
# Of "yes, LUL 9 mm" only the place says where to look.
_NO_KIND = re.compile(
    r"\b(?:\d[\d.,/x-]{0,9}(?:\s?[cm]m)?|[cm]m|yes|y|present|positive|seen|noted|in|at|on|the)\b",
    re.IGNORECASE,
)


def finding_part(sentence: str, phrases: Sequence[Phrase], *, start: int = 0) -> str:
    """The words of `sentence` that name what it says is there, doubted or denied.

    Args:
        sentence: Its own text.
        phrases: Its phrases in order.
        start: Offset of the sentence in the text that the phrases count from.

    Returns:
        The phrases that carry the sentence's assertion, without words of change, comparison,
        advice and people; an answer is put before what it answers ("Effusion: small" gives
        "small effusion"). Empty where no phrase speaks of the image.
    """
    order: tuple[Assertion, ...] = ("present", "uncertain", "absent")
    said = {phrase.assertion for phrase in phrases}
    strongest = next((state for state in order if state in said), None)
    if strongest is None:
        return ""
    kept = [(p.start - start, p.end - start) for p in phrases if p.assertion == strongest]
    if len(kept) == len(phrases):
        kept = [(kept[0][0], kept[-1][1])]
    parts = [_without_frame(sentence[begin:end], strongest) for begin, end in kept]
    return ", ".join(_with_answer_first(part, strongest) for part in parts)


def _without_frame(words: str, assertion: Assertion) -> str:
    """Cut what stands around the findings, never a finding itself."""
    named = find_mentions(words)
    first_end = named[0][1] if named else _MIN_LETTERS
    last_start = named[-1][0] if named else len(words) - _MIN_LETTERS
    begin = 0
    for _ in range(3):
        lead = LEADS.match(words, begin)
        if lead is None or lead.end() > last_start:
            break
        begin = lead.end() + len(words[lead.end() :]) - len(words[lead.end() :].lstrip(_EDGES))
    found = [match.start() for match in TAILS.finditer(words)]
    if assertion != "absent":  # "not seen on the prior film": it is there
        found = sorted([*found, *(match.start() for match in UNSEEN.finditer(words))])
    end = next((at for at in found if at >= max(first_end, begin + _MIN_LETTERS)), len(words))
    part = words[begin:end].strip(_EDGES)
    place = _PLACE.search(words, end) if find_side(part) is None else None
    return f"{part} {place[0]}" if place else part


def _with_answer_first(words: str, assertion: Assertion) -> str:
    """Put an answer first: "Effusion: small, left" becomes "small left effusion"."""
    match = _ANSWERED.fullmatch(words)
    if match is None:
        return words
    label, answer = match["label"], match["answer"].strip(_EDGES)
    if not find_mentions(label):
        return _of_a_part(words, label, answer, assertion)
    if find_mentions(answer):
        return words
    label = label if label.isupper() and len(label) <= _LONGEST_ABBREVIATION else label.lower()
    if assertion == "absent":
        return f"no {label}"
    kinds = _NO_KIND.sub(" ", answer).replace(",", " ").split()
    known = all(word.lower() in _KIND_WORDS for word in kinds)
    return " ".join([*map(_as_inside, kinds), label]) if known else label


def _of_a_part(words: str, part: str, answer: str, assertion: Assertion) -> str:
    """What is said of a part of the chest: "Heart: enlarged", "Pleura: small left effusion"."""
    if assertion == "absent":
        return words
    turned = f"{answer} {part}".lower()
    if any(end > len(answer) for _, end, _ in find_mentions(turned)):
        return turned  # only with the part a name of a finding: "enlarged heart"
    return _without_frame(answer, assertion) if find_mentions(answer) else words


def _as_inside(word: str) -> str:
    """A word as it stands inside a phrase: "R" and "LUL" are written in capitals there."""
    return word if word.isupper() and len(word) <= _LONGEST_ABBREVIATION else word.lower()
