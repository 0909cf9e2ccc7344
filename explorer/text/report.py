"""Reads a report: sections, sentences and phrases with assertion, side and zone."""

from collections.abc import Sequence
from dataclasses import replace

from explorer.entities import Assertion, Phrase, Report, Sentence
from explorer.errors import ReportError
from explorer.text._headings import IMAGE_SECTIONS
from explorer.text.assertion import Target, assert_span, combine, find_targets
from explorer.text.finding_part import finding_part
from explorer.text.language import language_name, language_of
from explorer.text.location import find_side, find_zone
from explorer.text.markup import without_markup
from explorer.text.phrases import split_phrases
from explorer.text.sections import Section, split_sections
from explorer.text.sentences import split_sentences

MAX_CHARACTERS = 50_000
"""About fifteen printed pages; a radiograph report is rarely longer than one."""

_TWO_READS = "The report holds a preliminary and a final read; only the final one is used."


def read_report(text: str) -> Report:
    """Split a report text into sentences and phrases.

    Every sentence and phrase is a slice of `text` at its offsets (characters, half-open). Tags of
    HTML are white space in all of them, so that no person, model or index sees one; a tag of a
    block ends a line.
    Sentences under Indication, Comparison, Technique and the like are "not about the image", and
    so are those of a preliminary read beside a final one and those in another language than
    English; `notes` say so.

    Raises:
        ReportError: `text` is longer than `MAX_CHARACTERS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise ReportError(
            f"A report may hold up to {MAX_CHARACTERS:,} characters, got {len(text):,}. "
            "Paste the report of one radiograph only."
        )
    words = without_markup(text)
    language = language_of(words)
    parts = [
        (section, span)
        for section in split_sections(words)
        for span in split_sentences(words, start=section.start, end=section.end)
    ]
    superseded = {section.preliminary for section, _ in parts if _is_image(section)} == {
        True,
        False,
    }
    unread: set[str] = set()
    sentences = []
    for section, (start, end) in parts:
        other = _other_language(words[start:end], language)
        unread.add(other)
        about_image = _is_image(section) and not other
        about_image = about_image and not (superseded and section.preliminary)
        said = _read_sentence(words, start, end, section.name, about_image=about_image)
        sentences.append(said if words == text else _in_single_spaces(said))
    notes = [_unread_note(unread - {""})] if unread - {""} else []
    notes += [_TWO_READS] if superseded else []
    return Report(text=words, sentences=tuple(sentences), language=language, notes=tuple(notes))


def _in_single_spaces(sentence: Sentence) -> Sentence:
    """Take what tags left behind out of the words that are grounded."""
    return replace(sentence, phrase=" ".join(sentence.phrase.split()))


def _is_image(section: Section) -> bool:
    return section.name in IMAGE_SECTIONS


def _other_language(sentence: str, report: str) -> str:
    """Code of the language of a sentence that is not read, "" for one that is.

    A sentence too short to tell is in the language of its report.
    """
    code = language_of(sentence) or report
    return "" if code == "en" else code


def _unread_note(codes: set[str]) -> str:
    names = " and ".join(sorted(language_name(code) for code in codes))
    return (
        f"Only English reports are read. Sentences that seem to be in {names} are shown but not "
        "grounded."
    )


def _read_sentence(text: str, start: int, end: int, section: str, *, about_image: bool) -> Sentence:
    words = text[start:end]
    targets = find_targets(words) if about_image else ()
    phrases = tuple(
        _read_phrase(words, span, targets, offset=start, about_image=about_image)
        for span in split_phrases(words, targets)
    )
    return Sentence(
        text=words,
        section=section,
        start=start,
        end=end,
        assertion=combine([phrase.assertion for phrase in phrases]),
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
