"""Splits a report into its headed parts; text under no heading becomes a section "Report"."""

import re
from dataclasses import dataclass

from explorer.text._headings import (
    BARE_HEADINGS,
    HEADING_PATTERN,
    IMAGE_SECTIONS,
    IMPLIED_SECTION,
    heading_name,
)

_LEAD = re.compile(r"[ \t>#*_\-•·\d.)\ufeff\u200e\u200f]{0,16}\Z")
_SEPARATOR = re.compile(r"[ \t]{0,4}(?:[:\uff1a]|[-\u2013\u2014](?=[ \t\r\n]))[ \t*_]{0,6}")
_LINE_END = re.compile(r"[ \t#*_]{0,8}(?=[\r\n]|\Z)")
_PROSE = re.compile(r"[ \t]{1,4}(?=[A-Z][a-z])")
_BLANK_LINE = re.compile(r"\r?\n[ \t\r]{0,40}\n")
_NEWLINE = re.compile(r"[\r\n\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Section:
    """One headed part; `text[start:end]` is its content, the heading begins at `heading_start`."""

    name: str
    heading_start: int
    start: int
    end: int


def split_sections(text: str) -> tuple[Section, ...]:
    """Split into sections in reading order that together cover the whole text.

    A heading stands at the start of a line, or inside a line when a colon follows and it is
    written in capitals or begins a sentence. A blank line after an Indication, Comparison or
    Technique that is followed by no heading begins an unheaded part, as in reports that leave
    out "FINDINGS".
    """
    headings = [found for match in HEADING_PATTERN.finditer(text) if (found := _check(text, match))]
    sections: list[Section] = []
    first = headings[0][1] if headings else len(text)
    if first > 0 or not headings:
        sections.append(Section(IMPLIED_SECTION, 0, 0, first))
    for number, (name, start, content) in enumerate(headings):
        end = headings[number + 1][1] if number + 1 < len(headings) else len(text)
        # A short heading pattern may match again inside the separator of the one before.
        content = min(content, end)
        sections.extend(_without_stray_paragraphs(text, Section(name, start, content, end)))
    return tuple(sections)


def _check(text: str, match: re.Match[str]) -> tuple[str, int, int] | None:
    """Return (name, start of the heading, start of its content), or None for a mere word."""
    name = heading_name(match)
    before = text[max(0, match.start() - 16) : match.start()]
    words = match[0]
    lead_start = _line_lead(text, match.start())
    separator = _SEPARATOR.match(text, match.end())
    if lead_start is not None:
        if separator:
            return name, lead_start, separator.end()
        if line_end := _LINE_END.match(text, match.end()):
            return name, lead_start, line_end.end()
        prose = _PROSE.match(text, match.end())
        if prose and words.isupper() and name in BARE_HEADINGS:
            return name, lead_start, prose.end()
        return None
    if separator is None or not words[0].isupper() or not before[-1:].isspace():
        return None
    begins_sentence = before.rstrip(" \t*_")[-1:] in {".", "!", "?", ":", ";"}
    if len(words) > 3 and (words.isupper() or begins_sentence):
        return name, match.start(), separator.end()
    return None


def _line_lead(text: str, position: int) -> int | None:
    """Start of the marks between line start and `position`; None when words stand there."""
    window_start = max(0, position - 16)
    lead = text[window_start:position]
    newline = max((found.end() for found in _NEWLINE.finditer(lead)), default=None)
    if newline is None:
        if window_start > 0:
            return None
        newline = 0
    marks = lead[newline:]
    return window_start + newline if _LEAD.fullmatch(marks) else None


def _without_stray_paragraphs(text: str, section: Section) -> list[Section]:
    if section.name in IMAGE_SECTIONS:
        return [section]
    start = section.start
    while start < section.end and text[start].isspace():
        start += 1
    blank = _BLANK_LINE.search(text, start, section.end)
    if blank is None or not text[blank.end() : section.end].strip():
        return [section]
    return [
        Section(section.name, section.heading_start, section.start, blank.start()),
        Section(IMPLIED_SECTION, blank.start(), blank.start(), section.end),
    ]
