"""Phantom studies as a stream: rendered in order by any number of processes, nothing on disk."""

import multiprocessing
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import cv2

from explorer.errors import DataSetError
from explorer.phantom.poses import PoseBank, open_bank
from explorer.phantom.render import render_study
from explorer.phantom.shards import slice_study
from explorer.phantom.study import PhantomStudy

Kind = Literal["frontal", "lateral", "slice"]
NUMBERS_A_SEED = 10_000_000
# Studies that wait for their turn, per process: enough to hide a slow one, few to hold.
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Job:
    """One image to render: its place in the corpus, the number that makes it, and its kind."""

    index: int
    number: int
    kind: Kind


def study_number(seed: int, index: int) -> int:
    """The number that makes study `index` of a corpus; no two corpora share one."""
    if seed < 0 or not 0 <= index < NUMBERS_A_SEED:
        raise ValueError(
            f"A corpus has a seed of 0 or more and at most {NUMBERS_A_SEED:,} studies, "
            f"got seed {seed} and study {index}."
        )
    return seed * NUMBERS_A_SEED + index


def studies(
    seed: int,
    count: int,
    *,
    first: int = 0,
    size: int = 320,
    bank: PoseBank | None = None,
    workers: int = 1,
) -> Generator[PhantomStudy, None, None]:
    """Frontal studies `first` to `first + count` of a corpus, in order, as they are rendered.

    Args:
        seed: Of the corpus; the same seed gives the same bytes for any number of workers.
        count: Studies.
        first: Index of the first one.
        size: Rows and columns of the image.
        bank: Projected poses; None opens the user's own.
        workers: Processes that render; 1 renders in this one.
    """
    jobs = (Job(i, study_number(seed, i), "frontal") for i in range(first, first + count))
    return render_jobs(jobs, bank=bank or open_bank(), size=size, workers=workers)


def render_jobs(
    jobs: Iterable[Job], *, bank: PoseBank, size: int, workers: int = 1
) -> Generator[PhantomStudy, None, None]:
    """Render in the order of the jobs; close it to end the processes early.

    Raises:
        DataSetError: A pose is missing, or a process was ended from outside.
    """
    if workers < 1:
        raise DataSetError(f"At least one process must render, got {workers} workers.")
    if workers == 1:
        with _one_thread():
            yield from (render_job(job, bank=bank, size=size) for job in jobs)
        return
    # A fresh process: a forked one may inherit a lock that a thread of this one holds.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_use_one_thread)
    try:
        yield from _in_order(pool, iter(jobs), bank=bank, size=size, ahead=_AHEAD * workers)
    except BrokenProcessPool as error:
        raise DataSetError(
            "A process that renders phantoms was ended from outside, perhaps for lack of memory. "
            "Run the same command with fewer --workers; what is written is kept."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def render_job(job: Job, *, bank: PoseBank, size: int) -> PhantomStudy:
    """Render one job in this process."""
    if job.kind == "slice":
        return slice_study(job.number, bank=bank, size=size)
    return render_study(job.number, bank=bank, size=(size, size), lateral=job.kind == "lateral")


def usual_workers() -> int:
    """Processes that this machine lets run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _in_order(
    pool: ProcessPoolExecutor, jobs: Iterator[Job], *, bank: PoseBank, size: int, ahead: int
) -> Iterator[PhantomStudy]:
    waiting: deque[Future[PhantomStudy]] = deque(
        pool.submit(render_job, job, bank=bank, size=size) for job in islice(jobs, ahead)
    )
    while waiting:
        study = waiting.popleft().result()
        for job in islice(jobs, 1):
            waiting.append(pool.submit(render_job, job, bank=bank, size=size))
        yield study


def _use_one_thread() -> None:
    cv2.setNumThreads(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The images are small: threads inside OpenCV cost more than they bring."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
