"""Finds the cue words of a table in a text, each word start looked at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

# Words of a cue may be wrapped over a line; the bound keeps long runs of spaces linear.
_GAP, _MAYBE_GAP = r"[\s]{1,9}", r"[\s]{0,9}"
_WORD_START = re.compile(r"(?<!\w)\w")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


class CueTable:
    """Named groups of cues; a match's `lastgroup` is the name of its group.

    A cue is a run of words in which a space stands for any white space, " ?" for any or none, and
    `?`, `[]`, `{}`, `()` and `|` keep their meaning in regular expressions (no capturing groups);
    case is ignored. Earlier groups win; inside a group the longer cue wins. Cues are sorted by
    first letter, so that a word is compared with few of them.

    >>> CueTable({"negation": ["no", "no evidence of"]}).search("There is No  evidence of it")[0]
    'No  evidence of'
    """

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        # Longer cues first; with the letters that a match can begin with.
        self._groups = {
            name: [(cue, _first_letters(cue)) for cue in sorted(cues, key=len, reverse=True)]
            for name, cues in groups.items()
        }
        self._by_letter: dict[str, re.Pattern[str] | None] = {}

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Matches in order, not overlapping."""
        end = 0
        for start, letter in _word_starts(text):
            if start < end:
                continue
            pattern = self._pattern(letter)
            match = pattern.match(text, start) if pattern else None
            if match is not None:
                end = match.end()
                yield match

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        """The match that begins at `start`, or None."""
        pattern = self._pattern(text[start : start + 1].lower())
        return pattern.match(text, start) if pattern else None

    def _pattern(self, letter: str) -> re.Pattern[str] | None:
        """What begins with a letter, compiled when a word with it is met: most tables are long."""
        if letter not in self._by_letter:
            self._by_letter[letter] = self._compiled(letter)
        return self._by_letter[letter]

    def _compiled(self, letter: str) -> re.Pattern[str] | None:
        parts = []
        for name, cues in self._groups.items():
            fitting = [
                cue.replace(" ?", _MAYBE_GAP).replace(" ", _GAP)
                for cue, letters in cues
                if letter in letters
            ]
            if fitting:
                parts.append(f"(?P<{name}>{'|'.join(fitting)})")
        return re.compile(rf"(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None

    def search(self, text: str) -> re.Match[str] | None:
        """The first match, or None."""
        return next(self.finditer(text), None)


# A sentence is looked through for a dozen tables in a row.
@lru_cache(maxsize=8)
def _word_starts(text: str) -> tuple[tuple[int, str], ...]:
    """Where each word starts, and its first letter in lower case."""
    return tuple((word.start(), word[0].lower()) for word in _WORD_START.finditer(text))


def _first_letters(cue: str) -> frozenset[str]:
    """Letters with which a match of `cue` can begin.

    >>> sorted(_first_letters("(?:hydro)?pneumo(?:a|b)|x"))
    ['h', 'p', 'x']
    """
    found: frozenset[str] = frozenset()
    for alternative in _alternatives(cue):
        found |= _first_of_sequence(alternative)
    return found


def _first_of_sequence(cue: str) -> frozenset[str]:
    if not cue:
        return frozenset()
    if cue[0] in "[\\":
        return _LETTERS
    if cue.startswith(("(?<", "(?=", "(?!")):  # looks around without taking a letter
        return _first_of_sequence(cue[_closing(cue) + 1 :])
    if cue[0] == "(":
        close = _closing(cue)
        inner = _first_letters(cue[cue.index(":") + 1 : close])
        rest = cue[close + 1 :]
    else:
        inner = frozenset({cue[0].lower()})
        rest = cue[1:]
    if rest.startswith("?"):
        return inner | _first_of_sequence(rest[1:].removeprefix(" "))
    if rest.startswith("{0,"):
        return inner | _first_of_sequence(rest[rest.index("}") + 1 :])
    return inner


def _alternatives(cue: str) -> list[str]:
    """Split at the bars that stand outside parentheses."""
    parts, depth = [""], 0
    for character in cue:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _closing(cue: str) -> int:
    depth = 0
    for position, character in enumerate(cue):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    raise ValueError(f"Unbalanced parentheses in cue {cue!r}.")
