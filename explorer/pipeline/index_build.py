"""Build an index from a corpus, add to it, bring it up to date, take studies out.

Two threads read and encode some studies ahead, files in the sandbox. Studies go in by whole
batches; the digest of a study's files says whether it is in already, so a build that was stopped
at any moment goes on where it was when the same command is run again.
"""

from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal
from zlib import crc32

from explorer.adapters import (
    Engine,
    encoding_threads,
    products_in_one_thread,
    sharing_processors,
)
from explorer.corpora.studies import CorpusStudy, read_studies
from explorer.errors import NotARadiographError, ReadingError, RetrievalError
from explorer.pipeline.index_rows import ReadStudy, RowMaker, read_corpus_study, source_key
from explorer.pipeline.index_space import space_of
from explorer.pipeline.retrieval import asking_of
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import Filter
from explorer.retrieval.records import StudyRows
from explorer.retrieval.search_indices import Indexer, finish
from explorer.retrieval.store import Writer, open_tables, writer

Mode = Literal["build", "add", "update"]
Progress = Callable[[int, int], None]  # studies done, studies in all

BATCH = 32  # studies of a commit
_READERS, _AHEAD = 2, 8


@dataclass(slots=True)
class BuildReport:
    """What became of the studies of a corpus.

    Attributes:
        added, replaced: Studies that went in, new or in place of an older state.
        unchanged: Studies that were in already.
        duplicates: Studies whose films are all in under another study.
        removed: Studies taken out because their corpus no longer has them.
        left_out: (path below the corpus, why) of everything that is not in; shown, never stored.
    """

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    duplicates: int = 0
    removed: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


def build_index(
    corpus: Path,
    uri: str,
    *,
    engine: Engine,
    mode: Mode = "build",
    layout: str | None = None,
    keep_paths: bool = False,
    prune: bool = False,
    part: tuple[int, int] | None = None,
    batch: int = BATCH,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress = lambda *_: None,
) -> BuildReport:
    """Put the studies of a corpus into an index.

    Args:
        corpus: Folder: study folders, a layout that training knows, or any tree of images.
        uri: Folder or object store of the index.
        engine: Loaded checkpoint.
        mode: "build" makes the index or goes on with it; "add" asks that it is there; "update"
            also replaces studies whose report or labels changed.
        layout: Of the corpus; found by its files when None.
        keep_paths: Keep the path of every film below the corpus.
        prune: With "update", take out studies that the corpus no longer has.
        part: (k, n) takes the kth of n parts of the corpus, k from 1, for an index in n shards.
        batch: Studies of a commit.
        workers: Processes that read and encode; above 1 on Ray, on this machine or on `cluster`.
        cluster: Address of a Ray cluster whose machines all see the corpus and the checkpoint.
        progress: Told how many studies are done.

    Raises:
        DataSetError: The corpus has no image, or its tables are broken.
        RetrievalError: The index is of another checkpoint, in use, or its disk is full.
    """
    studies = _part_of(read_studies(corpus, layout=layout), corpus, part)
    maker = RowMaker(engine, keep_paths=keep_paths)
    with writer(uri, space_of(engine), create=mode == "build") as index:
        run = _Run(index, maker, mode)
        with _outcomes(
            studies, run, corpus, maker=maker, workers=workers, cluster=cluster
        ) as outcomes:
            for done, outcome in enumerate(outcomes, start=1):
                run.take(outcome)
                if len(run.waiting) >= batch:
                    run.write()
                progress(done, len(studies))
        run.write()
        if mode == "update" and prune:
            run.prune()
        asking = asking_of(engine) if engine.reads_text else None
        with products_in_one_thread():
            finish(index, uri, indexer=_indexer(workers, cluster), asking=asking)
    return run.report


def _indexer(workers: int, cluster: str | None) -> Indexer | None:
    """What builds the vector index of a corpus that several workers encoded."""
    if workers <= 1:
        return None
    from explorer.serving.vector_index import build_on_cluster

    return partial(build_on_cluster, workers=workers, address=cluster)


def _part_of(
    studies: Sequence[CorpusStudy], root: Path, part: tuple[int, int] | None
) -> Sequence[CorpusStudy]:
    """The studies of a part: told apart by where they lie, so that new ones move no other."""
    if part is None:
        return studies
    number, parts = part
    if not 1 <= number <= parts:
        raise RetrievalError(
            f"A part is given as k of n with 1 <= k <= n, got {number} of {parts}."
        )
    places = [study.paths[0].relative_to(root).as_posix() for study in studies]
    alike = [crc32(place.encode("utf-8", "surrogateescape")) % parts for place in places]
    return [study for study, at in zip(studies, alike, strict=True) if at == number - 1]


def remove_studies(uri: str, *, study_ids: Sequence[str] = (), where: Filter | None = None) -> int:
    """Take studies out of an index, by id or by what a filter keeps.

    Returns:
        How many were taken out.

    Raises:
        RetrievalError: There is no such study, or the index is in use.
    """
    corpus = Corpus(open_tables(uri))
    gone = [study for study in study_ids if study not in corpus.study_ids]
    if gone:
        raise RetrievalError(
            f"The index {uri!r} has no study {gone[0]!r}. Searching it gives the ids of studies."
        )
    found = list(study_ids)
    if where is not None and not where.is_empty:
        columns = corpus.films.columns["study_id"]
        found += [s for s, kept in zip(columns, corpus.kept(where), strict=True) if kept]
    found = list(dict.fromkeys(found))
    with writer(uri, corpus.space, create=False) as index:
        index.remove(found)
        finish(index, uri)
    return len(found)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one study gave: itself or its rows, the error, or nothing where it is in already."""

    path: str
    key: str = ""
    read: ReadStudy | None = None
    rows: StudyRows | None = None
    error: str = ""


class _Run:
    """One build: what is in, what waits for the next commit, and the report."""

    def __init__(self, index: Writer, maker: RowMaker, mode: Mode) -> None:
        self._index, self._maker, self._mode = index, maker, mode
        self.by_key, self._by_film = index.known()
        self.report = BuildReport()
        self.waiting: list[StudyRows] = []
        self._replaced: list[str] = []
        # Studies that this corpus has: nothing of it replaces or prunes them.
        self._current: set[str] = set()
        self._keys: set[str] = set()

    def take(self, outcome: Outcome) -> None:
        """Count a study, or let its rows wait for the next commit."""
        if outcome.error:
            self.report.left_out.append((outcome.path, outcome.error))
        elif outcome.key in self._keys:
            self.report.duplicates += 1
        elif outcome.key in self.by_key:
            self._keys.add(outcome.key)
            self._current.add(self.by_key[outcome.key])
            self.report.unchanged += 1
        elif outcome.read is not None:
            read = outcome.read
            films = [film.digest[:32] for film in read.study.radiographs]
            self._add(outcome, films, lambda fresh: self._maker.rows_of(read.only(fresh)))
        elif outcome.rows is not None:
            self._add(outcome, [f.film_id for f in outcome.rows.films], outcome.rows.only)

    def holds_any(self, read: ReadStudy | None) -> bool:
        """Whether a film of a study is in already."""
        films = () if read is None else read.study.radiographs
        return any(film.digest[:32] in self._by_film for film in films)

    def write(self) -> None:
        """Commit what waits."""
        if self.waiting:
            self._index.write(self.waiting, replaced=self._replaced)
        self.waiting, self._replaced = [], []

    def prune(self) -> None:
        """Take out the studies that this corpus does not have."""
        stale = sorted(set(self._by_film.values()) - self._current)
        self._index.remove(stale)
        self.report.removed = len(stale)

    def _add(
        self,
        outcome: Outcome,
        films: Sequence[str],
        make: Callable[[frozenset[str]], StudyRows],
    ) -> None:
        fresh, old = self._split(films)
        if not fresh:
            self.report.duplicates += 1
            return
        try:
            rows = make(fresh)
        except NotARadiographError as error:
            self.report.left_out.append((outcome.path, str(error)))
            return
        self.report.left_out += [(outcome.path, why) for why in rows.left_out]
        for study in old:
            self._by_film = {f: s for f, s in self._by_film.items() if s != study}
        self._replaced += sorted(old)
        self._by_film.update({film.film_id: rows.study_id for film in rows.films})
        self.by_key[outcome.key] = rows.study_id
        self._keys.add(outcome.key)
        self._current.add(rows.study_id)
        self.waiting.append(rows)
        self.report.replaced += bool(old)
        self.report.added += not old

    def _split(self, films: Sequence[str]) -> tuple[frozenset[str], set[str]]:
        """The films that are not in already, and the studies that they replace."""
        owner = {film: self._by_film.get(film) for film in films}
        old = {
            study
            for study in owner.values()
            if self._mode == "update" and study is not None and study not in self._current
        }
        return frozenset(f for f in films if owner[f] is None or owner[f] in old), old


@contextmanager
def _outcomes(
    studies: Sequence[CorpusStudy],
    run: _Run,
    root: Path,
    *,
    maker: RowMaker,
    workers: int,
    cluster: str | None,
) -> Iterator[Iterator[Outcome]]:
    """What every study gives, in order: read here and encoded by the caller, or by workers."""
    if workers <= 1 and cluster is None:
        with sharing_processors(_READERS):
            yield _encoded_ahead(studies, run, root, maker)
        return
    from explorer.pipeline.index_workers import worker_pool

    with worker_pool(
        maker, root, known_keys=frozenset(run.by_key), workers=workers, cluster=cluster
    ) as pool:
        yield pool.map(studies)


def _encoded_ahead(
    studies: Sequence[CorpusStudy], run: _Run, root: Path, maker: RowMaker
) -> Iterator[Outcome]:
    """In order, some studies ahead, in threads of which each reads and encodes whole studies."""

    def work(known: CorpusStudy) -> Outcome:
        outcome = read_one(known, root, known_keys=run.by_key)
        # Films that are in already are for the run to sort out: they are not encoded again.
        return outcome if run.holds_any(outcome.read) else encoded(outcome, maker)

    rest = iter(studies)
    with encoding_threads(_READERS) as pool:
        waiting: deque[Future[Outcome]] = deque(pool.submit(work, s) for s in islice(rest, _AHEAD))
        while waiting:
            outcome = waiting.popleft().result()
            waiting.extend(pool.submit(work, s) for s in islice(rest, 1))
            yield outcome


def encoded(outcome: Outcome, maker: RowMaker) -> Outcome:
    """The rows of a study that was read; anything else as it is."""
    if outcome.read is None:
        return outcome
    try:
        rows = maker.rows_of(outcome.read)
    except NotARadiographError as error:
        return Outcome(outcome.path, outcome.key, error=str(error))
    return Outcome(outcome.path, outcome.key, rows=rows)


def read_one(known: CorpusStudy, root: Path, *, known_keys: Container[str]) -> Outcome:
    """Read the files of a study unless it is in already."""
    path = known.paths[0].relative_to(root).as_posix()
    try:
        key = source_key(known)
        if key in known_keys:
            return Outcome(path, key)
        found = read_corpus_study(known, key=key, root=root)
    except (ReadingError, OSError) as error:
        return Outcome(path, error=_reason(error))
    return Outcome(path, key, found)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The file cannot be opened ({error.strerror or type(error).__name__})."
    return str(error)
