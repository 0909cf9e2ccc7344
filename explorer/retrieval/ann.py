"""How vectors are indexed and asked: one place, so that what is measured is what is used."""

from typing import Any

PROBES = 64  # cells that are looked into
REFINE = 20  # times the hits that are compared by their full vectors


def config(rows: int) -> Any:
    """The index of a table of unit vectors: IVF with RaBitQ codes, a cell for every root."""
    from lancedb.index import IvfRq

    return IvfRq(distance_type="dot", num_partitions=max(1, round(rows**0.5)))


def approximate(query: Any) -> Any:
    """A vector query that goes through the index of `config`."""
    return query.nprobes(PROBES).refine_factor(REFINE)
