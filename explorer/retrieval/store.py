"""The tables of an index and the commit that makes a batch of studies visible, whole or not at all.

Lance makes a write to one table atomic, and an index has three. So a fourth table, `commit`, has
one row: which version of each table belongs together. A batch is written to the three tables and
then the row is replaced; readers open the versions that it names. A writer that was killed
between leaves versions that no commit names; the next writer takes them back. Nothing is lost,
doubled or seen by half.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import RetrievalError
from explorer.retrieval._lance import connect, in_words, is_local
from explorer.retrieval.lock import Hold, writing_right
from explorer.retrieval.records import Space, StudyRows
from explorer.retrieval.tables import (
    TABLES,
    agreement_table,
    films_table,
    regions_table,
    schema_of,
    sentences_table,
)

if TYPE_CHECKING:
    import numpy as np
    from lancedb.db import DBConnection

SCHEMA = 1
_COMMIT = "commit"
_KEEP_VERSIONS = timedelta(days=1)  # for readers that are open
# What a commit notes of all rows, so that opening need not read them; a write forgets it.
COUNTED = ("sentences", "reports", "words", "region_mean")
AGREEMENT = "agreement"  # the entry and the table of what reports get from some films
_BLOCK = 16_384  # regions that are read at once
# Appends leave one small file each; after so many they are joined.
_OPTIMIZE_EVERY = 100


@dataclass(frozen=True, slots=True)
class Commit:
    """Which versions belong together.

    Attributes:
        number: From 1, one more each commit.
        versions: Table -> version.
        about: Free entries, e.g. how search is done.
    """

    number: int
    space: Space
    versions: dict[str, int]
    about: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """The three tables of one commit, for reading."""

    uri: str
    commit: Commit
    films: Any
    regions: Any
    sentences: Any
    agreement: Any = None  # of a large index alone

    def read(self, name: str, columns: str) -> Any:
        """Columns of a whole table."""
        table = getattr(self, name)
        with in_words(self.uri, "read"):
            rows = max(1, int(table.count_rows()))
            return table.search().select(columns.split()).limit(rows).to_arrow()

    def region_blocks(self, columns: str) -> Iterator[Any]:
        """Columns of all regions, some thousand rows after others: memory stays flat."""
        with in_words(self.uri, "read"):
            yield from self.regions.search().select(columns.split()).to_batches(_BLOCK)

    def sentences_of(self, study_ids: Sequence[str], columns: str) -> Any:
        """Columns of the statements of some studies."""
        names = ", ".join(f"'{study}'" for study in study_ids)
        with in_words(self.uri, "read"):
            query = self.sentences.search().where(f"study_id IN ({names})")
            rows = query.limit(self.sentences.count_rows() or 1)
            return rows.select(columns.split()).to_arrow()

    def grids_at(self, places: Sequence[int]) -> dict[str, bytes]:
        """Patch grids by film; asked for by id instead, every row would be looked at."""
        if not places:
            return {}
        with in_words(self.uri, "read"):
            query = self.films.take_offsets(list(places)).select(["film_id", "grid"])
            rows = query.to_arrow()
        return dict(zip(rows["film_id"].to_pylist(), rows["grid"].to_pylist(), strict=True))

    def thumbnails_of(self, film_ids: Sequence[str]) -> dict[str, bytes]:
        """WebP by film; ids are digests, so they need no quoting."""
        named = ", ".join(f"'{film}'" for film in film_ids if film.replace("-", "").isalnum())
        if not named:
            return {}
        with in_words(self.uri, "read"):
            query = self.films.search().where(f"film_id IN ({named})")
            rows = query.select(["film_id", "thumbnail"]).limit(len(film_ids)).to_list()
        return {row["film_id"]: bytes(row["thumbnail"]) for row in rows}


def _is_folder(uri: str) -> bool:
    try:
        return Path(uri).expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):
        return False  # too long for a name, of no user, or with a null


def open_tables(uri: str) -> Tables:
    """Open the newest commit of an index for reading; later writes do not change what is read.

    Raises:
        RetrievalError: There is no index, it is only half there, or of another layout.
    """
    none = RetrievalError(
        f"There must be an index in {uri[:200]!r}, there is none that is complete. Build it: "
        "explorer index build CORPUS --out URI."
    )
    if is_local(uri) and not _is_folder(uri):
        raise none  # connecting would make the folder
    db = connect(uri)
    with in_words(uri, "opened"):
        commit = _read_commit(db, uri)
        if commit is None:
            raise none
        found = {}
        for name in TABLES:
            found[name] = db.open_table(name)
            found[name].checkout(commit.versions[name])
        if AGREEMENT in commit.about:
            found[AGREEMENT] = db.open_table(AGREEMENT)
            found[AGREEMENT].checkout(commit.about[AGREEMENT]["version"])
    return Tables(uri, commit, **found)


@contextmanager
def writer(uri: str, space: Space, *, create: bool = True) -> Iterator["Writer"]:
    """Open an index for writing, made when it is not there.

    Args:
        uri: Folder or object store.
        space: What the vectors to come are made with.
        create: Whether an index that is not there is made.

    Raises:
        RetrievalError: Another process writes, or the index is of another checkpoint or layout.
    """
    if not create:
        open_tables(uri)
    db = connect(uri)
    with writing_right(db, uri) as hold:
        with in_words(uri, "opened"):
            commit = _read_commit(db, uri) or _create(db, space)
            require_space(commit.space, space, uri)
        yield Writer(db, uri, commit, hold)


def require_space(stored: Space, asked: Space, uri: str) -> None:
    """Refuse vectors of one checkpoint in the index of another.

    Raises:
        RetrievalError: The spaces differ.
    """
    if not stored.same_as(asked):
        raise RetrievalError(
            f"An index holds vectors of one checkpoint: {uri!r} is of {stored.checkpoint!r} "
            f"(sha256 {stored.sha256[:12]}), asked for was {asked.checkpoint!r} "
            f"({asked.sha256[:12]}). Open it with that checkpoint, or build another index."
        )


class Writer:
    """Writes batches of studies; made by `writer`."""

    def __init__(self, db: "DBConnection", uri: str, commit: Commit, hold: Hold) -> None:
        self._db, self._uri, self.commit, self._hold = db, uri, commit, hold
        self._appended = 0
        with in_words(uri, "written"):
            self._tables = {name: db.open_table(name) for name in TABLES}
            self._take_back()

    def known(self) -> tuple[dict[str, str], dict[str, str]]:
        """Source key -> study, and film -> study, of everything that is in."""
        columns = ["source_key", "film_id", "study_id"]
        with in_words(self._uri, "read"):
            rows = _columns(self._tables["films"], columns)
        studies = rows["study_id"]
        return (
            dict(zip(rows["source_key"], studies, strict=True)),
            dict(zip(rows["film_id"], studies, strict=True)),
        )

    def write(self, studies: Sequence[StudyRows], *, replaced: Sequence[str] = ()) -> None:
        """Add studies, and take out those they replace, in one commit.

        Raises:
            RetrievalError: The disk is full or the lease was lost; nothing of the batch is in.
        """
        films = [row for study in studies for row in study.films]
        regions = [row for study in studies for row in study.regions]
        sentences = [row for study in studies for row in study.sentences]
        size = self.commit.space.dimension
        with in_words(self._uri, "written"):
            self._hold.renew()
            self._delete(replaced)
            if regions:
                self._tables["regions"].add(regions_table(regions, films, dimension=size))
            if sentences:
                self._tables["sentences"].add(sentences_table(sentences, dimension=size))
            if films:
                self._tables["films"].add(films_table(films, dimension=size))
            self._appended += 1
            if self._appended % _OPTIMIZE_EVERY == 0:
                self._optimize()
            # No longer of what is in; studies that are gone are left out of what is known of all.
            self._commit(**dict.fromkeys((*COUNTED, AGREEMENT) if films else COUNTED))

    def remove(self, study_ids: Sequence[str]) -> None:
        """Take studies out."""
        self.write([], replaced=study_ids)

    def table(self, name: str) -> Any:
        """A table to build an index on; call `finish` afterwards."""
        return self._tables[name]

    def finish(self, **about: Any) -> None:
        """Join small files, bring search indices up to date, count, and note `about`."""
        with in_words(self._uri, "written"):
            self._hold.renew()
            self._optimize()
            if not {"sentences", "reports"} <= set(self.commit.about):
                about = count_sentences(self._tables["sentences"]) | about
            self._commit(**about)

    def note_agreement(
        self, studies: Sequence[str], values: "np.ndarray", signatures: "np.ndarray"
    ) -> dict[str, Any]:
        """Write what reports (R,) get from K films (R, K); gives the entry for `finish`."""
        with in_words(self._uri, "written"):
            rows = agreement_table(studies, values)
            table = self._db.create_table(AGREEMENT, data=rows, mode="overwrite")
            return {"version": table.version, "signatures": signatures.round(3).tolist()}

    def _delete(self, study_ids: Sequence[str]) -> None:
        for first in range(0, len(study_ids), 500):
            named = ", ".join(f"'{study}'" for study in study_ids[first : first + 500])
            for table in self._tables.values():
                table.delete(f"study_id IN ({named})")

    def _optimize(self) -> None:
        for table in self._tables.values():
            table.optimize(cleanup_older_than=_KEEP_VERSIONS)

    def _commit(self, **about: Any) -> None:
        """Make what was written visible, with what is known about it; None forgets an entry."""
        commit = Commit(
            number=self.commit.number + 1,
            space=self.commit.space,
            versions={name: table.version for name, table in self._tables.items()},
            about={k: v for k, v in {**self.commit.about, **about}.items() if v is not None},
        )
        _write_commit(self._db, commit)
        self.commit = commit

    def _take_back(self) -> None:
        """Undo what a writer that was ended had written and not committed."""
        stale = [n for n, t in self._tables.items() if t.version != self.commit.versions[n]]
        for name in stale:
            self._tables[name].restore(self.commit.versions[name])
        if stale:
            self._commit()


def count_sentences(table: Any) -> dict[str, int]:
    """Sentences of all reports, of which each has one statement or more, and reports."""
    rows = max(1, int(table.count_rows()))
    found = table.search().select(["study_id", "place"]).limit(rows).to_arrow()
    return {
        "sentences": found.group_by(["study_id", "place"]).aggregate([]).num_rows,
        "reports": found.group_by("study_id").aggregate([]).num_rows,
    }


def _columns(table: Any, names: list[str]) -> dict[str, list[Any]]:
    found = table.search().select(names).limit(table.count_rows() or 1).to_arrow()
    return {name: found[name].to_pylist() for name in names}


def _create(db: "DBConnection", space: Space) -> Commit:
    """Make the tables, then the commit; tables without a commit were never an index."""
    for name in TABLES:
        schema = schema_of(name, dimension=space.dimension)
        db.create_table(name, schema=schema, mode="overwrite")
    versions = {name: db.open_table(name).version for name in TABLES}
    commit = Commit(1, space, versions, {})
    _write_commit(db, commit)
    return commit


def _write_commit(db: "DBConnection", commit: Commit) -> None:
    import pyarrow as pa

    text = json.dumps({"schema": SCHEMA, **asdict(commit)})
    schema = pa.schema([("number", pa.int64()), ("commit", pa.string())])
    table = db.create_table(_COMMIT, schema=schema, exist_ok=True)
    row = pa.table({"number": [commit.number], "commit": [text]}, schema=schema)
    table.add(row, mode="overwrite")
    if commit.number % _OPTIMIZE_EVERY == 0:
        table.optimize(cleanup_older_than=_KEEP_VERSIONS)


def _read_commit(db: "DBConnection", uri: str) -> Commit | None:
    """The newest commit; None where no index was completed."""
    if _COMMIT not in _names(db):
        return None
    rows = db.open_table(_COMMIT).search().limit(1).to_list()
    if not rows:
        return None
    data = json.loads(rows[0]["commit"])
    schema = data.pop("schema", None)
    if schema != SCHEMA:
        raise RetrievalError(
            f"This program reads indices of schema {SCHEMA}, {uri!r} has schema {schema}. "
            "Build it again, or use the version of the program that built it."
        )
    missing = set(TABLES) - set(_names(db))
    if missing:
        raise RetrievalError(
            f"The index {uri!r} has lost its table of {', '.join(sorted(missing))}. Delete the "
            "folder and build it again."
        )
    return Commit(space=Space(**data.pop("space")), **data)


def _names(db: "DBConnection") -> list[str]:
    return list(db.list_tables().tables)
