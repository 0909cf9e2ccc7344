"""A corpus on disk: shards for training, study folders for people; whole parts are kept."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

from explorer.errors import DataSetError
from explorer.phantom.poses import BANK_VERSION, PoseBank, open_bank
from explorer.phantom.render import CORPUS_VERSION
from explorer.phantom.shards import read_corpus as read_shard_corpus
from explorer.phantom.shards import write_shard
from explorer.phantom.stream import Job, Kind, render_jobs, study_number
from explorer.phantom.study import PhantomStudy
from explorer.phantom.study_folder import read_corpus as read_folder_corpus
from explorer.phantom.study_folder import write_study_folder

Format = Literal["shards", "dicom"]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The jobs of one shard, and what of them is not on disk yet."""

    jobs: tuple[Job, ...]
    shard: Path | None
    folders: dict[int, Path]

    @property
    def needed(self) -> tuple[Job, ...]:
        if self.shard is not None:
            return self.jobs
        return tuple(job for job in self.jobs if job.index in self.folders)


def render_corpus(
    count: int,
    seed: int,
    out_dir: Path,
    *,
    size: int = 320,
    bank: PoseBank | None = None,
    shard: int = 200,
    laterals: int = 0,
    slices: int = 0,
    formats: Sequence[Format] = ("shards",),
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write `count` frontal studies, then laterals and CT slices.

    What is already there and whole is kept, so an interrupted run goes on where it stopped. Files
    have the same bytes for any number of workers.

    Args:
        count: Frontal studies.
        seed: Of the corpus.
        out_dir: Holds `phantoms-00000.npz` ... and `dicom/000000/` ...
        size: Rows and columns of the images.
        bank: Projected poses; None opens the user's own.
        shard: Images of a shard.
        laterals: Lateral views, without findings.
        slices: CT slices, which are not radiographs; in shards only.
        formats: "shards" (see `shards.write_shard`), "dicom" (see `study_folder`) or both.
        workers: Processes that render.
        progress: Called with (images done, all images).

    Returns:
        The shards in order, then the study folders in order.

    Raises:
        DataSetError: The folder holds another corpus, or a part that cannot be read.
    """
    bank = bank or open_bank()
    corpus = corpus_of(seed, size=size, bank=bank)
    jobs = _jobs(count, seed, laterals=laterals, slices=slices)
    places = _Places(out_dir, corpus, formats)
    chunks = [
        places.missing(k, jobs[first : first + shard])
        for k, first in enumerate(range(0, len(jobs), shard))
    ]
    out_dir.mkdir(parents=True, exist_ok=True)
    needed = [job for chunk in chunks for job in chunk.needed]
    done = len(jobs) - len(needed)
    with closing(render_jobs(needed, bank=bank, size=size, workers=workers)) as made:
        for chunk in chunks:
            studies: list[PhantomStudy] = []
            for job in chunk.needed:
                study = next(made)
                if job.index in chunk.folders:
                    write_study_folder(study, chunk.folders[job.index], corpus=corpus)
                if chunk.shard is not None:
                    studies.append(study)
                done += 1
                if progress is not None:
                    progress(done, len(jobs))
            if chunk.shard is not None:
                write_shard(chunk.shard, studies, corpus=places.shard_corpus(chunk.jobs))
    return places.all_of(jobs, chunks=len(chunks))


def corpus_of(seed: int, *, size: int, bank: PoseBank) -> dict[str, Any]:
    """What decides the bytes of a corpus, as plain values."""
    return {
        "version": CORPUS_VERSION,
        "seed": seed,
        "size": size,
        "poses": {"version": BANK_VERSION, "seed": bank.seed, "count": bank.count},
    }


def _jobs(count: int, seed: int, *, laterals: int, slices: int) -> list[Job]:
    numbers: tuple[tuple[Kind, int], ...] = (
        ("frontal", count),
        ("lateral", laterals),
        ("slice", slices),
    )
    kinds = [kind for kind, number in numbers for _ in range(number)]
    return [Job(i, study_number(seed, i), kind) for i, kind in enumerate(kinds)]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of a corpus lie, and which are there already."""

    out_dir: Path
    corpus: dict[str, Any]
    formats: Sequence[Format]

    def missing(self, index: int, jobs: Sequence[Job]) -> _Chunk:
        """What of a chunk is not there yet."""
        shard = None
        if "shards" in self.formats and not self._has_shard(self._shard(index), jobs):
            shard = self._shard(index)
        folders = {}
        if "dicom" in self.formats:
            radiographs = [job for job in jobs if job.kind != "slice"]
            folders = {
                job.index: self._folder(job)
                for job in radiographs
                if not self._has_folder(self._folder(job))
            }
        return _Chunk(tuple(jobs), shard, folders)

    def shard_corpus(self, jobs: Sequence[Job]) -> dict[str, Any]:
        """The corpus with what one shard holds of it."""
        kinds = [job.kind for job in jobs]
        held = {kind: kinds.count(kind) for kind in ("frontal", "lateral", "slice")}
        return {**self.corpus, "first": jobs[0].index, **held}

    def all_of(self, jobs: Sequence[Job], *, chunks: int) -> list[Path]:
        """Every part of the corpus in order."""
        shards = [self._shard(k) for k in range(chunks)] if "shards" in self.formats else []
        if "dicom" not in self.formats:
            return shards
        return [*shards, *(self._folder(job) for job in jobs if job.kind != "slice")]

    def _shard(self, index: int) -> Path:
        return self.out_dir / f"phantoms-{index:05d}.npz"

    def _folder(self, job: Job) -> Path:
        return self.out_dir / "dicom" / f"{job.index:06d}"

    def _has_shard(self, path: Path, jobs: Sequence[Job]) -> bool:
        """Whether the shard is there with these very images; one of fewer images is not."""
        if not path.is_file():
            return False
        try:
            found = read_shard_corpus(path)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise DataSetError(
                f"The shard {path.name!r} cannot be read ({type(error).__name__}). Delete it and "
                "render again; shards that are whole are kept."
            ) from error
        self._require_same(found, path)
        return found == self.shard_corpus(jobs)

    def _has_folder(self, path: Path) -> bool:
        found = read_folder_corpus(path)
        if found is not None:
            self._require_same(found, path)
        return found is not None

    def _require_same(self, found: dict[str, Any], path: Path) -> None:
        other = {k: found.get(k) for k, v in self.corpus.items() if found.get(k) != v}
        if other:
            asked = {k: self.corpus[k] for k in other}
            raise DataSetError(
                f"A folder holds one corpus: {path.name!r} is of {_words(other)}, asked for was "
                f"{_words(asked)}. Choose another folder or delete this one."
            )


def _words(values: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v if v is not None else 'unknown'}" for k, v in values.items())
