"""How fast and how exact is vector search over ten million regions, beside FAISS?

usage: python benchmarks/vector_search.py --folder DIR [--rows 10000 100000 1000000 10000000]

Needs faiss-cpu (`pip install faiss-cpu`) for the rivals. DIR lies outside the tree and holds the
tables; what is there already is kept, so a second run is a matter of minutes. Ten million vectors
take 3 GB there. Rows that are not asked for keep the figures of an earlier run.
"""

import argparse
import importlib
import json
import multiprocessing
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from _report import RESULTS, commit, machine, own_memory_mb, write_report
from numpy.typing import NDArray

from explorer.retrieval import ann
from explorer.retrieval._lance import connect

faiss: Any = importlib.import_module("faiss")  # its types differ between releases

Float32 = NDArray[np.float32]
Ids = NDArray[np.int64]
Search = Callable[[Float32, bool], Ids]
SEED = 0
DIMENSION, LATENT, CLUSTERS = 128, 20, 400
QUERIES, NEAR = 200, 10
BLOCK = 200_000
MB = 1e6
PROTOCOL = (
    "Unit vectors of 128 numbers in 16 bits, as an index keeps them: a mixture of 400 clusters in "
    "20 latent dimensions with a random projection and noise. Queries 'same' are drawn alike, "
    "'cross' have twice the noise and one constant offset, as phrases have against regions. "
    "recall@10 against exact inner products, p50 in milliseconds of one query after another, two "
    "threads for all. 'one in 100': the ten nearest among the 1 % of rows with part = 0. Lance: "
    "the index and query of explorer/retrieval/ann.py, asked in a process of its own; "
    "'memory_mb' is what it grew by from the opened table to the last query, 'computed_memory_mb' "
    "what ann.memory_mb said before. FAISS HNSW (32 links, search 256) and IVF (a cell for every "
    "root, 64 looked into) filter by an id selector, the flat index by the same."
)


def main() -> None:
    """Measure every size and write the growth curve."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, required=True)
    sizes = [10_000, 100_000, 1_000_000, 10_000_000]
    parser.add_argument("--rows", type=int, nargs="+", default=sizes)
    parser.add_argument("--most-rivals", type=int, default=1_000_000)
    options = parser.parse_args()
    faiss.omp_set_num_threads(2)
    kept = RESULTS / "vector_search.json"
    results = json.loads(kept.read_text("utf-8"))["results"] if kept.exists() else {}
    for rows in options.rows:
        found = measure(rows, options.folder, rivals=rows <= options.most_rivals)
        results[f"{rows}"] = found | {"commit": commit(), "load": machine()["load_before"]}
        results = dict(sorted(results.items(), key=lambda item: int(item[0])))
        write_report("vector_search", protocol=PROTOCOL, seed=SEED, results=results)


def measure(rows: int, folder: Path, *, rivals: bool) -> dict[str, Any]:
    """Our index, and the rivals where they are wanted, on one set of vectors."""
    asked = {"same": queries(cross=False), "cross": queries(cross=True)}
    asked["one in 100"] = asked["cross"]
    exact = truth(rows, asked)
    build = lance_table(rows, folder)
    place = folder / f"{rows}.lance-db"
    with multiprocessing.get_context("spawn").Pool(1) as alone:
        found = alone.apply(ask_lance, (place, asked, exact))
    ours = {"build_s": build, "computed_memory_mb": round(ann.memory_mb(rows, DIMENSION), 1)}
    ways = {"ours (Lance IVF_RQ)": ours | found}
    if rivals:
        ways |= ask_faiss(rows, asked, exact)
    return {"ways": ways, "lance_mb": round(size_mb(place), 1)}


def truth(rows: int, asked: dict[str, Float32]) -> dict[str, Ids]:
    """(Q, 10) ids of the nearest rows of each kind of query, a block of vectors after another."""
    best = {name: (np.zeros((QUERIES, 0)), np.zeros((QUERIES, 0), dtype=int)) for name in asked}
    for first, block in blocks(rows):
        for name, vectors in asked.items():
            step = 100 if name == "one in 100" else 1
            index = faiss.IndexFlatIP(DIMENSION)
            index.add(np.ascontiguousarray(block[::step]))
            found, top = index.search(vectors, NEAR)
            scores = np.hstack([best[name][0], found])
            ids = np.hstack([best[name][1], first + step * top])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :NEAR]
            best[name] = (
                np.take_along_axis(scores, order, axis=1),
                np.take_along_axis(ids, order, axis=1),
            )
    return {name: ids for name, (_, ids) in best.items()}


def blocks(rows: int) -> Iterator[tuple[int, Float32]]:
    """First row and vectors of each block; the first n of any number are the same."""
    rng = np.random.default_rng(SEED)
    centres, spread = _shape()
    for first in range(0, rows, BLOCK):
        drawn = _draw(rng, centres, spread, BLOCK, noise=0.15)[: rows - first]
        yield first, drawn.astype(np.float16).astype(np.float32)


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
    latent += 0.6 * rng.standard_normal(latent.shape, dtype=np.float32)
    drawn = latent @ spread
    drawn += noise * rng.standard_normal(drawn.shape, dtype=np.float32)
    return unit(drawn)


def unit(vectors: Float32) -> Float32:
    """Rows of length one."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def lance_table(rows: int, folder: Path) -> float | None:
    """Make the table and its index; gives the seconds of the index, as first measured."""
    place = folder / f"{rows}.lance-db"
    note = place / "build_s.txt"
    if note.exists():
        return float(note.read_text("utf-8"))
    if place.exists():
        shutil.rmtree(place)
    vector = pa.list_(pa.float16(), DIMENSION)
    schema = pa.schema([("id", pa.int64()), ("part", pa.int64()), ("vector", vector)])
    table = connect(str(place)).create_table("regions", data=_batches(rows, schema), schema=schema)
    began = time.perf_counter()
    table.create_index("vector", config=ann.config(rows))
    took = round(time.perf_counter() - began, 1)
    note.write_text(f"{took}", encoding="utf-8")
    return took


def _batches(rows: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for first, block in blocks(rows):
        ids = np.arange(first, first + len(block))
        flat = pa.array(block.astype(np.float16).ravel())
        vectors = pa.FixedSizeListArray.from_arrays(flat, DIMENSION)
        columns = [pa.array(ids), pa.array(ids % 100), vectors]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def ask_lance(place: Path, asked: dict[str, Float32], exact: dict[str, Ids]) -> dict[str, Any]:
    """Recall, time and memory of our index; runs in a process of its own."""
    table: Any = connect(str(place)).open_table("regions")
    before = own_memory_mb()

    def search(query: Float32, where: bool) -> Ids:
        found = ann.approximate(table.search(query).distance_type("dot"), count=NEAR)
        if where:
            found = found.where("part = 0", prefilter=True)
        rows = found.select(["id", "_distance"]).to_arrow()
        return np.asarray(rows["id"].to_numpy())

    found = judge(search, asked, exact)
    return found | {"memory_mb": round(own_memory_mb() - before, 1)}


def ask_faiss(rows: int, asked: dict[str, Float32], exact: dict[str, Ids]) -> dict[str, Any]:
    """The same of indices that keep all vectors in memory."""
    data = np.concatenate([block for _, block in blocks(rows)])
    chosen = faiss.IDSelectorBatch(np.arange(0, rows, 100))
    ways = {}
    for name, make in (("FAISS flat", flat), ("FAISS IVF", ivf), ("FAISS HNSW", hnsw)):
        began = time.perf_counter()
        index, params = make(data)
        build = round(time.perf_counter() - began, 1)
        one, every = params(chosen), params(None)

        def search(
            q: Float32, where: bool, index: Any = index, a: Any = one, b: Any = every
        ) -> Ids:
            return np.asarray(index.search(q[None], NEAR, params=a if where else b)[1][0])

        ways[name] = {"build_s": build} | judge(search, asked, exact)
    return ways


def judge(search: Search, asked: dict[str, Float32], exact: dict[str, Ids]) -> dict[str, Any]:
    """Recall and time of both kinds of query and of the filtered one."""
    found: dict[str, Any] = {}
    for name, vectors in asked.items():
        where = name == "one in 100"
        search(vectors[0], where)
        took, shared = [], []
        for query, right in zip(vectors, exact[name], strict=True):
            began = time.perf_counter()
            hits = search(query, where)
            took.append(1000 * (time.perf_counter() - began))
            shared.append(len(set(hits.tolist()) & set(right.tolist())) / NEAR)
        found[name] = {
            "recall_at_10": round(statistics.fmean(shared), 4),
            "p50_ms": round(statistics.median(took), 2),
            "p95_ms": round(float(np.percentile(took, 95)), 2),
        }
        sys.stderr.write(f"{name} {found[name]}\n")
    return found


def flat(data: Float32) -> tuple[Any, Callable[[Any], Any]]:
    """Every vector looked at."""
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(data)
    return index, lambda sel: faiss.SearchParameters(sel=sel)


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
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / MB


if __name__ == "__main__":
    main()
