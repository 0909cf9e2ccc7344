"""Headings that stand in no table: titles of the study, misspelt headings, and drawn lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from explorer.text._headings import HEADING_PATTERN, heading_name

_LINE = re.compile(r"[^\r\n\u2028\u2029]+")
_RULE = re.compile(r"[ \t]*(?:_{5,}|={5,}|-{5,}|\*{5,}|~{5,}|\u2014{3,})[ \t]*")
_WORD = re.compile(r"[^\W\d_]+|\d+|_+")
# Longer lines are prose; the bound keeps the work on a line small.
_LONGEST_HEAD = 120
_COLON = re.compile(r"[:\uff1a](?=\s|\Z)|\s[-\u2013\u2014](?=\s)")
_INLINE = re.compile(
    r"(?<=[.!?])[ \t]{1,4}(?=(?:CHEST|CXR|XR|PA|AP|PORTABLE|FRONTAL|SINGLE|TWO|UPRIGHT)\b)"
)
_PLACE = frozenset({"chest", "cxr", "thorax", "thoracic"})
_SHOT_WORDS = """
    x xr cr dx ray rays xray xrays radiograph radiographs radiography film films view
    views vw vws v pa ap lat lateral frontal portable port upright supine erect semierect
    semi semiupright single one two three and of the with w plain bedside mobile exam
    examination study decubitus oblique a only dated on at am pm m p hrs hours jan feb mar
    apr may jun jul aug sep oct nov dec posteroanterior anteroposterior images image xxxx
"""
_TITLE_WORDS = _PLACE | frozenset(_SHOT_WORDS.split())
_HEADING_WORDS = (
    "findings",
    "finding",
    "impression",
    "indication",
    "comparison",
    "technique",
    "history",
    "conclusion",
    "clinical",
    "examination",
    "addendum",
    "recommendation",
    "observations",
    "preliminary",
)
_LIKENESS = 0.85
_KEPT_WORDS = frozenset({"and", "final", "report", "read", "reading", "of"})


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A heading at `text[start:end]`; its kind is "title", "rule" or "misspelt"."""

    kind: str
    start: int
    end: int
    name: str = ""
    colon: bool = False


def find_unlisted(text: str) -> Iterator[Unlisted]:
    """Titles, drawn lines and misspelt headings, in order."""
    for line in _LINE.finditer(text):
        if _RULE.fullmatch(line[0]):
            yield Unlisted("rule", line.start(), line.end())
            continue
        begin = line.start() + len(line[0]) - len(line[0].lstrip(" \t>#*\ufeff"))
        found = _heading_at(text, begin, line.end())
        if found:
            yield found
        for mark in _INLINE.finditer(text, found.end if found else begin, line.end()):
            inline = _heading_at(text, mark.end(), line.end())
            if inline and inline.kind == "title" and inline.colon:
                yield inline


def _heading_at(text: str, start: int, line_end: int) -> Unlisted | None:
    limit = min(line_end, start + _LONGEST_HEAD)
    mark = _COLON.search(text, start, limit)
    if mark is None and limit < line_end:
        return None
    head_end = mark.start() if mark else line_end
    head = text[start:head_end].strip(" \t*_.")
    words = [word.lower() for word in _WORD.findall(head)]
    end = mark.end() if mark else line_end
    if _is_title(words, head):
        return Unlisted("title", start, end, colon=mark is not None)
    if 1 <= len(words) <= 4 and (mark is not None or head.isupper()):
        name = _misspelt(" ".join(words))
        return Unlisted("misspelt", start, end, name=name) if name else None
    return None


def _is_title(words: list[str], head: str) -> bool:
    """Whether words name an examination: "CHEST, TWO VIEWS", "AP CHEST, 5:43 A.M., ___"."""
    if not words or _PLACE.isdisjoint(words) or head[:1].islower():
        return False
    known = all(word in _TITLE_WORDS or word[0].isdigit() or word[0] == "_" for word in words)
    return known and (len(words) > 1 or words[0] == "cxr")


@lru_cache(maxsize=256)
def _misspelt(head: str) -> str:
    """Canonical name of a heading whose words are nearly those of the table, else ""."""
    corrected = []
    for word in head.split():
        close = get_close_matches(word, _HEADING_WORDS, n=1, cutoff=_LIKENESS)
        if not close and word not in _KEPT_WORDS:
            return ""
        corrected.append(close[0] if close else word)
    match = HEADING_PATTERN.fullmatch(" ".join(corrected))
    return heading_name(match) if match else ""
