"""Read and encode the studies of an index in several processes, on one machine or many."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from explorer.adapters import open_checkpoint
from explorer.corpora.studies import CorpusStudy
from explorer.pipeline.index_build import Outcome, encoded, read_one
from explorer.pipeline.index_rows import RowMaker
from explorer.serving.pool import WorkerPool


def worker_pool(
    maker: RowMaker,
    root: Path,
    *,
    known_keys: frozenset[str],
    workers: int,
    cluster: str | None,
) -> WorkerPool[CorpusStudy, Outcome]:
    """Workers that give what studies become in an index.

    Args:
        maker: Its checkpoint, device and precision are those of the workers.
        root: Of the corpus; the workers read it themselves.
        known_keys: Studies that are in already and are not encoded again.
        workers: How many, one processor each.
        cluster: Address of the Ray cluster; None = this machine.

    Raises:
        ClusterError: Ray is not installed, or there is no cluster.
    """
    engine = maker.engine
    build = partial(
        _build,
        folder=engine.card.folder.resolve(),
        device=engine.device,
        precision=engine.precision,
        keep_paths=maker.keep_paths,
        root=root,
        known_keys=known_keys,
    )
    return WorkerPool([build] * workers, address=cluster)


def _build(
    *,
    folder: Path,
    device: str,
    precision: str,
    keep_paths: bool,
    root: Path,
    known_keys: frozenset[str],
) -> Callable[[CorpusStudy], Outcome]:
    engine = open_checkpoint(folder, device=device, precision=precision)
    maker = RowMaker(engine, keep_paths=keep_paths)

    def work(known: CorpusStudy) -> Outcome:
        return encoded(read_one(known, root, known_keys=known_keys), maker)

    return work
