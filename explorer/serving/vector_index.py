"""The vector index of a Lance table, built by the workers of a Ray cluster.

Each worker indexes some fragments of the table with the same cells and the same rotation; Lance
takes the pieces together as one index. A table of one fragment has work for one worker.
"""

import warnings
from typing import Any

from explorer.errors import ClusterError
from explorer.serving.pool import connected


def build_on_cluster(
    table: str, *, rows: int, cells: int, workers: int, address: str | None = None
) -> None:
    """Index the column `vector` by dot product, as `explorer.retrieval.ann` has it.

    Args:
        table: URI of the table.
        rows: Of the table.
        cells: Of the index.
        workers: How many, one processor each.
        address: Of the Ray cluster; None = this machine.

    Raises:
        ClusterError: lance-ray is not installed, there is no cluster, or a worker failed.
    """
    lance_ray = _import_lance_ray()
    with connected(address, processors=workers):
        try:
            lance_ray.create_index(
                table,
                "vector",
                "IVF_RQ",
                metric="dot",
                num_workers=workers,
                num_partitions=cells,
                sample_rate=max(1, min(64, rows // cells)),
                num_bits=1,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ClusterError(
                f"The vector index could not be built on the cluster ({str(error)[:200]}). All "
                "studies are in: run the same command without --workers to build it here."
            ) from error


def _import_lance_ray() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of processes that are forked: there are none
            import lance_ray
    except ImportError as error:
        raise ClusterError(
            "Several workers need lance-ray, which is not installed. "
            "Run: pip install 'radiograph-grounding-explorer[cluster]'."
        ) from error
    return lance_ray
