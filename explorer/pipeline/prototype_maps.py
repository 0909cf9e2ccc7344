"""Maps of an index: all kinds of points in one, and two checkpoints' maps over each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine
from explorer.embeddings import unit
from explorer.entities import Float32
from explorer.errors import PrototypeError
from explorer.pipeline.prototypes import on_a_plane, points_of
from explorer.prototypes.modality import Gap, close_gap, modality_gaps
from explorer.prototypes.moved import NEAR, Moves, matched, moves_of
from explorer.prototypes.records import LEVELS, Level, Points
from explorer.retrieval.corpus import Corpus

MOVES_SCHEMA = "radiograph-prototype-moves/1"


@dataclass(frozen=True, slots=True)
class MixedMap:
    """Regions, films and statements of an index on one map.

    Attributes:
        points: The points of each kind.
        kinds: (M,) place in `points` of each point of the map.
        rows: (M,) its row there.
        plane: (M, 2).
        words: What the map keeps, one sentence.
        gaps: How far the kinds lie apart in the space of the checkpoint, as it is.
        closed: Whether the gap was closed before the map was drawn.
    """

    points: tuple[Points, ...]
    kinds: NDArray[np.intp]
    rows: NDArray[np.intp]
    plane: Float32
    words: str
    gaps: tuple[Gap, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class ComparedMaps:
    """The points that two indices share, on the maps of both checkpoints.

    Attributes:
        here: Points of one index.
        rows: (N,) rows in `here` of the points that both have.
        moves: Where they lie on both maps.
        only_here: Points of the one index that the other has not.
        only_there: The other way round.
    """

    here: Points
    rows: NDArray[np.intp]
    moves: Moves
    only_here: int
    only_there: int


def mixed_map(
    index: Corpus, engine: Engine, *, way: str = "pca", seed: int = 0, closed: bool = False
) -> MixedMap:
    """Draw all kinds of points that an index holds on one map.

    Args:
        index: Opened with this engine.
        engine: Of the vectors.
        way: Of `planes`.
        seed: Of everything random.
        closed: Whether every kind is drawn about its own centroid.

    Raises:
        PrototypeError: The index holds one kind only.
    """
    kinds = [points for level in LEVELS if (points := _some(index, engine, level)) is not None]
    if len(kinds) < 2:
        raise PrototypeError(
            f"A map of several kinds needs two, the index has {len(kinds)}. Build one from films "
            "with reports."
        )
    groups = [points.vectors for points in kinds]
    every = np.concatenate(close_gap(groups) if closed else groups)
    plane, words = on_a_plane(unit(every - every.mean(axis=0)), way=way, seed=seed)
    sizes = [len(points) for points in kinds]
    return MixedMap(
        points=tuple(kinds),
        kinds=np.repeat(np.arange(len(kinds)), sizes),
        rows=np.concatenate([np.arange(size) for size in sizes]),
        plane=plane,
        words=words,
        gaps=modality_gaps({points.level: points.vectors for points in kinds}),
        closed=closed,
    )


def compare_maps(
    here: Points, there: Points, *, way: str = "pca", seed: int = 0, near: int = NEAR
) -> ComparedMaps:
    """Lay the map of one checkpoint over that of another, over the points that both have.

    Films are the same by their content; statements, and regions that a phrase found, by their film
    and their words.

    Args:
        here: Points of an index.
        there: Points of the same level of an index of the same films by another checkpoint.
        way: Of `planes`.
        seed: Of everything random.
        near: Neighbours that are compared.

    Raises:
        PrototypeError: They are of one checkpoint, of two levels, or share too little.
    """
    if here.level != there.level:
        raise PrototypeError(
            f"Two maps must be of one level, got {here.level} and {there.level}. Choose one."
        )
    if here.space_id == there.space_id:
        raise PrototypeError(
            "Both indices are of the same checkpoint, so their maps are the same. Name an index "
            "of another checkpoint."
        )
    rows, others = matched(_names(here), _names(there))
    sides = [
        (vectors := points.centred[chosen], on_a_plane(vectors, way=way, seed=seed)[0])
        if chosen
        else (points.vectors[:0], points.vectors[:0, :2])
        for points, chosen in ((here, rows), (there, others))
    ]
    return ComparedMaps(
        here=here,
        rows=np.array(rows, dtype=np.intp),
        moves=moves_of(sides[0], sides[1], near=near),
        only_here=len(set(_names(here))) - len(rows),
        only_there=len(set(_names(there))) - len(rows),
    )


def moves_document(found: ComparedMaps, *, count: int | None = None) -> dict[str, Any]:
    """Both maps in numbers, and the points that moved most, the most first.

    Args:
        found: From `compare_maps`.
        count: Points that are listed; None lists all.
    """
    moves, points = found.moves, found.here
    return {
        "schema": MOVES_SCHEMA,
        "notice": "Research use, not for diagnosis.",
        "level": points.level,
        "points": len(found.rows),
        "only_here": found.only_here,
        "only_there": found.only_there,
        "disparity": moves.disparity,
        f"neighbour_overlap_at_{moves.near}": moves.overlap,
        "chance": moves.near / max(1, len(found.rows) - 1),
        "movers": [
            {
                "id": points.ids[found.rows[k]],
                "film": points.films[found.rows[k]],
                "text": points.texts[found.rows[k]],
                "findings": list(points.findings[found.rows[k]] or ()),
                "relative_move": float(moves.relative[k]),
                "neighbours_kept": float(moves.kept[k]),
                "here": moves.here[k].tolist(),
                "there": moves.there[k].tolist(),
            }
            for k in moves.order[:count]
        ],
    }


def _some(index: Corpus, engine: Engine, level: Level) -> Points | None:
    """Points of a level; None where the index has none, or too many regions to hold."""
    try:
        points = points_of(index, engine, level=level)
    except PrototypeError:
        return None
    return points if len(points) else None


def _names(points: Points) -> Sequence[str]:
    if points.level == "films":
        return points.ids
    return [f"{film}\0{text}" for film, text in zip(points.films, points.texts, strict=True)]
