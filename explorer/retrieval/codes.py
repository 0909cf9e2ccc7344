"""Binary codes beside vectors: packed into words, ranked by XOR and a count of bits.

A code is a shortlist, not an answer: the films it finds are then ranked exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32

Words = NDArray[np.uint64]
Codes = NDArray[np.bool_]
_WORD = 64  # bits
_REGIONS_A_FILM = 16  # nearest regions looked through for one film of the shortlist
_ROWS = 65_536  # codes that are compared at once: distances stay in the cache


def pack(codes: Codes) -> Words:
    """Codes (N, K) in words (N, ceil(K / 64)); bits beyond K are 0.

    >>> pack(np.array([[True, False, True]])).tolist() == [[0b10100000]]
    True
    """
    count, bits = codes.shape
    whole = np.zeros((count, -(-bits // _WORD) * _WORD), dtype=bool)
    whole[:, :bits] = codes
    return np.packbits(whole, axis=1).view(np.uint64)


def distances(query: Words, words: Words) -> NDArray[np.uint16]:
    """Hamming distances (N,) of a code (W,) from codes (N, W), in bits.

    >>> distances(pack(np.array([[1, 1, 0]], bool))[0], pack(np.array([[1, 0, 1]], bool))).tolist()
    [2]
    """
    found = np.empty(len(words), dtype=np.uint16)
    for first in range(0, len(words), _ROWS):
        part = words[first : first + _ROWS]
        found[first : first + _ROWS] = np.bitwise_count(part ^ query).sum(axis=1, dtype=np.uint16)
    return found


def nearest(query: Words, words: Words, *, count: int) -> NDArray[np.intp]:
    """Rows of the nearest codes, the nearest first, equal distances by row."""
    found = distances(query, words)
    if count < len(found):
        edge = np.partition(found, count - 1)[count - 1]
        rows = np.flatnonzero(found <= edge)
    else:
        rows = np.arange(len(found))
    return rows[np.argsort(found[rows], kind="stable")][:count]


@dataclass(frozen=True, slots=True)
class RegionCodes:
    """Codes of all regions of an index, and what makes the code of a phrase.

    Attributes:
        words: (M, W) of the regions, in the order of the index.
        film: (M,) row of each region's film.
        of_phrases: (S, D) vectors of phrases -> (S, K) codes.
        shortlist: Films that are looked at exactly, for each phrase.
    """

    words: Words
    film: NDArray[np.intp]
    of_phrases: Callable[[Float32], Codes]
    shortlist: int = 100

    def films(self, vectors: Float32, *, allowed: Codes) -> list[set[int]]:
        """For each phrase (S, D), the films of the nearest regions; `allowed` (N,) may be found."""
        film = self.film
        rows = np.flatnonzero(allowed[film])
        found = []
        for code in pack(self.of_phrases(vectors)):
            order = rows[nearest(code, self.words[rows], count=_REGIONS_A_FILM * self.shortlist)]
            found.append(set(list(dict.fromkeys(film[order].tolist()))[: self.shortlist]))
        return found


def recall_of_shortlist(
    codes: RegionCodes, vectors: Float32, exact: NDArray[np.floating], *, count: int = 10
) -> NDArray[np.float64]:
    """(S,) share of the `count` best films by exact scores that the shortlist holds.

    Args:
        codes: Of the index.
        vectors: (S, D) of phrases.
        exact: (N, S) scores of all films for them, larger is better.
        count: How many are the best.
    """
    everything = np.ones(len(exact), dtype=bool)
    best = np.argsort(-exact, axis=0, kind="stable")[:count].T
    lists = codes.films(vectors, allowed=everything)
    return np.array(
        [len(found & set(top.tolist())) / len(top) for found, top in zip(lists, best, strict=True)]
    )
