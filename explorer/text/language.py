"""Tells in which language a report is written: only English is read, and the rest must say so."""

import re
from collections.abc import Sequence

from explorer.text._function_words import FUNCTION_WORDS, NAMES, SCRIPTS

_WORD = re.compile(r"[^\W\d_]+")
# A language needs this many words of its list, and must beat English by this factor.
_FEWEST_WORDS = 2
_AHEAD_OF_ENGLISH = 2
_LETTERS_LOOKED_AT = 4_000


def language_of(text: str) -> str:
    """Code of the language of `text` (ISO 639-1), or "" when it holds too few known words to tell.

    Letters of another script decide first; else the language whose frequent words are most. A
    text of a few nouns, such as "Cardiomegaly.", names no language.

    >>> language_of("Kein Nachweis eines Ergusses."), language_of("No left effusion.")
    ('de', 'en')
    """
    sample = text[:_LETTERS_LOOKED_AT]
    return _by_script(sample) or _by_words(_WORD.findall(sample.lower()))


def language_name(code: str) -> str:
    """Name of a language for the person.

    >>> language_name("de")
    'German'
    """
    return NAMES.get(code, "another language")


def _by_script(text: str) -> str:
    letters = [ord(letter) for letter in text if letter.isalpha()]
    foreign = [letter for letter in letters if letter > 0x036F]
    if len(foreign) * 2 <= len(letters):
        return ""
    counts = {
        code: sum(first <= letter <= last for letter in foreign)
        for code, (first, last) in SCRIPTS.items()
    }
    if counts["ja"]:
        return "ja"
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] else "und"


def _by_words(words: Sequence[str]) -> str:
    counts = {code: sum(word in known for word in words) for code, known in FUNCTION_WORDS.items()}
    english = counts.pop("en")
    best = max(counts, key=lambda code: counts[code])
    if counts[best] >= _FEWEST_WORDS and counts[best] > _AHEAD_OF_ENGLISH * english:
        return best
    return "en" if english else ""
