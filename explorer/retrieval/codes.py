"""Binary codes beside vectors: packed into words, ranked by XOR and a count of bits.

A code is a shortlist, not an answer: the films it finds are then ranked exactly.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import Filter
from explorer.retrieval.tables import matrix_of

Near = list[tuple[int, str]]  # distance and film of regions near to a phrase
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


def nearest(
    query: Words, words: Words, *, count: int, ties: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Rows of the nearest codes, the nearest first, equal distances by `ties` (N,), then by row."""
    found = distances(query, words)
    if count < len(found):
        edge = np.partition(found, count - 1)[count - 1]
        rows = np.flatnonzero(found <= edge)
    else:
        rows = np.arange(len(found))
    keys = (found[rows],) if ties is None else (ties[rows], found[rows])
    return np.asarray(rows[np.lexsort(keys)][:count])


@dataclass(frozen=True, slots=True)
class RegionCodes:
    """Codes of all regions of an index, and what makes the code of a phrase.

    Attributes:
        words: (M, W) of the regions, in the order of the index.
        film: (M,) row of each region's film.
        of_phrases: (S, D) vectors of phrases -> (S, K) codes.
        shortlist: Films that are looked at exactly, for each phrase.
        ties: (M,) what orders regions that are equally near; their rows when None.
    """

    words: Words
    film: NDArray[np.intp]
    of_phrases: Callable[[Float32], Codes]
    shortlist: int = 100
    ties: NDArray[np.intp] | None = None

    def films(self, vectors: Float32, *, allowed: Codes) -> list[set[int]]:
        """For each phrase (S, D), the films of the nearest regions; `allowed` (N,) may be found."""
        found = []
        for code in pack(self.of_phrases(vectors)):
            order, _ = self.near(code, allowed=allowed, shortlist=self.shortlist)
            films = dict.fromkeys(self.film[order].tolist())
            found.append(set(list(films)[: self.shortlist]))
        return found

    def near(
        self, code: Words, *, allowed: Codes, shortlist: int
    ) -> tuple[NDArray[np.intp], NDArray[np.uint16]]:
        """Regions of allowed films that are near to a code (W,), the nearest first, and how far."""
        rows = np.flatnonzero(allowed[self.film])
        ties = None if self.ties is None else self.ties[rows]
        count = _REGIONS_A_FILM * shortlist
        order = rows[nearest(code, self.words[rows], count=count, ties=ties)]
        return order, distances(code, self.words[order])


@dataclass(frozen=True, slots=True)
class Coder:
    """What makes codes, of one index or of each of its shards.

    Attributes:
        key: Names what `of_regions` gives.
        of_regions, of_phrases: Vectors (N, D) -> codes (N, K).
        shortlist: Films that are looked at exactly, for each phrase.
    """

    key: str
    of_regions: Callable[[Float32], Codes]
    of_phrases: Callable[[Float32], Codes]
    shortlist: int = 100


def near_films(corpus: Corpus, coder: Coder, codes: Codes, where: Filter) -> list[Near]:
    """For each code of a phrase (S, K), the regions of an index near to it, the nearest first."""
    own = _codes_of(corpus, coder)
    films, allowed = corpus.films.columns["film_id"], corpus.kept(where)
    found = []
    for code in pack(codes):
        order, far = own.near(code, allowed=allowed, shortlist=coder.shortlist)
        found.append([(int(d), films[row]) for d, row in zip(far, own.film[order], strict=True)])
    return found


def first_films(near: Iterable[tuple[int, str]], shortlist: int) -> list[str]:
    """The films of a shortlist from regions of all shards; equally near ones by film.

    >>> first_films([(2, "c"), (1, "b"), (1, "a"), (0, "b")], 2)
    ['b', 'a']
    """
    regions = sorted(near)[: _REGIONS_A_FILM * shortlist]
    return list(dict.fromkeys(film for _, film in regions))[:shortlist]


def best_by_signature(corpus: Corpus, count: int = 10) -> list[list[tuple[float, str]]]:
    """For each phrase of the vocabulary, the films that score highest, with minus their score."""
    films, scores = corpus.films.columns["film_id"], corpus.films.signatures
    best = np.argsort(-scores, axis=0, kind="stable")[:count].T
    return [[(-float(scores[row, k]), films[row]) for row in rows] for k, rows in enumerate(best)]


def _codes_of(corpus: Corpus, coder: Coder) -> RegionCodes:
    """Codes of the regions of an open index, made once, some thousands at a time."""
    known: RegionCodes | None = corpus.memory.get(f"codes {coder.key}")
    if known is None:
        size = corpus.space.dimension
        words, film = [pack(coder.of_regions(np.zeros((0, size), np.float32)))], []
        for block in corpus.tables.region_blocks("film_id vector"):
            words.append(pack(coder.of_regions(matrix_of(block["vector"], dimension=size))))
            film += [corpus.row_of(name) for name in block["film_id"].to_pylist()]
        rows = np.array(film, dtype=np.intp)
        place = np.argsort(np.argsort(np.array(corpus.films.columns["film_id"], dtype=np.str_)))
        known = RegionCodes(np.concatenate(words), rows, coder.of_phrases, ties=place[rows])
        corpus.memory[f"codes {coder.key}"] = known
    return known


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
