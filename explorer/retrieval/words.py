"""BM25 of statements (Robertson and Zaragoza, 2009, eq. 3.15), the same in one index and in shards.

What the full-text index finds is weighed here by counts of the whole index: shards are told them,
so that a statement scores the same wherever it lies.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

_SATURATION, _LENGTH = 1.2, 0.75  # k1 and b
# Lucene's list, which the full-text index leaves out too.
_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with"
)
_STOP = frozenset(re.findall(r"[a-z]+", _STOP_WORDS))
_stemmer = snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class WordCounts:
    """Of the statements of an index: how many, their tokens, and how many hold each token."""

    statements: int
    tokens: int
    holding: dict[str, int]


@lru_cache(maxsize=50_000)
def tokens_of(text: str) -> tuple[str, ...]:
    """Stems of a text without stop words.

    >>> tokens_of("No effusions in the left lung")
    ('effus', 'left', 'lung')
    """
    words = re.findall(r"[^\W_]+", text.lower())
    return tuple(_stemmer.stemWord(word) for word in words if word not in _STOP)


def count_words(texts: Iterable[str]) -> WordCounts:
    """Count the statements of an index; most are said many times."""
    statements = tokens = 0
    holding: Counter[str] = Counter()
    for text, times in Counter(texts).items():
        found = tokens_of(text)
        statements, tokens = statements + times, tokens + times * len(found)
        holding.update(dict.fromkeys(found, times))
    return WordCounts(statements, tokens, dict(holding))


def all_words(parts: Sequence[WordCounts]) -> WordCounts:
    """Counts of all shards from those of each."""
    holding: Counter[str] = Counter()
    for part in parts:
        holding.update(part.holding)
    return WordCounts(
        sum(part.statements for part in parts), sum(part.tokens for part in parts), dict(holding)
    )


def bm25(query: str, text: str, counts: WordCounts) -> float:
    """How well the words of a statement answer those of a query, at least 0.

    >>> one = count_words(["mass", "left effusion"])
    >>> round(bm25("mass", "mass", one), 3)  # ln 2 * 2.2 / (1 + 1.2 * (.25 + .75 / 1.5))
    0.803
    """
    said = Counter(tokens_of(text))
    length = sum(said.values()) * counts.statements / max(1, counts.tokens)
    total = 0.0
    for token in tokens_of(query):
        times, holding = said[token], counts.holding.get(token, 0)
        rare = math.log1p((counts.statements - holding + 0.5) / (holding + 0.5))
        slow = times + _SATURATION * (1 - _LENGTH + _LENGTH * length)
        total += rare * times * (_SATURATION + 1) / slow
    return total
