"""An index that is open: its columns as arrays, patch grids, reports, and what all have in common.

Below `EXACT_REGIONS` regions everything is held in memory and searched exactly. Above, regions are
searched with the ANN index of Lance, and grids are read for the films on the shortlist alone.
"""

import copy
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32, ModelFrame
from explorer.errors import RetrievalError
from explorer.grounding.alignment import PhraseBase, phrase_base
from explorer.grounding.geometry import fit_frame
from explorer.retrieval._lance import in_words
from explorer.retrieval.columns import (
    Films,
    Regions,
    Rows,
    Sentences,
    Whole,
    films_of_rows,
    regions_of_rows,
    sentences_of_rows,
)
from explorer.retrieval.filters import Filter
from explorer.retrieval.patch_factors import PatchFactors, unpack
from explorer.retrieval.records import IndexInfo, Space
from explorer.retrieval.store import SCHEMA, Tables, count_sentences, open_tables, require_space
from explorer.retrieval.tables import matrix_of
from explorer.retrieval.words import WordCounts, count_words

EXACT_REGIONS = 50_000
KEPT_GRIDS = 2_000  # patch grids, 22 KB each, that an approximate search keeps
# Films that the scale of a phrase is measured on.
BASE_FILMS = 400
_FILM_COLUMNS = (
    "film_id study_id vector signature height width view age_band sex findings findings_known "
    "source path"
)
REGION_COLUMNS = "region_id film_id vector x_min y_min x_max y_max label source score"
_OF_THE_WHOLE = "base_grids base_factors signature_base film_mean region_mean words"
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
        for name in _OF_THE_WHOLE.split():
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
            report_recall=None if self.is_exact else about.get("report_recall_at_10"),
            sources=_counted(source_of.values()),
            findings=_counted(findings),
        )

    @cached_property
    def regions(self) -> Regions:
        """All regions in memory: for an index that is searched exactly."""
        return self.regions_in(self.tables.read("regions", REGION_COLUMNS))

    def regions_in(self, rows: Any) -> Regions:
        """Regions of some rows of the table, with the columns `REGION_COLUMNS`."""
        return regions_of_rows(rows, self._rows, dimension=self.space.dimension)

    @cached_property
    def sentences(self) -> Sentences:
        """All statements of the reports: for an index that is searched exactly, and for counts."""
        return self._sentences_in(self.tables.read("sentences", _SENTENCE_COLUMNS))

    def sentences_of(self, studies: Sequence[int]) -> Sentences:
        """Statements of the reports of some studies; of a large index nothing else is read."""
        if self.is_exact:
            return self.sentences.within(np.isin(self.sentences.study, studies))
        ids = [self.study_ids[study] for study in studies]
        return self._sentences_in(self.tables.sentences_of(ids, _SENTENCE_COLUMNS))

    def are_all(self, sentences: Sentences) -> bool:
        """Whether statements are those of the whole index."""
        return sentences is vars(self).get("sentences")

    def _sentences_in(self, rows: Any) -> Sentences:
        return sentences_of_rows(rows, self._study_rows, dimension=self.space.dimension)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of "sentences" and of "reports"; counted here if the build was not finished."""
        about = self.tables.commit.about
        if {"sentences", "reports"} <= set(about):
            return about
        with in_words(self.uri, "read"):
            return count_sentences(self.tables.sentences)

    @property
    def sentence_count(self) -> int:
        """Sentences of all reports."""
        return self.counts["sentences"]

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
        for block in self.tables.region_blocks("vector"):
            total += matrix_of(block["vector"], dimension=size).sum(axis=0, dtype=np.float64)
        return total / max(1, self.region_count)

    @cached_property
    def words(self) -> WordCounts:
        """Counts of the words of the whole index."""
        known = None if self.whole is None else self.whole.words
        return self.own_words if known is None else known

    @cached_property
    def own_words(self) -> WordCounts:
        """Counts of the words here; noted when a large index is built."""
        noted = self.tables.commit.about.get("words")
        if noted is not None:
            return WordCounts(**noted)
        return count_words(self.tables.read("sentences", "words")["words"].to_pylist())

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
        ids = self.films.columns["film_id"]
        missing = [row for row in wanted if row not in found]
        read = self.tables.grids_at(missing)
        fresh = {row: read[ids[row]] for row in missing}
        kept.update(fresh)
        for row in list(kept)[: max(0, len(kept) - KEPT_GRIDS)]:
            kept.pop(row, None)
        found |= fresh
        return tuple(found[row] for row in wanted)

    def report(self, row: int) -> Sentences:
        """Statements of the report of a film's study."""
        study = int(self.films.study[row])
        if self.is_exact:
            return self.sentences.within(self.sentences.study == study)
        return self._reports([study])[study]

    def look_up(self, rows: Rows) -> None:
        """Read at once what the hits of a page show, where it is not in memory."""
        if not self.is_exact and len(rows):
            self.packed(rows)
            self._reports(self.films.study[rows].tolist())

    def _reports(self, studies: Sequence[int]) -> dict[int, Sentences]:
        """Reports of studies, read where they are not in memory."""
        kept: dict[int, Sentences] = self.memory.setdefault("reports", {})
        if len(kept) > KEPT_GRIDS:
            kept.clear()
        found = {study: said for study in studies if (said := kept.get(study)) is not None}
        new = [study for study in dict.fromkeys(studies) if study not in found]
        if new:
            said = self.sentences_of(new)
            fresh = {study: said.within(said.study == study) for study in new}
            kept.update(fresh)
            found |= fresh
        return found

    def agreement(self) -> tuple[list[str], Float32, Float32] | None:
        """Ids of studies (R,), what their reports get from films (R, K), signatures of these."""
        if self.tables.agreement is None:
            return None
        about = self.tables.commit.about["agreement"]
        rows = self.tables.read("agreement", "study_id vector")
        signatures = np.array(about["signatures"], dtype=np.float32)
        values = matrix_of(rows["vector"], dimension=len(signatures))
        return rows["study_id"].to_pylist(), values, signatures

    def thumbnail(self, film_id: str) -> bytes:
        """WebP of a film.

        Raises:
            RetrievalError: The index has no such film.
        """
        found = self.tables.thumbnails_of([film_id])
        if not found:
            raise RetrievalError(f"The index {self.uri!r} has no film {film_id!r}.")
        return found[film_id]

    def thumbnails(self, film_ids: Sequence[str]) -> dict[str, bytes]:
        """WebP of some films, by film; those that the index does not have are missing."""
        return self.tables.thumbnails_of(list(dict.fromkeys(film_ids)))

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

    @cached_property
    def _study_rows(self) -> dict[str, int]:
        return {study: row for row, study in enumerate(self.study_ids)}

    @cached_property
    def _grids(self) -> list[bytes]:
        return [bytes(grid) for grid in self.tables.read("films", "grid")["grid"].to_pylist()]

    def _read_films(self) -> Films:
        rows = self.tables.read("films", _FILM_COLUMNS)
        return films_of_rows(rows, dimension=self.space.dimension)


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
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
