"""The vector index that two workers build finds what the one built here finds."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.errors import ClusterError
from explorer.retrieval import ann
from explorer.retrieval._lance import connect
from explorer.serving.vector_index import build_on_cluster

ROWS, DIMENSION, PIECES = 8_000, 32, 4


def made(place: Path) -> tuple[Any, np.ndarray]:
    """A table of several fragments, and its vectors."""
    import pyarrow as pa

    rng = np.random.default_rng(0)
    centres = rng.standard_normal((40, DIMENSION), dtype=np.float32)
    vectors = centres[rng.integers(40, size=ROWS)]
    vectors = vectors + 0.5 * rng.standard_normal(vectors.shape, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table: Any = None
    for part in np.array_split(np.arange(ROWS), PIECES):
        flat = pa.array(vectors[part].astype(np.float16).ravel())
        columns = {
            "id": pa.array(part),
            "vector": pa.FixedSizeListArray.from_arrays(flat, DIMENSION),
        }
        if table is None:
            table = connect(str(place)).create_table("regions", pa.table(columns))
        else:
            table.add(pa.table(columns))
    return table, vectors


def recall(table: Any, vectors: np.ndarray) -> float:
    shared = []
    for query in vectors[:50]:
        found = ann.approximate(table.search(query).distance_type("dot"), count=10).to_arrow()
        exact = np.argsort(-(vectors @ query))[:10]
        shared.append(len(set(found["id"].to_pylist()) & set(exact.tolist())) / 10)
    return float(np.mean(shared))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_workers_build_one_index(tmp_path: Path) -> None:
    pytest.importorskip("lance_ray", reason="needs the extra `cluster`")
    table, vectors = made(tmp_path)
    place = str(tmp_path / "regions.lance")
    build_on_cluster(place, rows=ROWS, cells=ann.cells(ROWS), workers=2)
    table.checkout_latest()
    (index,) = table.list_indices()
    assert (index.index_type, index.columns) == ("IvfRq", ["vector"])
    stats = table.index_stats(index.name)
    assert (stats.num_indexed_rows, stats.num_indices) == (ROWS, 2)
    assert recall(table, vectors) >= 0.95


def test_without_lance_ray_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lance_ray", None)
    with pytest.raises(ClusterError, match=r"explorer\[cluster\]"):
        build_on_cluster("none", rows=1, cells=1, workers=2)
