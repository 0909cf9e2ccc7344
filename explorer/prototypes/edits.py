"""What a person does to prototypes: merge, split, hide, rename, undo; each makes a new record."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from explorer.errors import PrototypeError
from explorer.prototypes.clusterings import kmeans
from explorer.prototypes.records import Assignments, Clustering, Points, Prototype
from explorer.prototypes.rooms import furnish

LONGEST_NAME = 80  # characters


def merge(clustering: Clustering, points: Points, *, ids: Sequence[int]) -> Clustering:
    """Make one prototype of several; it keeps the smallest id.

    Raises:
        PrototypeError: Fewer than two are given, or one does not exist.
    """
    chosen = sorted({clustering.prototype(number).id for number in ids})
    if len(chosen) < 2:
        raise PrototypeError(f"A merge needs two prototypes or more, got {len(chosen)}.")
    assignments = clustering.assignments.copy()
    assignments[np.isin(assignments, chosen)] = chosen[0]
    return _changed(clustering, points, assignments)


def split(clustering: Clustering, points: Points, *, number: int) -> Clustering:
    """Make two prototypes of one by k-means; the larger half keeps the id.

    Raises:
        PrototypeError: There is no such prototype, or it holds fewer than two different points.
    """
    rows = clustering.members(clustering.prototype(number).id)
    vectors = points.centred[rows]
    if len(np.unique(vectors.round(6), axis=0)) < 2:
        raise PrototypeError(
            f"Prototype {number} holds {len(rows)} points that are all the same. "
            "One with different points can be split."
        )
    halves = kmeans.cluster(vectors, granularity=2, seed=clustering.seed)
    smaller = halves == (0 if (halves == 0).sum() < (halves == 1).sum() else 1)
    assignments = clustering.assignments.copy()
    assignments[rows[smaller]] = max(p.id for p in clustering.prototypes) + 1
    return _changed(clustering, points, assignments)


def hide(clustering: Clustering, *, number: int, hidden: bool = True) -> Clustering:
    """Put a prototype out of sight, or back; its points stay in it.

    Raises:
        PrototypeError: There is no such prototype.
    """
    return _with(clustering, replace(clustering.prototype(number), hidden=hidden))


def rename(clustering: Clustering, *, number: int, name: str) -> Clustering:
    """Give a prototype a name.

    Raises:
        PrototypeError: There is no such prototype, or the name is empty or too long.
    """
    words = " ".join(name.split())
    if not 0 < len(words) <= LONGEST_NAME:
        raise PrototypeError(
            f"A name has 1 to {LONGEST_NAME} characters, got {len(words)}. Give a shorter one."
            if words
            else "A name needs at least one character, got none."
        )
    return _with(clustering, replace(clustering.prototype(number), name=words, named=True))


def undo(clustering: Clustering) -> Clustering:
    """The state before the last edit.

    Raises:
        PrototypeError: Nothing was edited.
    """
    if clustering.before is None:
        raise PrototypeError("There is nothing to undo: these prototypes were not edited.")
    return clustering.before


def _changed(clustering: Clustering, points: Points, assignments: Assignments) -> Clustering:
    known = {p.id: p for p in clustering.prototypes}
    return replace(
        clustering,
        assignments=assignments,
        prototypes=furnish(points, assignments, known=known),
        stability=None,  # was that of the clustering, not of the edit
        before=clustering,
    )


def _with(clustering: Clustering, changed: Prototype) -> Clustering:
    found = tuple(changed if p.id == changed.id else p for p in clustering.prototypes)
    return replace(clustering, prototypes=found, before=clustering)
