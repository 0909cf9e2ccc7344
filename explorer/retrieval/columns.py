"""What an open index holds in memory, column by column."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box, Float32
from explorer.grounding.alignment import PhraseBase
from explorer.retrieval.tables import matrix_of
from explorer.retrieval.words import WordCounts

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Films:
    """Columns of the N films; `columns` holds everything that is no array, by name."""

    vectors: Float32
    signatures: Float32
    shapes: NDArray[np.int32]
    study: Rows
    columns: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Regions:
    """Columns of the M regions; `film` is the row of each one's film."""

    vectors: Float32
    boxes: Float32
    film: Rows
    scores: Float32
    columns: dict[str, list[Any]]

    def box(self, row: int) -> Box:
        """Box of a region in original pixels."""
        return Box(*(float(edge) for edge in self.boxes[row]))


@dataclass(frozen=True, slots=True)
class Sentences:
    """Columns of the S statements of all reports; equal ones share a row of `vectors`.

    Attributes:
        vectors: (U, D) of what is asked, each once.
        distinct: Statement -> row of `vectors`.
        study: Statement -> study.
        assertions: Of the statements.
        counts: Which of them films are asked.
        words: The part of the sentence that states it.
        texts: The whole sentence.
        place: Number of the sentence in its report.
    """

    vectors: Float32
    distinct: Rows
    study: Rows
    assertions: NDArray[np.str_]
    counts: NDArray[np.bool_]
    words: tuple[str, ...]
    texts: tuple[str, ...]
    place: Rows

    def __len__(self) -> int:
        return len(self.study)

    def within(self, kept: NDArray[np.bool_]) -> "Sentences":
        """Those of the statements that are kept (S,), with the vectors of all."""
        rows = np.flatnonzero(kept)
        return Sentences(
            self.vectors, self.distinct[rows], self.study[rows], self.assertions[rows],
            self.counts[rows], tuple(self.words[k] for k in rows),
            tuple(self.texts[k] for k in rows), self.place[rows],
        )  # fmt: skip


def films_of_rows(rows: Any, *, dimension: int) -> Films:
    """Films from rows of their table; studies are numbered as they come."""
    arrays = ("vector", "signature", "height", "width")
    columns = {n: rows[n].to_pylist() for n in rows.column_names if n not in arrays}
    number = {study: k for k, study in enumerate(dict.fromkeys(columns["study_id"]))}
    shapes = [rows[name].to_numpy() for name in ("height", "width")]
    signatures = rows["signature"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    width = len(signatures) // max(1, len(rows))
    return Films(
        vectors=matrix_of(rows["vector"], dimension=dimension),
        signatures=signatures.astype(np.float32).reshape(len(rows), width),
        shapes=np.stack(shapes, axis=1).astype(np.int32),
        study=np.array([number[s] for s in columns["study_id"]], dtype=np.intp),
        columns=columns,
    )


def regions_of_rows(rows: Any, film_of: Mapping[str, int], *, dimension: int) -> Regions:
    """Regions from rows of their table; `film_of` gives the row of a film id."""
    edges = [rows[name].to_numpy() for name in ("x_min", "y_min", "x_max", "y_max")]
    return Regions(
        vectors=matrix_of(rows["vector"], dimension=dimension),
        boxes=np.stack(edges, axis=1).astype(np.float32),
        film=np.array([film_of[f] for f in rows["film_id"].to_pylist()], dtype=np.intp),
        scores=rows["score"].to_numpy().astype(np.float32),
        columns={n: rows[n].to_pylist() for n in ("region_id", "label", "source")},
    )


def sentences_of_rows(rows: Any, study_of: Mapping[str, int], *, dimension: int) -> Sentences:
    """Statements from rows of their table; `study_of` gives the number of a study id."""
    asked = rows["asked"].to_pylist()
    first: dict[str, int] = {}
    for row, text in enumerate(asked):
        first.setdefault(text, row)
    number = {text: k for k, text in enumerate(first)}
    vectors = matrix_of(rows["vector"], dimension=dimension)
    return Sentences(
        vectors=vectors[list(first.values())],
        distinct=np.array([number[text] for text in asked], dtype=np.intp),
        study=np.array([study_of[s] for s in rows["study_id"].to_pylist()], dtype=np.intp),
        assertions=np.array(rows["assertion"].to_pylist(), dtype=np.str_),
        counts=np.array(rows["counts"].to_pylist(), dtype=bool),
        words=tuple(rows["words"].to_pylist()),
        texts=tuple(rows["text"].to_pylist()),
        place=np.array(rows["place"].to_pylist(), dtype=np.intp),
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """What the shards of an index hold together: what scores are read against.

    Attributes:
        films: How many.
        grids: Packed patch grids of the films that phrases are measured on, by film id.
        signatures: Mean and spread of the signatures of all films.
        film_mean: (D,) of the vectors of all films.
        region_mean: (D,) of all regions; None before a region is searched.
        words: Of all statements; None before words are searched.
    """

    films: int
    grids: tuple[bytes, ...]
    signatures: PhraseBase
    film_mean: NDArray[np.float64]
    region_mean: NDArray[np.float64] | None = None
    words: WordCounts | None = None
