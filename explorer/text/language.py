"""Tells in which language a report is written: only English is read, and the rest must say so."""

import re
from collections.abc import Sequence

from explorer.text._function_words import DENIALS, FUNCTION_WORDS, NAMES, SCRIPTS

_WORD = re.compile(r"[^\W\d_]+")
# A language needs this many words of its list, and must beat English by this factor.
_FEWEST_WORDS = 2
_AHEAD_OF_ENGLISH = 2
_LETTERS_LOOKED_AT = 4_000
# Words that speak for another language than English, by its code, and those of all of them.
_OWN = {
    code: frozenset(
        word
        for word in known | DENIALS.get(code, frozenset())
        if len(word) > 1 and word not in FUNCTION_WORDS["en"]
    )
    for code, known in FUNCTION_WORDS.items()
}
_FOREIGN = frozenset().union(*_OWN.values())


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
    if text.isascii():
        return ""
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
    """Words that English shares with a language ("in", "no") count for neither of the two."""
    english = FUNCTION_WORDS["en"]
    in_english = [word for word in words if word in english]
    best, most = "", 0
    foreign = [word for word in words if word in _FOREIGN]
    for code, known in FUNCTION_WORDS.items() if foreign else ():
        denials = DENIALS.get(code, frozenset())
        own = sum(word in _OWN[code] for word in foreign)
        against = sum(word not in known for word in in_english)
        denied = not in_english and not denials.isdisjoint(words)
        enough = denied or sum(word in known for word in words) >= _FEWEST_WORDS
        if enough and own > max(most, _AHEAD_OF_ENGLISH * against):
            best, most = code, own
    return best or ("en" if in_english else "")
