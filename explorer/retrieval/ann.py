"""How vectors are indexed and asked: one place, so that what is measured is what is used."""

from typing import Any

PROBES = 64  # cells that are looked into
# Times the hits that are compared by their full vectors, up to so many: each is read from its own
# place on the disk. Codes miss more than cells do: of the ten nearest of 2.3 million regions of 256
# numbers 20 times found .91, 40 times .97, and four times the cells nothing more.
REFINE, REFINED = 40, 4000
SAMPLES, ROUNDS = 64, 20  # vectors for each cell that cells are learned from, and k-means rounds
# Bytes that the index keeps of a vector beside its code: the row's id and two factors.
_BESIDE = 16


def config(rows: int) -> Any:
    """The index of a table of unit vectors: IVF with RaBitQ codes, a cell for every root."""
    from lancedb.index import IvfRq

    # Lance computes with 16-bit numbers as they are, five times slower than with 32: its 256
    # vectors a cell and 50 rounds took hours for ten million, and found nothing more.
    return IvfRq(
        distance_type="dot",
        num_partitions=cells(rows),
        sample_rate=SAMPLES,
        max_iterations=ROUNDS,
    )


def cells(rows: int) -> int:
    """Cells of the index of a table."""
    return max(1, round(rows**0.5))


def memory_mb(rows: int, dimension: int) -> float:
    """What a process holds once every cell of an index was asked, in 10^6 bytes.

    A bit a number and what stands beside it, and the centres of the cells; vectors stay on disk.
    """
    return (rows * (dimension / 8 + _BESIDE) + cells(rows) * dimension * 4) / 1e6


def approximate(query: Any, *, count: int) -> Any:
    """A vector query for `count` rows that goes through the index of `config`."""
    refine = max(1, min(REFINE, REFINED // count))
    return query.nprobes(PROBES).refine_factor(refine).limit(count)
