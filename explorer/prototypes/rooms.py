"""From assignments to prototypes: what every room holds and how it is named."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import unit
from explorer.entities import Float32
from explorer.prototypes.measures import concentration, position_shares, purity_of
from explorer.prototypes.naming import lift, propose_names
from explorer.prototypes.records import NOWHERE, Assignments, Points, Prototype

EXEMPLARS = 12
_NEIGHBOURS = 4


def furnish(
    points: Points, assignments: Assignments, *, known: Mapping[int, Prototype] | None = None
) -> tuple[Prototype, ...]:
    """All prototypes of some assignments, the largest first.

    Args:
        points: What was clustered.
        assignments: (N,) prototype of each point.
        known: Earlier prototypes by id; names and hiding that a person chose stay.
    """
    numbers = [int(n) for n in np.unique(assignments) if n != NOWHERE]
    if not numbers:
        return ()
    members = [np.flatnonzero(assignments == n) for n in numbers]
    centred = points.centred
    raw = np.stack([centred[rows].mean(axis=0) for rows in members])
    centres = unit(raw)
    likeness = centred @ centres.T  # (N, K)
    near = _nearest(centres)
    phis = concentration(
        [
            np.linalg.norm(centred[rows] - mean, axis=1)
            for rows, mean in zip(members, raw, strict=True)
        ]
    )
    shares = None if points.places is None else position_shares(likeness, points.places)
    names = _names(points, members, near)
    earlier = known or {}
    found = []
    for k, number in enumerate(numbers):
        rows, before = members[k], earlier.get(number)
        named = before is not None and before.named
        found.append(
            Prototype(
                id=number,
                centre=centres[k],
                size=len(rows),
                tightness=float(likeness[rows, k].mean()),
                concentration=float(phis[k]),
                name=before.name if before is not None and named else names[k],
                exemplars=_exemplars(rows, likeness[rows, k], points.films),
                position_share=None if shares is None else float(shares[k]),
                purity=purity_of(rows, points.findings),
                neighbours=tuple(numbers[j] for j in near[k]),
                named=named,
                hidden=before is not None and before.hidden,
            )
        )
    return tuple(sorted(found, key=lambda p: (-p.size, p.id)))


def _names(
    points: Points, members: Sequence[NDArray[np.intp]], near: Sequence[Sequence[int]]
) -> list[str]:
    means = np.stack([points.vectors[rows].mean(axis=0) for rows in members])
    places: list[tuple[float, float] | None] = [None] * len(members)
    if points.places is not None:
        middles = [points.places[rows].mean(axis=0) for rows in members]
        places = [(float(x), float(y)) for x, y in middles]
    lifts = np.zeros((len(members), len(points.vocabulary.phrases)))
    for marks in points.spoken:
        lifts += np.stack([lift(marks, rows) for rows in members])
    return propose_names(means, points.vectors, near, points.vocabulary, places=places, lifts=lifts)


def _nearest(centres: Float32) -> list[list[int]]:
    """For each centre the places of the nearest others."""
    likeness = centres @ centres.T
    np.fill_diagonal(likeness, -np.inf)
    order = np.argsort(-likeness, axis=1, kind="stable")
    return [[int(j) for j in row[: min(_NEIGHBOURS, len(centres) - 1)]] for row in order]


def _exemplars(rows: NDArray[np.intp], likeness: Float32, films: Sequence[str]) -> tuple[int, ...]:
    """The points nearest to the centre, one of each film."""
    seen: dict[str, int] = {}
    for place in np.argsort(-likeness, kind="stable"):
        row = int(rows[place])
        seen.setdefault(films[row], row)
        if len(seen) == EXEMPLARS:
            break
    return tuple(seen.values())
