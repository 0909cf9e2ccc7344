"""An index that is open: its columns as arrays, its patch grids, and what is asked of Lance.

Below `EXACT_REGIONS` regions everything is held in memory and searched exactly. Above, regions are
searched with the ANN index of Lance, and grids are read for the films on the shortlist alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box, Float32, ModelFrame
from explorer.errors import RetrievalError
from explorer.grounding.geometry import fit_frame
from explorer.retrieval._lance import in_words
from explorer.retrieval.filters import Filter
from explorer.retrieval.patch_factors import PatchFactors, unpack
from explorer.retrieval.records import IndexInfo, Space
from explorer.retrieval.store import SCHEMA, Tables, open_tables, require_space
from explorer.retrieval.tables import matrix_of

EXACT_REGIONS = 50_000
# Films that the scale of a phrase is measured on.
BASE_FILMS = 400
_FILM_COLUMNS = (
    "film_id study_id vector signature height width view age_band sex findings findings_known "
    "source path"
)
_REGION_COLUMNS = "region_id film_id vector x_min y_min x_max y_max label source score"
_SENTENCE_COLUMNS = "study_id place text words asked assertion counts vector"

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


class Corpus:
    """One commit of an index; does not change when the index does. Safe to share in threads."""

    def __init__(self, tables: Tables, *, exact_below: int = EXACT_REGIONS) -> None:
        self.tables = tables
        self.uri, self.space = tables.uri, tables.commit.space
        with in_words(self.uri, "opened"):
            self.region_count = int(tables.regions.count_rows())
            self.sentence_count = self._count_sentences()
            self.films = self._read_films()
        self.is_exact = self.region_count < exact_below
        self.memory: dict[str, Any] = {}  # what searches work out once for an open index
        self.study_ids = list(dict.fromkeys(self.films.columns["study_id"]))

    def __len__(self) -> int:
        return len(self.films.study)

    def info(self) -> IndexInfo:
        """What the index holds."""
        columns = self.films.columns
        source_of = dict(zip(columns["study_id"], columns["source"], strict=True))
        findings = [finding for found in columns["findings"] for finding in found]
        about = self.tables.commit.about
        return IndexInfo(
            uri=self.uri,
            schema=SCHEMA,
            space=self.space,
            studies=len(self.study_ids),
            films=len(self),
            regions=self.region_count,
            sentences=self.sentence_count,
            search="exact" if self.is_exact else "approximate",
            recall=None if self.is_exact else about.get("recall_at_10"),
            sources=_counted(source_of.values()),
            findings=_counted(findings),
        )

    @cached_property
    def regions(self) -> Regions:
        """All regions; only asked for where search is exact."""
        table = self._read("regions", _REGION_COLUMNS)
        row_of = {film: row for row, film in enumerate(self.films.columns["film_id"])}
        edges = [table[name].to_numpy() for name in ("x_min", "y_min", "x_max", "y_max")]
        return Regions(
            vectors=matrix_of(table["vector"], dimension=self.space.dimension),
            boxes=np.stack(edges, axis=1).astype(np.float32),
            film=np.array([row_of[f] for f in table["film_id"].to_pylist()], dtype=np.intp),
            scores=table["score"].to_numpy().astype(np.float32),
            columns={n: table[n].to_pylist() for n in ("region_id", "label", "source")},
        )

    @cached_property
    def sentences(self) -> Sentences:
        """All sentences of the reports."""
        table = self._read("sentences", _SENTENCE_COLUMNS)
        asked = table["asked"].to_pylist()
        first: dict[str, int] = {}
        for row, text in enumerate(asked):
            first.setdefault(text, row)
        number = {text: k for k, text in enumerate(first)}
        study_of = {study: row for row, study in enumerate(self.study_ids)}
        vectors = matrix_of(table["vector"], dimension=self.space.dimension)
        return Sentences(
            vectors=vectors[list(first.values())],
            distinct=np.array([number[text] for text in asked], dtype=np.intp),
            study=np.array([study_of[s] for s in table["study_id"].to_pylist()], dtype=np.intp),
            assertions=np.array(table["assertion"].to_pylist(), dtype=np.str_),
            counts=np.array(table["counts"].to_pylist(), dtype=bool),
            words=tuple(table["words"].to_pylist()),
            texts=tuple(table["text"].to_pylist()),
            place=np.array(table["place"].to_pylist(), dtype=np.intp),
        )

    @cached_property
    def base_rows(self) -> Rows:
        """The films that phrases are measured on: a sample that is the same every time."""
        # Ids are digests, so the smallest ones are a sample without a pattern.
        order = np.argsort(np.array(self.films.columns["film_id"], dtype=np.str_), kind="stable")
        return np.sort(order[:BASE_FILMS])

    def factors(self, rows: Rows) -> list[PatchFactors]:
        """Patch grids of films, in the order of `rows`."""
        if self.is_exact:
            return [unpack(self._grids[row]) for row in rows]
        ids = [self.films.columns["film_id"][row] for row in rows]
        found = dict(self._take("films", ids, "grid"))
        return [unpack(found[film]) for film in ids]

    def thumbnail(self, film_id: str) -> bytes:
        """WebP of a film.

        Raises:
            RetrievalError: The index has no such film.
        """
        found = self._take("films", [film_id], "thumbnail")
        if not found:
            raise RetrievalError(f"The index {self.uri!r} has no film {film_id!r}.")
        return found[0][1]

    def thumbnails(self, film_ids: Sequence[str]) -> dict[str, bytes]:
        """WebP of some films, by film; those that the index does not have are missing."""
        return dict(self._take("films", list(dict.fromkeys(film_ids)), "thumbnail"))

    def frame(self, row: int) -> ModelFrame:
        """How a film was placed in the model input."""
        return fit_frame(
            (int(self.films.shapes[row, 0]), int(self.films.shapes[row, 1])),
            input_shape=self.space.input_size,
            grid_shape=self.space.grid_size,
            mode=self.space.frame_mode,
            resize=self.space.resize,
        )

    def row_of(self, film_id: str) -> int:
        """Row of a film.

        Raises:
            RetrievalError: The index has no such film.
        """
        try:
            return self.films.columns["film_id"].index(film_id)
        except ValueError:
            raise RetrievalError(f"The index {self.uri!r} has no film {film_id!r}.") from None

    def kept(self, where: Filter) -> NDArray[np.bool_]:
        """(N,) films that pass a filter."""
        return where.keeps(self.films.columns)

    def _count_sentences(self) -> int:
        """Sentences have one statement or more."""
        table = self._read("sentences", "study_id place")
        pairs = zip(table["study_id"].to_pylist(), table["place"].to_pylist(), strict=True)
        return len(set(pairs))

    @cached_property
    def _grids(self) -> list[bytes]:
        return [bytes(grid) for grid in self._read("films", "grid")["grid"].to_pylist()]

    def _read_films(self) -> Films:
        table = self._read("films", _FILM_COLUMNS)
        arrays = ("vector", "signature", "height", "width")
        columns = {n: table[n].to_pylist() for n in table.column_names if n not in arrays}
        number = {study: k for k, study in enumerate(dict.fromkeys(columns["study_id"]))}
        shapes = [table[name].to_numpy() for name in ("height", "width")]
        signatures = np.array(table["signature"].to_pylist() or np.zeros((0, 0)), dtype=np.float32)
        return Films(
            vectors=matrix_of(table["vector"], dimension=self.space.dimension),
            signatures=signatures,
            shapes=np.stack(shapes, axis=1).astype(np.int32),
            study=np.array([number[s] for s in columns["study_id"]], dtype=np.intp),
            columns=columns,
        )

    def _read(self, name: str, columns: str) -> Any:
        """Columns of a whole table."""
        table = getattr(self.tables, name)
        with in_words(self.uri, "read"):
            rows = max(1, int(table.count_rows()))
            return table.search().select(columns.split()).limit(rows).to_arrow()

    def _take(self, name: str, ids: Sequence[str], column: str) -> list[tuple[str, bytes]]:
        """(film, value) of some films; ids are digests, so they need no quoting."""
        named = ", ".join(f"'{film}'" for film in ids if film.replace("-", "").isalnum())
        if not named:
            return []
        table = getattr(self.tables, name)
        with in_words(self.uri, "read"):
            query = table.search().where(f"film_id IN ({named})").select(["film_id", column])
            rows = query.limit(len(ids)).to_list()
        return [(row["film_id"], bytes(row[column])) for row in rows]


def open_corpus(uri: str, *, space: Space | None = None) -> Corpus:
    """Open the newest commit of an index.

    Args:
        uri: Folder or object store.
        space: What queries will be made with; None when it is only looked at.

    Raises:
        RetrievalError: There is no index, or it is of another checkpoint or layout.
    """
    tables = open_tables(uri)
    if space is not None:
        require_space(tables.commit.space, space, uri)
    return Corpus(tables)


def _counted(names: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
