"""Splits a report into its headed parts; text under no heading becomes a section "Report"."""

import re
from dataclasses import dataclass, replace

from explorer.text._headings import (
    BARE_HEADINGS,
    HEADING_PATTERN,
    IMAGE_SECTIONS,
    IMPLIED_SECTION,
    heading_name,
)
from explorer.text._unlisted_headings import find_unlisted
from explorer.text.findings import find_mentions

_LEAD = re.compile(r"[ \t>#*_\-•·\d.)\ufeff\u200e\u200f]{0,80}\Z")
_LEAD_WINDOW = 80
_SEPARATOR = re.compile(r"[ \t]{0,4}(?:[:\uff1a]|[-\u2013\u2014](?=[ \t\r\n]))[ \t*_]{0,6}")
_LINE_END = re.compile(r"[ \t#*_]{0,8}(?=[\r\n]|\Z)")
_PROSE = re.compile(r"[.;]?[ \t]{1,4}(?=[A-Z][a-z]|1[.)]?[ \t])")
_BLANK_LINE = re.compile(r"\r?\n[ \t\r]{0,40}\n")
# Reports of letters go on without heading or blank line: "Clinical details: cough.\nThe lungs ...".
_LINE_OF_ITS_OWN = re.compile(
    r"[^\r\n]{0,400}[.?!)][ \t]*\r?\n[ \t]*(?=[A-Z])|[^\r\n]{1,48}\r?\n[ \t]*(?=[A-Z])"
)
# "EXAM: Chest, 2 views. No effusion."
_TITLE_SENTENCE = re.compile(r"[^\r\n.]{0,80}\.[ \t]{1,4}(?=[A-Z])")
_BODY_WORD = re.compile(
    r"\b(?:lungs?|heart|cardiac|cardiomediastinal|mediastin\w{2,5}|pleural?|effusions?|diaphragms?|"
    r"pneumothora\w{1,3}|consolidation|hil(?:a|ar|um)|costophrenic|bon[ey]s?|skeleton|opacit\w{1,3})\b",
    re.IGNORECASE,
)
_FEWEST_BODY_WORDS = 3
_BODY_SECTIONS = IMAGE_SECTIONS - {"Impression", "Addendum"}
_NEWLINE = re.compile(r"[\r\n\u2028\u2029]")
# Who read it and when: "WET READ: ___ ___ 10:41 PM".
_SIGNED_AT = re.compile(
    r"[^\r\n]{0,60}?\d{1,2}:\d{2}[ \t]?(?:[AP]\.?M\.?|hrs?\.?|h)?[ \t]*(?=[\r\n])", re.IGNORECASE
)
_FIRST_READ = "Wet read"
# "ADDENDUM by Dr. Lee on 3/4/2024 at 10:15 AM:"
_READER_AND_DATE = re.compile(
    r"(?:[/.-]\d[\d/.-]{0,8})?"
    r"(?:[ \t,]{1,3}(?:by|on|at|from|dated|begins?|\#?\d[\d/:.-]{0,9}|[ap]\.?m\.?|hrs|"
    r"(?-i:[A-Z])[\w.'-]{0,20})){0,10}[ \t]{0,3}(?=:)",
    re.IGNORECASE,
)
_SIGNED = frozenset({"Addendum", _FIRST_READ, IMPLIED_SECTION})


@dataclass(frozen=True, slots=True)
class Section:
    """One headed part; `text[start:end]` is its content, the heading begins at `heading_start`.

    `preliminary` parts belong to a first read that a final one follows or comes before.
    """

    name: str
    heading_start: int
    start: int
    end: int
    preliminary: bool = False


@dataclass(frozen=True, slots=True)
class _Heading:
    name: str
    start: int
    content: int
    kind: str = "listed"
    colon: bool = True
    words: str = ""

    @property
    def ends_first_read(self) -> bool:
        return self.kind == "rule" or self.words.startswith(("final", "attending", "official"))

    @property
    def begins_first_read(self) -> bool:
        return self.name == _FIRST_READ or self.words.startswith("prelim")


def split_sections(text: str) -> tuple[Section, ...]:
    """Split into sections in reading order that together cover the whole text.

    A heading stands at the start of a line, or inside a line when a colon follows and it is
    written in capitals or begins a sentence. The title of a study ("CHEST, TWO VIEWS: ...") is a
    heading whose content speaks of the image; a line of underscores ends a part. A blank line
    after an Indication, Comparison or Technique that is followed by no heading begins an
    unheaded part, as in reports that leave out "FINDINGS". So does the next line where no heading
    of the report is that of its body and what follows names parts of the chest.
    """
    headings = _headings(text)
    sections: list[Section] = []
    first = headings[0].start if headings else len(text)
    if first > 0 or not headings:
        sections.append(Section(IMPLIED_SECTION, 0, 0, first))
    last_mark = max((n for n, one in enumerate(headings) if one.ends_first_read), default=-1)
    preliminary = False
    bare = not any(one.name in _BODY_SECTIONS for one in headings if one.kind != "title")
    for number, heading in enumerate(headings):
        end = headings[number + 1].start if number + 1 < len(headings) else len(text)
        # A short heading pattern may match again inside the separator of the one before.
        content = min(heading.content, end)
        if heading.begins_first_read:
            preliminary = True
        elif heading.ends_first_read or (preliminary and number > last_mark):
            preliminary = False
        section = Section(heading.name, heading.start, content, end, preliminary)
        sections.extend(_without_stray_paragraphs(text, section, bare=bare))
    return tuple(sections)


def _headings(text: str) -> list[_Heading]:
    """All headings in order; those inside the title of a study are left out."""
    unlisted = list(find_unlisted(text))
    listed = [found for match in HEADING_PATTERN.finditer(text) if (found := _check(text, match))]
    candidates = [
        _Heading(one.name or IMPLIED_SECTION, one.start, one.end, one.kind, one.colon)
        for one in unlisted
    ]
    candidates += [_signed(text, one) for one in listed]
    # A title or a listed heading comes before a misspelt one at the same place.
    candidates.sort(key=lambda one: (one.start, one.kind == "misspelt", one.kind == "listed"))
    headings: list[_Heading] = []
    current, taken = IMPLIED_SECTION, 0
    for heading in candidates:
        if heading.start < taken and headings:
            continue
        about_image = current in IMAGE_SECTIONS
        if heading.kind == "title":
            if not about_image and not heading.colon:
                continue  # "TECHNIQUE:" and then "PA and lateral chest" on a line of its own
            heading = replace(heading, name=current if about_image else IMPLIED_SECTION)
        if heading.kind == "rule" and about_image and current != _FIRST_READ:
            heading = replace(heading, name=current)
        headings.append(heading)
        current, taken = heading.name, heading.content
    return headings


def _signed(text: str, heading: _Heading) -> _Heading:
    """Take the reader's mark and the hour after "WET READ:" as part of the heading."""
    if heading.name != _FIRST_READ:
        return heading
    mark = _SIGNED_AT.match(text, heading.content)
    return replace(heading, content=mark.end()) if mark else heading


def _check(text: str, match: re.Match[str]) -> _Heading | None:
    """The heading with the start of its content, or None for a mere word."""
    name = heading_name(match)
    before = text[max(0, match.start() - 16) : match.start()]
    words = match[0]
    lead_start = _line_lead(text, match.start())
    separator = _SEPARATOR.match(text, match.end())
    if separator is None and name in _SIGNED:
        signed = _READER_AND_DATE.match(text, match.end())
        separator = _SEPARATOR.match(text, signed.end()) if signed else None
    if lead_start is not None:
        if separator:
            return _Heading(name, lead_start, separator.end(), words=words.lower())
        if line_end := _LINE_END.match(text, match.end()):
            return _Heading(name, lead_start, line_end.end(), words=words.lower())
        prose = _PROSE.match(text, match.end())
        if prose and words.isupper() and name in BARE_HEADINGS:
            return _Heading(name, lead_start, prose.end(), words=words.lower())
        return None
    if separator is None or not words[0].isupper() or not before[-1:].isspace():
        return None
    begins_sentence = before.rstrip(" \t*_")[-1:] in {".", "!", "?", ":", ";"}
    if len(words) > 3 and (words.isupper() or begins_sentence):
        return _Heading(name, match.start(), separator.end(), words=words.lower())
    return None


def _line_lead(text: str, position: int) -> int | None:
    """Start of the marks between line start and `position`; None when words stand there."""
    window_start = max(0, position - _LEAD_WINDOW)
    lead = text[window_start:position]
    newline = max((found.end() for found in _NEWLINE.finditer(lead)), default=None)
    if newline is None:
        if window_start > 0:
            return None
        newline = 0
    marks = lead[newline:]
    return window_start + newline if _LEAD.fullmatch(marks) else None


def _without_stray_paragraphs(text: str, section: Section, *, bare: bool) -> list[Section]:
    """`bare`: no heading of the report is that of its body."""
    if section.name in IMAGE_SECTIONS:
        return [section]
    start = section.start
    while start < section.end and text[start].isspace():
        start += 1
    blank = _BLANK_LINE.search(text, start, section.end)
    if blank is None or not text[blank.end() : section.end].strip():
        own = _end_without_blank_line(text, section, start) if bare else None
        if own is None:
            return [section]
        cut = own
    else:
        cut = blank.start()
    return [
        replace(section, end=cut),
        replace(section, name=IMPLIED_SECTION, heading_start=cut, start=cut),
    ]


def _end_without_blank_line(text: str, section: Section, start: int) -> int | None:
    """Where a section ends whose next line, or sentence, speaks of the image; None if nowhere."""
    line = _LINE_OF_ITS_OWN.match(text, start, section.end)
    if line and _is_body(text[line.end() : section.end]):
        return line.end()
    title = _TITLE_SENTENCE.match(text, start, section.end)
    if section.name == "Examination" and title and find_mentions(text[title.end() : section.end]):
        return title.end()
    return None


def _is_body(text: str) -> bool:
    """Whether a text without heading reads like the findings: it names parts of the chest."""
    named = {match[0].lower() for match in _BODY_WORD.finditer(text, 0, 4_000)}
    return len(named) >= _FEWEST_BODY_WORDS
