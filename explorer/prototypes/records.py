"""The records of prototypes: what is clustered, what a prototype is, and how it came about.

N points, K prototypes, D numbers of an embedding. Boxes are in pixels of the original radiograph.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import TextEmbeddings, unit
from explorer.entities import Box, Float32, ModelFrame
from explorer.errors import PrototypeError

Level = Literal["regions", "films", "sentences"]
LEVELS: tuple[Level, ...] = ("regions", "films", "sentences")
NOWHERE = -1  # assignment of a point that lies in no prototype

Assignments = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Marks:
    """Which phrases of the vocabulary something speaks for, point by point.

    Attributes:
        marked: (N, S).
        known: (N,) points of which it is known at all.
    """

    marked: NDArray[np.bool_]
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Points:
    """What is clustered: all regions, films or claimed statements of an index.

    Attributes:
        space_id: Digest of the weights that made the vectors.
        ids: Of the points, each once.
        vectors: (N, D), unit rows.
        films: Film of each point; for a statement, the first film of its study.
        boxes: Of regions; None for films and statements.
        places: (N, 2) centre (x, y) of each box as a share of its film; None without boxes.
        findings: Of each point's film; None where they are not known.
        texts: Phrase that found a region, or a statement's words; "" for films.
        vocabulary: Phrases that prototypes are named with.
        spoken: What speaks for a phrase beside the vectors: the words a point was found by, and the
            findings of its film.
    """

    level: Level
    space_id: str
    ids: tuple[str, ...]
    vectors: Float32
    films: tuple[str, ...]
    boxes: tuple[Box | None, ...]
    places: Float32 | None
    findings: tuple[tuple[str, ...] | None, ...]
    texts: tuple[str, ...]
    views: tuple[str, ...]
    vocabulary: TextEmbeddings
    spoken: tuple[Marks, ...] = ()

    def __post_init__(self) -> None:
        counts = {len(self.vectors), len(self.films), len(self.boxes), len(self.findings)}
        if counts | {len(self.texts), len(self.views)} != {len(self.ids)}:
            raise ValueError(f"Every column must have a value for each of {len(self.ids)} points.")
        shape = len(self.ids), len(self.vocabulary.phrases)
        if any(marks.marked.shape != shape for marks in self.spoken):
            raise ValueError(f"Marks must be {shape[0]} points by {shape[1]} phrases.")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def origin(self) -> Float32:
        """(D,) mean vector: what all points share says nothing about any of them."""
        return np.asarray(self.vectors.mean(axis=0), dtype=np.float32)

    @property
    def centred(self) -> Float32:
        """(N, D) unit rows after the mean was taken away; these are clustered."""
        return unit(self.vectors - self.origin)


@dataclass(frozen=True, slots=True)
class Purity:
    """The finding that sets the films of a prototype apart from all films.

    Attributes:
        share: Of its points whose film has the finding, [0, 1].
        base: The same over all points: what chance would give.
    """

    finding: str
    share: float
    base: float


@dataclass(frozen=True, slots=True)
class Prototype:
    """One prototype and what is known of it.

    Attributes:
        id: Stays the same through edits.
        centre: (D,) unit vector among the centred points.
        size: Points in it.
        tightness: Mean cosine of its points with the centre, [-1, 1].
        concentration: PCL's phi: small is tight; its mean over all prototypes is 0.2.
        name: Proposed, or given by a person.
        exemplars: Rows of the points nearest to the centre, the nearest first, each of a film of
            its own.
        position_share: Share of the variance of the likeness to this prototype, over all points,
            that the mere place of a point tells, [0, 1]; None where points have no place.
        purity: None where no findings are known.
        neighbours: Ids of the nearest prototypes, the nearest first.
        named: Whether a person gave the name.
        hidden: Whether a person put it out of sight.
    """

    id: int
    centre: Float32
    size: int
    tightness: float
    concentration: float
    name: str
    exemplars: tuple[int, ...]
    position_share: float | None
    purity: Purity | None
    neighbours: tuple[int, ...]
    named: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Clustering:
    """All prototypes of some points.

    Attributes:
        method: A module of `explorer.prototypes.clusterings`.
        parameters: What it was run with.
        space_id: Of the points.
        origin: (D,) mean of the points, taken away before vectors are compared with a centre.
        assignments: (N,) id of each point's prototype, or `NOWHERE`.
        prototypes: The largest first.
        stability: Mean adjusted Rand index with clusterings of samples of the points, at most 1;
            None where it was not asked for.
        before: The state before the last edit.
    """

    method: str
    level: Level
    parameters: Mapping[str, int | float]
    seed: int
    space_id: str
    origin: Float32
    assignments: Assignments
    prototypes: tuple[Prototype, ...]
    stability: float | None = None
    before: "Clustering | None" = field(default=None, repr=False)

    def prototype(self, number: int) -> Prototype:
        """The prototype with an id.

        Raises:
            PrototypeError: There is none.
        """
        found = next((p for p in self.prototypes if p.id == number), None)
        if found is None:
            raise PrototypeError(
                f"There must be a prototype {number}, this clustering has "
                f"{len(self.prototypes)}: {', '.join(str(p.id) for p in self.prototypes[:20])}."
            )
        return found

    def members(self, number: int) -> NDArray[np.intp]:
        """Rows of the points of a prototype."""
        return np.flatnonzero(self.assignments == number)


@dataclass(frozen=True, slots=True)
class Use:
    """Where a radiograph looks like a prototype.

    Attributes:
        id: Of the prototype.
        likeness: (h, w) cosine of every patch with the centre, [-1, 1].
        threshold: Cosine that nine of ten points of the prototype reach.
        share: Share of the seen patches above the threshold, [0, 1].
        peak: Largest likeness.
        frame: Places the grid in the original.
    """

    id: int
    likeness: Float32
    threshold: float
    share: float
    peak: float
    frame: ModelFrame
