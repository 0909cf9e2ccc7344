"""Errors of the kind that dictation and hurried typing leave in reports."""

import random
import re

_LONG_WORD = re.compile(r"[A-Za-z]{6,}")
_SPACE = re.compile(r"(?<=[a-z]{4}) (?=[a-z]{4})")


def mistype(text: str, rng: random.Random) -> str:
    """Put one error into a text: a letter dropped, doubled or swapped, or a space left out.

    Letters are touched only inside words of six and more, behind their first letter, so that
    "no", "left" and "right" keep saying what they say. A text without such a word is returned
    as it is, unless a space can be left out.
    """
    words = list(_LONG_WORD.finditer(text))
    spaces = list(_SPACE.finditer(text))
    if spaces and (not words or rng.random() < 0.15):
        at = rng.choice(spaces).start()
        return text[:at] + text[at + 1 :]
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    kind = rng.random()
    if kind < 0.4 or (kind >= 0.7 and text[at] == text[at + 1]):
        return text[:at] + text[at + 1 :]
    if kind < 0.7:
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
