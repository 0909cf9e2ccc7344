"""How fast and how exact is vector search over a million regions, beside FAISS?

usage: python benchmarks/vector_search.py --folder DIR [--rows 10000 100000 1000000]

Needs faiss-cpu (`pip install faiss-cpu`) for the rivals. DIR lies outside the tree and holds the
tables; what is there already is kept.
"""

import argparse
import importlib
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from _report import write_report
from numpy.typing import NDArray

from explorer.retrieval import ann
from explorer.retrieval._lance import connect

faiss: Any = importlib.import_module("faiss")  # its types differ between releases

Float32 = NDArray[np.float32]
SEED = 0
DIMENSION, LATENT, CLUSTERS = 128, 20, 400
QUERIES, NEAR = 200, 10
BLOCK = 200_000
PROTOCOL = (
    "Unit vectors of 128 numbers: a mixture of 400 clusters in 20 latent dimensions with a random "
    "projection and noise. Queries 'same' are drawn alike, 'cross' have twice the noise and one "
    "constant offset, as phrases have against regions. recall@10 against exact inner products, "
    "p50 in milliseconds of one query after another, two threads for all. 'one in 100': the ten "
    "nearest among the 1 % of rows with part = 0. Lance: the index and query of "
    "explorer/retrieval/ann.py. FAISS HNSW (32 links, search 256) and IVF (a cell for every root, "
    "64 looked into) filter by an id selector, the flat index by the same."
)


def main() -> None:
    """Measure every size and write the growth curve."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--most-hnsw", type=int, default=1_000_000)
    options = parser.parse_args()
    faiss.omp_set_num_threads(2)
    results = {}
    for rows in options.rows:
        results[f"{rows}"] = measure(rows, options.folder, most_hnsw=options.most_hnsw)
        write_report("vector_search", protocol=PROTOCOL, seed=SEED, results=results)


def measure(rows: int, folder: Path, *, most_hnsw: int) -> dict[str, Any]:
    """Our index and the rivals on one set of vectors."""
    data = np.concatenate(list(blocks(rows)))
    part = np.arange(rows) % 100
    asked = {"same": queries(cross=False), "cross": queries(cross=True)}
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(data)
    exact = {name: flat.search(q, NEAR)[1] for name, q in asked.items()}
    chosen = np.flatnonzero(part == 0)
    only = faiss.SearchParameters(sel=faiss.IDSelectorBatch(chosen))
    exact["one in 100"] = flat.search(asked["cross"], NEAR, params=only)[1]
    ways: dict[str, Any] = {}
    began = time.perf_counter()
    table = lance_table(rows, folder, data, part)
    ways["ours (Lance IVF_RQ)"] = {"build_s": round(time.perf_counter() - began, 1)} | judge(
        lambda q, where: lance_search(table, q, where), asked, exact
    )
    ways["FAISS flat"] = judge(
        lambda q, where: flat.search(q[None], NEAR, params=only if where else None)[1][0],
        asked, exact,
    )  # fmt: skip
    for name, make in (("FAISS IVF", ivf), ("FAISS HNSW", hnsw)):
        if name == "FAISS HNSW" and rows > most_hnsw:
            continue
        began = time.perf_counter()
        index, params = make(data)
        build = round(time.perf_counter() - began, 1)
        selected = params(faiss.IDSelectorBatch(chosen))
        every = params(None)

        def search(
            q: Float32, where: bool, index: Any = index, a: Any = selected, b: Any = every
        ) -> NDArray[np.int64]:
            return np.asarray(index.search(q[None], NEAR, params=a if where else b)[1][0])

        ways[name] = {"build_s": build} | judge(search, asked, exact)
    return {"ways": ways, "lance_mb": round(size_mb(folder / f"{rows}.lance-db"), 1)}


def blocks(rows: int) -> Iterator[Float32]:
    """The vectors, drawn in blocks: the first n of any number are the same."""
    rng = np.random.default_rng(SEED)
    centres, spread = _shape()
    for first in range(0, rows, BLOCK):
        count = min(BLOCK, rows - first)
        yield _draw(rng, centres, spread, BLOCK, noise=0.15)[:count]


def queries(*, cross: bool) -> Float32:
    """(Q, D) unit queries."""
    rng = np.random.default_rng(SEED + 1 + cross)
    centres, spread = _shape()
    drawn = _draw(rng, centres, spread, QUERIES, noise=0.3 if cross else 0.15)
    return unit(drawn + 0.5 * unit(spread.sum(0)[None])) if cross else drawn


def _shape() -> tuple[Float32, Float32]:
    rng = np.random.default_rng(SEED + 10)
    centres = rng.normal(size=(CLUSTERS, LATENT)).astype(np.float32)
    return centres, rng.normal(size=(LATENT, DIMENSION)).astype(np.float32) / LATENT**0.5


def _draw(
    rng: np.random.Generator, centres: Float32, spread: Float32, count: int, *, noise: float
) -> Float32:
    latent = centres[rng.integers(len(centres), size=count)]
    latent = latent + 0.6 * rng.normal(size=latent.shape).astype(np.float32)
    return unit(latent @ spread + noise * rng.normal(size=(count, DIMENSION)).astype(np.float32))


def unit(vectors: Float32) -> Float32:
    """Rows of length one."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def lance_table(rows: int, folder: Path, data: Float32, part: NDArray[np.int64]) -> Any:
    """The table with its index; made anew unless a whole one is there."""
    place = folder / f"{rows}.lance-db"
    base = connect(str(place))
    if (place / "regions.lance").exists():
        table = base.open_table("regions")
        if table.count_rows() == rows and table.list_indices():
            return table
        shutil.rmtree(place)
        base = connect(str(place))
    flat = pa.FixedSizeListArray.from_arrays(pa.array(data.ravel()), DIMENSION)
    ids = pa.array(np.arange(rows))
    whole = pa.table({"id": ids, "part": pa.array(part), "vector": flat})
    table = base.create_table("regions", whole)
    table.create_index("vector", config=ann.config(rows))
    return table


def lance_search(table: Any, query: Float32, where: bool) -> NDArray[np.int64]:
    """Ids of the nearest rows, as `explorer.retrieval` asks."""
    search = ann.approximate(table.search(query).distance_type("dot"))
    if where:
        search = search.where("part = 0", prefilter=True)
    found = search.select(["id", "_distance"]).limit(NEAR).to_arrow()
    return np.asarray(found["id"].to_numpy())


def judge(
    search: Callable[[Float32, bool], NDArray[np.int64]],
    asked: dict[str, Float32],
    exact: dict[str, NDArray[np.int64]],
) -> dict[str, Any]:
    """Recall and time of both kinds of query and of the filtered one."""
    found = {}
    for name, truth in exact.items():
        rows = asked["cross" if name == "one in 100" else name]
        search(rows[0], name == "one in 100")
        took, shared = [], []
        for query, right in zip(rows, truth, strict=True):
            began = time.perf_counter()
            hits = search(query, name == "one in 100")
            took.append(1000 * (time.perf_counter() - began))
            shared.append(len(set(hits.tolist()) & set(right.tolist())) / NEAR)
        found[name] = {
            "recall_at_10": round(statistics.fmean(shared), 4),
            "p50_ms": round(statistics.median(took), 2),
        }
        sys.stderr.write(f"{name} {found[name]}\n")
    return found


def ivf(data: Float32) -> tuple[Any, Callable[[Any], Any]]:
    """Inverted lists over full vectors."""
    cells = max(1, round(len(data) ** 0.5))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(DIMENSION), DIMENSION, cells, faiss.METRIC_INNER_PRODUCT
    )
    index.train(data[: 64 * cells])
    index.add(data)
    return index, lambda sel: faiss.SearchParametersIVF(sel=sel, nprobe=ann.PROBES)


def hnsw(data: Float32) -> tuple[Any, Callable[[Any], Any]]:
    """A graph of neighbours."""
    index = faiss.IndexHNSWFlat(DIMENSION, 32, faiss.METRIC_INNER_PRODUCT)
    index.add(data)
    return index, lambda sel: faiss.SearchParametersHNSW(sel=sel, efSearch=256)


def size_mb(folder: Path) -> float:
    """Size on disk."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6


if __name__ == "__main__":
    main()
