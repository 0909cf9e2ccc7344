"""A text as the statements that films are asked: what is claimed, and what is denied."""

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.embeddings import Taught
from explorer.entities import Assertion, Phrase, Report, Sentence
from explorer.errors import RetrievalError
from explorer.pipeline.taught import knows
from explorer.text import mentions, phrase_assertion, read_report
from explorer.text.language import language_name

LONGEST = 10_000  # characters of a query
MOST = 60  # statements of a query
MOST_NAMED = 3  # of what a note says in words


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a text says of the image.

    Attributes:
        shown: The words of the text.
        asked: What to look for: "pleural effusion" of "no pleural effusion".
        counts: Whether films can be asked; "The lungs are clear" denies nothing by name.
    """

    shown: str
    asked: str
    assertion: Assertion
    counts: bool = True


def read_query(text: str) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Statements of a query, and notes for the person.

    Raises:
        RetrievalError: The query is empty, too long, or says nothing that a film can show.
        ReportError: It is longer than any report.
    """
    if not text.strip():
        raise RetrievalError("A search needs at least one word, got none. Type a finding.")
    if len(text) > LONGEST:
        raise RetrievalError(
            f"A query may have {LONGEST:,} characters, got {len(text):,}. Give the findings only."
        )
    report = read_report(text)
    statements = statements_of(report)
    if not statements:
        plain = " ".join(text.split())
        if not any(letter.isalnum() for letter in plain):
            raise RetrievalError(f"A search needs at least one word, got {plain!r}.")
        statements = (Statement(plain, plain, "present"),)
    notes = list(report.notes)
    if report.language not in ("", "en"):
        notes = [
            f"The text seems to be in {language_name(report.language)}; the text tower knows "
            "English only, so read the ranking with doubt."
        ]
    if len(statements) > MOST:
        notes.append(f"Only the first {MOST} of {len(statements)} statements are asked.")
    return statements[:MOST], tuple(notes)


def statements_of(report: Report) -> tuple[Statement, ...]:
    """Statements of a report that films can be asked, each once, in order."""
    found = [
        statement
        for sentence in report.sentences
        for statement in statements_of_sentence(sentence)
        if statement.counts
    ]
    return tuple(dict.fromkeys(found))


def statements_of_sentence(sentence: Sentence) -> tuple[Statement, ...]:
    """Everything that a sentence says of the image; one that asks nothing gives itself."""
    if sentence.assertion == "not about the image":
        return ()
    found = [statement for phrase in sentence.phrases for statement in _statements(phrase)]
    itself = Statement(sentence.text, sentence.text, sentence.assertion, counts=False)
    return tuple(dict.fromkeys(found)) or (itself,)


def untaught(statements: Sequence[Statement], taught: Taught) -> tuple[str, ...]:
    """A note on what films were asked for and the model was never taught; none without such."""
    names = dict.fromkeys(s.asked for s in statements if not knows(taught, s.asked))
    if not names:
        return ()
    named = " and ".join(f"“{name}”" for name in list(names)[:MOST_NAMED])
    others = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (
        f"The model does not know {named}{others}: films that come first for it may be there by "
        "chance.",
    )


def _statements(phrase: Phrase) -> list[Statement]:
    """A claim is asked in its own words, a denial by the findings that it denies."""
    if phrase.assertion == "not about the image":
        return []
    if phrase.assertion != "absent":
        return [Statement(phrase.text, phrase.text, phrase.assertion)]
    return [Statement(phrase.text, finding, "absent") for finding in mentions(phrase.text)]


def denial(words: str) -> Statement:
    """A statement that something is not there, from words with or without "no"."""
    found = mentions(words)
    asked = found[0] if found else words
    shown = words if phrase_assertion(words) == "absent" else f"no {words}"
    return Statement(shown, asked, "absent")
