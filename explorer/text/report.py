"""Reads a report: sections, sentences and phrases with assertion, side and zone."""

from collections.abc import Sequence

from explorer.entities import Assertion, Phrase, Report, Sentence
from explorer.errors import ReportError
from explorer.text._headings import IMAGE_SECTIONS
from explorer.text.assertion import Target, assert_span, combine, find_targets
from explorer.text.finding_part import finding_part
from explorer.text.location import find_side, find_zone
from explorer.text.phrases import split_phrases
from explorer.text.sections import split_sections
from explorer.text.sentences import split_sentences

MAX_CHARACTERS = 50_000
"""About fifteen printed pages; a radiograph report is rarely longer than one."""


def read_report(text: str) -> Report:
    """Split a report text into sentences and phrases.

    Every sentence and phrase is a slice of `text` at its offsets (characters, half-open).
    Sentences under Indication, Comparison, Technique and the like are "not about the image".
    HTML is text like any other.

    Raises:
        ReportError: `text` is longer than `MAX_CHARACTERS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise ReportError(
            f"A report may hold up to {MAX_CHARACTERS:,} characters, got {len(text):,}. "
            "Paste the report of one radiograph only."
        )
    sentences = [
        _read_sentence(text, start, end, section=section.name)
        for section in split_sections(text)
        for start, end in split_sentences(text, start=section.start, end=section.end)
    ]
    return Report(text=text, sentences=tuple(sentences))


def _read_sentence(text: str, start: int, end: int, *, section: str) -> Sentence:
    words = text[start:end]
    about_image = section in IMAGE_SECTIONS
    targets = find_targets(words) if about_image else ()
    phrases = tuple(
        _read_phrase(words, span, targets, offset=start, about_image=about_image)
        for span in split_phrases(words, targets)
    )
    assertion = combine([phrase.assertion for phrase in phrases])
    return Sentence(
        text=words,
        section=section,
        start=start,
        end=end,
        assertion=assertion,
        side=find_side(words),
        zone=find_zone(words),
        phrases=phrases,
        phrase=finding_part(words, phrases, start=start),
    )


def _read_phrase(
    words: str, span: tuple[int, int], targets: Sequence[Target], *, offset: int, about_image: bool
) -> Phrase:
    start, end = span
    assertion: Assertion = "not about the image"
    if about_image:
        assertion = assert_span(words, targets, start=start, end=end)
    return Phrase(
        text=words[start:end],
        start=offset + start,
        end=offset + end,
        assertion=assertion,
        side=find_side(words[start:end]),
        zone=find_zone(words[start:end]),
    )
