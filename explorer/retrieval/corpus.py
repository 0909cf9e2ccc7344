"""An index that is open: its columns as arrays, its patch grids, and what is asked of Lance.

Below `EXACT_REGIONS` regions everything is held in memory and searched exactly. Above, regions are
searched with the ANN index of Lance, and grids are read for the films on the shortlist alone.
"""

import copy
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.entities import ModelFrame
from explorer.errors import RetrievalError
from explorer.grounding.alignment import PhraseBase, phrase_base
from explorer.grounding.geometry import fit_frame
from explorer.retrieval._lance import in_words
from explorer.retrieval.columns import Films, Regions, Rows, Sentences, Told, Whole
from explorer.retrieval.filters import Filter
from explorer.retrieval.patch_factors import PatchFactors, unpack
from explorer.retrieval.records import IndexInfo, Space
from explorer.retrieval.store import SCHEMA, Tables, open_tables, require_space
from explorer.retrieval.tables import matrix_of
from explorer.retrieval.words import WordCounts, count_words

EXACT_REGIONS = 50_000
KEPT_GRIDS = 2_000  # patch grids, 22 KB each, that an approximate search keeps
# Films that the scale of a phrase is measured on.
BASE_FILMS = 400
_BLOCK = 16_384  # regions that are read at once
_FILM_COLUMNS = (
    "film_id study_id vector signature height width view age_band sex findings findings_known "
    "source path"
)
REGION_COLUMNS = "region_id film_id vector x_min y_min x_max y_max label source score"
_SENTENCE_COLUMNS = "study_id place text words asked assertion counts vector"


class Corpus:
    """One commit of an index; does not change when the index does. Safe to share in threads.

    Attributes:
        whole: Where this is a shard, what it is a shard of.
        memory: What searches work out once for an open index.
    """

    def __init__(self, tables: Tables, *, exact_below: int = EXACT_REGIONS) -> None:
        self.tables = tables
        self.whole: Whole | None = None
        self.uri, self.space = tables.uri, tables.commit.space
        with in_words(self.uri, "opened"):
            self.region_count = int(tables.regions.count_rows())
            self.sentence_count = self._count_sentences()
            self.films = self._read_films()
        self.is_exact = self.region_count < exact_below
        self.memory: dict[str, Any] = {}
        self.study_ids = list(dict.fromkeys(self.films.columns["study_id"]))

    def __len__(self) -> int:
        return len(self.films.study)

    def within(self, whole: Whole | None) -> "Corpus":
        """The same commit as a shard of an index; what was read of its tables is kept."""
        found = copy.copy(self)
        found.whole, found.memory = whole, {}
        for name in (
            "base_grids",
            "base_factors",
            "signature_base",
            "film_mean",
            "region_mean",
            "words",
        ):
            vars(found).pop(name, None)
        return found

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
            region_recall=None if self.is_exact else about.get("region_recall_at_10"),
            sources=_counted(source_of.values()),
            findings=_counted(findings),
        )

    @cached_property
    def regions(self) -> Regions:
        """All regions in memory: for an index that is searched exactly."""
        return self.regions_in(self._read("regions", REGION_COLUMNS))

    def regions_in(self, rows: Any) -> Regions:
        """Regions of some rows of the table, with the columns `REGION_COLUMNS`."""
        edges = [rows[name].to_numpy() for name in ("x_min", "y_min", "x_max", "y_max")]
        return Regions(
            vectors=matrix_of(rows["vector"], dimension=self.space.dimension),
            boxes=np.stack(edges, axis=1).astype(np.float32),
            film=np.array([self._rows[f] for f in rows["film_id"].to_pylist()], dtype=np.intp),
            scores=rows["score"].to_numpy().astype(np.float32),
            columns={n: rows[n].to_pylist() for n in ("region_id", "label", "source")},
        )

    def region_blocks(self, columns: str) -> Iterator[Any]:
        """Columns of all regions, some thousand rows after others: memory stays flat."""
        with in_words(self.uri, "read"):
            query = self.tables.regions.search().select(columns.split())
            yield from query.to_batches(_BLOCK)

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
        """The films that phrases are measured on, by id: a sample that is the same every time."""
        # Ids are digests, so the smallest ones are a sample without a pattern.
        order = np.argsort(np.array(self.films.columns["film_id"], dtype=np.str_), kind="stable")
        return order[:BASE_FILMS]

    @cached_property
    def base_grids(self) -> tuple[bytes, ...]:
        """Packed patch grids of the films that phrases are measured on, of the whole index."""
        return self.packed(self.base_rows) if self.whole is None else self.whole.grids

    @cached_property
    def base_factors(self) -> list[PatchFactors]:
        """The same opened, 90 KB a film: every phrase that is new to an index is asked of them."""
        return [unpack(grid) for grid in self.base_grids]

    @property
    def film_count(self) -> int:
        """Films of the whole index."""
        return len(self) if self.whole is None else self.whole.films

    @cached_property
    def signature_base(self) -> PhraseBase:
        """Mean and spread of the signatures of the whole index, which has two films or more."""
        return phrase_base(self.films.signatures) if self.whole is None else self.whole.signatures

    @cached_property
    def film_mean(self) -> NDArray[np.floating]:
        """(D,) mean of the film vectors of the whole index."""
        return self.films.vectors.mean(axis=0) if self.whole is None else self.whole.film_mean

    @cached_property
    def region_mean(self) -> NDArray[np.floating]:
        """(D,) mean of the regions of the whole index."""
        known = None if self.whole is None else self.whole.region_mean
        return self.own_region_mean if known is None else known

    @cached_property
    def own_region_mean(self) -> NDArray[np.float64]:
        """(D,) mean of the regions here; noted when a large index is built."""
        noted = self.tables.commit.about.get("region_mean")
        if noted is not None:
            return np.array(noted, dtype=np.float64)
        size = self.space.dimension
        total = np.zeros(size)
        for block in self.region_blocks("vector"):
            total += matrix_of(block["vector"], dimension=size).sum(axis=0, dtype=np.float64)
        return total / max(1, self.region_count)

    @cached_property
    def words(self) -> WordCounts:
        """Counts of the words of the whole index."""
        known = None if self.whole is None else self.whole.words
        return self.own_words if known is None else known

    @cached_property
    def own_words(self) -> WordCounts:
        """Counts of the words here."""
        return count_words(self._read("sentences", "words")["words"].to_pylist())

    def factors(self, rows: Rows) -> list[PatchFactors]:
        """Patch grids of films, in the order of `rows`."""
        return [unpack(grid) for grid in self.packed(rows)]

    def packed(self, rows: Rows) -> tuple[bytes, ...]:
        """The same as they are stored."""
        if self.is_exact:
            return tuple(self._grids[row] for row in rows)
        kept: dict[int, bytes] = self.memory.setdefault("grids", {})
        wanted = [int(row) for row in rows]
        found = {row: grid for row in wanted if (grid := kept.get(row)) is not None}
        fresh = self._read_grids([row for row in wanted if row not in found])
        kept.update(fresh)
        for row in list(kept)[: max(0, len(kept) - KEPT_GRIDS)]:
            kept.pop(row, None)
        found |= fresh
        return tuple(found[row] for row in wanted)

    def told(self, row: int) -> Told:
        """What the report of a film's study says."""
        study = int(self.films.study[row])
        if self.is_exact:
            sentences = self.sentences
            own = np.flatnonzero(sentences.study == study)
            return Told(
                sentences.assertions[own],
                sentences.vectors[sentences.distinct[own]],
                tuple(sentences.texts[k] for k in own),
            )
        kept: dict[int, Told] = self.memory.setdefault("told", {})
        found = kept.get(study) or self._read_told([study])[study]
        kept[study] = found
        return found

    def look_up(self, rows: Rows) -> None:
        """Read at once what the hits of a page show, where it is not in memory."""
        if self.is_exact or not len(rows):
            return
        self.packed(rows)
        kept: dict[int, Told] = self.memory.setdefault("told", {})
        new = [s for s in dict.fromkeys(self.films.study[rows].tolist()) if s not in kept]
        if len(kept) > KEPT_GRIDS:
            kept.clear()
        if new:
            kept.update(self._read_told(new))

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
            return self._rows[film_id]
        except KeyError:
            raise RetrievalError(f"The index {self.uri!r} has no film {film_id!r}.") from None

    def study_of(self, film_id: str) -> int:
        """Number of the study of a film; -1 where the film is not of this index."""
        row = self._rows.get(film_id)
        return -1 if row is None else int(self.films.study[row])

    def kept(self, where: Filter) -> NDArray[np.bool_]:
        """(N,) films that pass a filter."""
        return where.keeps(self.films.columns)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {film: row for row, film in enumerate(self.films.columns["film_id"])}

    def _count_sentences(self) -> int:
        """Sentences have one statement or more."""
        table = self._read("sentences", "study_id place")
        pairs = zip(table["study_id"].to_pylist(), table["place"].to_pylist(), strict=True)
        return len(set(pairs))

    @cached_property
    def _grids(self) -> list[bytes]:
        return [bytes(grid) for grid in self._read("films", "grid")["grid"].to_pylist()]

    def _read_grids(self, rows: Sequence[int]) -> dict[int, bytes]:
        """By their places in the table: asked for by id, every row would be looked at."""
        if not rows:
            return {}
        ids = self.films.columns["film_id"]
        with in_words(self.uri, "read"):
            query = self.tables.films.take_offsets(list(rows)).select(["film_id", "grid"])
            table = query.to_arrow()
        found = dict(zip(table["film_id"].to_pylist(), table["grid"].to_pylist(), strict=True))
        return {row: found[ids[row]] for row in rows}

    def _read_told(self, studies: Sequence[int]) -> dict[int, Told]:
        names = ", ".join(f"'{self.study_ids[study]}'" for study in studies)
        with in_words(self.uri, "read"):
            query = self.tables.sentences.search().where(f"study_id IN ({names})")
            columns = ["study_id", "assertion", "text", "vector"]
            table = query.select(columns).limit(self.tables.sentences.count_rows() or 1).to_arrow()
        vectors = matrix_of(table["vector"], dimension=self.space.dimension)
        assertions = np.array(table["assertion"].to_pylist(), dtype=np.str_)
        texts, owners = table["text"].to_pylist(), np.array(table["study_id"].to_pylist())
        found = {}
        for study in studies:
            own = np.flatnonzero(owners == self.study_ids[study])
            found[study] = Told(assertions[own], vectors[own], tuple(texts[k] for k in own))
        return found

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
