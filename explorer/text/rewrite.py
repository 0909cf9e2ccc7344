"""Rewrites a phrase into its negation and its side-swapped form, the controls of a map."""

import re

from explorer.text._null_phrases import NONSENSE_PHRASES, NULL_PHRASES
from explorer.text._patterns import CueTable
from explorer.text._places import BILATERAL, LONE_LEFT, LONE_RIGHT
from explorer.text.assertion import phrase_assertion

__all__ = ["NONSENSE_PHRASES", "NULL_PHRASES", "negated", "side_swapped"]

_EXISTENCE = re.compile(
    r"(?P<there>there\s{1,4}(?:is|are|was|were|has been|have been|remains?|appears? to be)\s{1,4})"
    r"(?:an?\s{1,4}|the\s{1,4}|some\s{1,4}|again\s{1,4})?",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"(?:(?:possible|possibly|probable|probably|likely|suspected|questionable|presumed|"
    r"suspicious for|suggestion of|concern for|findings? (?:suspicious|concerning) for|"
    r"perhaps|may be|could be)\s{1,4})+",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:an?|the|some)\s{1,4}", re.IGNORECASE)
# "The heart is enlarged": the verb is denied, since "no heart" would say something else.
_STATE = re.compile(
    r"(?P<subject>(?:the\s{1,4})?(?:\w{1,20}[ ]){0,4}(?:heart|lungs?|aorta|mediastinum|hil(?:um|a)|"
    r"trachea|vasculature|vascularity|markings|volumes|angles?|diaphragms?|hemidiaphragms?|"
    r"silhouettes?|size|contours?|borders?|margins?|bones?|structures?)\s{1,4}(?:is|are|was|were))"
    r"(?P<rest>\s{1,4}\w)",
    re.IGNORECASE,
)

_SWAPS = {
    "right": "left",
    "rt": "lt",
    "r": "l",
    "rul": "lul",
    "rll": "lll",
    "rml": "lingula",
    "right middle lobe": "lingula",
    "rij": "lij",
    "dextro": "levo",
}
_OTHER_SIDE = _SWAPS | {there: here for here, there in _SWAPS.items()}
_OTHER_SIDE["lingular"] = "right middle lobe"
_SIDE_WORDS = re.compile(
    r"(?<!\w)(?:right middle lobe(?!\w)|(?:right|left)(?=(?:-?sided|wards?)?(?!\w))"
    r"|(?:rt|lt|rul|lul|rll|lll|rml|lingular?|rij|lij)(?!\w)"
    r"|(?:dextro|levo)(?=scoliosis|curvature|convex)"
    rf"|{LONE_RIGHT}|{LONE_LEFT})",
    re.IGNORECASE,
)
_BILATERAL = CueTable({"bilateral": BILATERAL})


def negated(phrase: str) -> str | None:
    """Deny what the phrase states; None when it denies already or states no finding.

    >>> negated("left effusion"), negated("The heart is enlarged."), negated("no effusion")
    ('no left effusion', 'The heart is not enlarged.', None)
    """
    words = phrase.strip()
    if not words or phrase_assertion(words) in {"absent", "not about the image"}:
        return None
    if match := _EXISTENCE.match(words):
        return f"{match['there'].rstrip()} no {_without_doubt(words[match.end() :])}"
    if match := _STATE.match(words):
        return f"{match['subject']} not{words[match.end('subject') :]}"
    rest = _without_doubt(words)
    article = _ARTICLE.match(rest)
    rest = _uncapitalised(rest[article.end() :] if article else rest)
    begins_sentence = words[0].isupper() and not words.split()[0][:2].isupper()
    return f"No {rest}" if begins_sentence or words[:2] == "A " else f"no {rest}"


def _without_doubt(words: str) -> str:
    match = _DOUBT.match(words)
    return words[match.end() :] if match and match.end() < len(words) else words


def _uncapitalised(words: str) -> str:
    """Lower the first letter unless the word is an abbreviation such as RLL."""
    return words[0].lower() + words[1:] if words[1:2].islower() else words


def side_swapped(phrase: str) -> str | None:
    """Exchange right and left everywhere; None when no side or both sides are named.

    The lingula stands against the right middle lobe.

    >>> side_swapped("RLL opacity, right-sided"), side_swapped("bilateral opacities")
    ('LLL opacity, left-sided', None)
    """
    if _BILATERAL.search(phrase):
        return None
    swapped, count = _SIDE_WORDS.subn(_swap, phrase)
    sides = {_side_of(match[0]) for match in _SIDE_WORDS.finditer(phrase)}
    return swapped if count and len(sides) < 2 else None


def _swap(match: re.Match[str]) -> str:
    return _cased(_OTHER_SIDE[match[0].lower()], match[0])


def _cased(word: str, like: str) -> str:
    if like.isupper() and (len(word) < 4 or len(like) > 3):
        return word.upper()
    return word.capitalize() if like[0].isupper() and not like.isupper() else word


def _side_of(word: str) -> str:
    return "right" if word.lower() in _SWAPS else "left"
