"""Names for prototypes: the vocabulary phrase that sets each apart from its neighbours.

Phrases have scales of their own, so the likeness of a phrase to a prototype is read against its
likeness to all points. To it is added what else speaks for the phrase: how much oftener the points
of the prototype were found by it, and their films have the finding, than all points. What
neighbours share says little, so half of theirs is taken away.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import TextEmbeddings
from explorer.entities import Float32
from explorer.prototypes.records import Marks

# Standard deviations over all points below which no phrase is a name.
STANDS_OUT = 0.75
_NEIGHBOUR_WEIGHT = 0.5
_SMOOTH = 3  # points that are thought to be as usual, so that small prototypes are not named by one
_ROWS, _COLUMNS = ("upper", "mid", "lower"), ("right", "central", "left")


def propose_names(
    means: Float32,
    vectors: Float32,
    neighbours: Sequence[Sequence[int]],
    vocabulary: TextEmbeddings,
    *,
    places: Sequence[tuple[float, float] | None],
    lifts: NDArray[np.floating] | None = None,
) -> list[str]:
    """A name for each of K prototypes; equal ones are told apart by their place, then by number.

    Args:
        means: (K, D) mean of the unit vectors of each prototype.
        vectors: (N, D) all points.
        neighbours: For each prototype, the places of its neighbours in `means`.
        vocabulary: Phrases; none for a checkpoint that reads no text, whose names are places.
        places: For each prototype, the mean (x, y) of its points as shares of the film.
        lifts: (K, S) what speaks for each phrase beside the vectors, from `lift`.
    """
    if not vocabulary.phrases:
        return _distinct([""] * len(means), places)
    stands = standing(means, vectors, vocabulary)
    if lifts is not None:
        stands = stands + lifts
    phrases = []
    for number, near in enumerate(neighbours):
        row = stands[number]
        apart = row - _NEIGHBOUR_WEIGHT * stands[list(near)].max(axis=0) if len(near) else row
        best = int(apart.argmax())
        phrases.append(vocabulary.phrases[best] if row[best] >= STANDS_OUT else "")
    return _distinct(phrases, places)


def standing(means: Float32, vectors: Float32, vocabulary: TextEmbeddings) -> Float32:
    """(K, S) likeness of each phrase, in its own standard deviations over all points."""
    over_all = vectors @ vocabulary.vectors.T
    spread = np.maximum(over_all.std(axis=0), 1e-6)
    return np.asarray((means @ vocabulary.vectors.T - over_all.mean(axis=0)) / spread)


def lift(marks: Marks, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """(S,) log of how much oftener some points are marked than all points are; 0 is as usual.

    Args:
        marks: Of all points.
        rows: Of the prototype.

    >>> marked = np.array([[True], [True], [True], [False], [False], [False]])
    >>> marks = Marks(marked, np.ones(6, dtype=bool))
    >>> lift(marks, np.array([0, 1, 2])).round(2).tolist()  # log((3 + 3) / (1.5 + 3))
    [0.29]
    """
    known = rows[marks.known[rows]]
    here = marks.marked[known].sum(axis=0)
    share = marks.marked[marks.known].sum(axis=0) / max(1, int(marks.known.sum()))
    return np.log((here + _SMOOTH) / (share * len(known) + _SMOOTH))


def _distinct(phrases: Sequence[str], places: Sequence[tuple[float, float] | None]) -> list[str]:
    names: list[str] = []
    for phrase, place in zip(phrases, places, strict=True):
        where = "" if place is None else place_words(*place)
        name = phrase or "nothing named"
        if where and (not phrase or phrases.count(phrase) > 1):
            name = f"{name}, {where}"
        number = 2
        while name in names:
            name = f"{name.rpartition(' (')[0] or name} ({number})"
            number += 1
        names.append(name)
    return names


def place_words(x: float, y: float) -> str:
    """A place of a film in words; the patient's right is at the left edge.

    >>> place_words(0.2, 0.8), place_words(0.5, 0.5)
    ('right lower', 'central mid')
    """
    row, column = (min(2, int(3 * max(0.0, edge))) for edge in (y, x))
    return f"{_COLUMNS[column]} {_ROWS[row]}"
