"""How fast and how exact is vector search over ten million regions, beside FAISS?

usage: python benchmarks/vector_search.py make|ask --folder DIR
           [--rows 10000 100000 1000000 10000000]

`make` draws vectors and builds indices; it goes on where it was ended, and takes half an hour for
ten million; with `--most-hnsw 10000000` over an hour more, and 8 GB of memory. `ask` times the
queries, a minute up to a million and some for ten. Needs faiss-cpu (`pip install faiss-cpu`) for
the rivals. DIR lies outside the tree; ten million vectors take 16 GB there. Rows that are not asked
for keep the figures of an earlier run.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scale_tables
from _report import RESULTS, commit, machine, own_memory_mb, write_report
from _vectors import (
    DIMENSION,
    NEAR,
    ONE_IN,
    RIVALS,
    SEED,
    Float32,
    Ids,
    Vectors,
    faiss,
    lance_place,
    lance_table,
    make_rival,
    queries,
    rival_mb,
    rival_place,
    size_mb,
    truth,
)

from explorer.retrieval import ann
from explorer.retrieval._lance import connect

Search = Callable[[Float32, bool], Ids]
SIZES = [10_000, 100_000, 1_000_000, 10_000_000]
FLAT_QUERIES = 40  # of the flat index, which is exact: its time alone is asked
PROTOCOL = (
    "Unit vectors of 128 numbers in 16 bits, as an index keeps them: a mixture of 400 clusters in "
    "20 latent dimensions with a random projection and noise. Queries 'same' are drawn alike, "
    "'cross' have twice the noise and one constant offset, as phrases have against regions. "
    "recall@10 against exact inner products, 200 queries of each kind, p50 in milliseconds of one "
    "query after another, two threads for all. 'one in 100': the ten nearest among the 1 % of rows "
    "with part = 0. Lance: the index and query of explorer/retrieval/ann.py and a bitmap of the "
    "filtered column, asked in a process of its own; 'memory_mb' is what it grew by from the "
    "opened table to the last query, 'computed_memory_mb' what ann.memory_mb said before. FAISS "
    "HNSW (32 links, search 256) and IVF (a cell for every root, 64 looked into, as many vectors a "
    "cell to learn from as ours) keep 32-bit vectors in memory ('vectors_mb') and filter by an id "
    "selector, the flat index by the same; it answers the first 40 queries. 'build_s' was taken "
    "when an index was made, beside whatever else ran then."
)


def main() -> None:
    """Make the indices, or ask them and write the growth curve."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=("make", "ask"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument(
        "--most-hnsw", type=int, default=1_000_000, help="rows up to which a graph is built"
    )
    options = parser.parse_args()
    faiss.omp_set_num_threads(2)
    for rows in options.rows:
        names = [n for n in RIVALS if n != "FAISS HNSW" or rows <= options.most_hnsw]
        vectors = Vectors(options.folder, rows)
        if options.what == "make":
            make(vectors, names)
        else:
            note(rows, measure(vectors, names))


def make(vectors: Vectors, names: list[str]) -> None:
    """Build everything that `measure` asks."""
    sys.stderr.write(f"{vectors.rows} vectors\n")
    truth(vectors)
    sys.stderr.write(f"ours {lance_table(vectors)}\n")
    for name in names:
        sys.stderr.write(f"{name} {make_rival(name, vectors)} s\n")


def note(rows: int, found: dict[str, Any]) -> None:
    """Put the figures of one size beside those of the others."""
    kept = RESULTS / "vector_search.json"
    results = json.loads(kept.read_text("utf-8"))["results"] if kept.exists() else {}
    results[f"{rows}"] = found | {"commit": commit(), "load": machine()["load_before"]}
    results = dict(sorted(results.items(), key=lambda item: int(item[0])))
    write_report("vector_search", protocol=PROTOCOL, seed=SEED, results=results)
    scale_tables.main()


def measure(vectors: Vectors, names: list[str]) -> dict[str, Any]:
    """Our index, and the rivals, on one set of vectors."""
    asked, exact, place = queries(), truth(vectors), lance_place(vectors)
    ours: dict[str, Any] = dict(lance_table(vectors))
    ours["computed_memory_mb"] = round(ann.memory_mb(vectors.rows, DIMENSION), 1)
    with multiprocessing.get_context("spawn").Pool(1) as alone:
        ways = {"ours (Lance IVF_RQ)": ours | alone.apply(ask_lance, (place, asked, exact))}
    for name in names:
        ways[name] = ask_rival(name, vectors, asked, exact)
    return {"ways": ways, "lance_mb": round(size_mb(place), 1)}


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


def ask_rival(
    name: str, vectors: Vectors, asked: dict[str, Float32], exact: dict[str, Ids]
) -> dict[str, Any]:
    """The same of an index that keeps all vectors in memory."""
    built = {"build_s": make_rival(name, vectors)}
    index = faiss.read_index(str(rival_place(name, vectors)))
    chosen = faiss.IDSelectorBatch(np.arange(0, vectors.rows, ONE_IN))
    one, every = (_params(name, selector) for selector in (chosen, None))

    def search(query: Float32, where: bool) -> Ids:
        return np.asarray(index.search(query[None], NEAR, params=one if where else every)[1][0])

    most = FLAT_QUERIES if name == "FAISS flat" else None
    found = judge(search, {kind: q[:most] for kind, q in asked.items()}, exact)
    return built | {"vectors_mb": round(rival_mb(name, vectors.rows), 1)} | found


def _params(name: str, selector: Any) -> Any:
    if name == "FAISS IVF":
        return faiss.SearchParametersIVF(sel=selector, nprobe=ann.PROBES)
    if name == "FAISS HNSW":
        return faiss.SearchParametersHNSW(sel=selector, efSearch=256)
    return faiss.SearchParameters(sel=selector)


def judge(search: Search, asked: dict[str, Float32], exact: dict[str, Ids]) -> dict[str, Any]:
    """Recall and time of both kinds of query and of the filtered one."""
    found: dict[str, Any] = {}
    for name, vectors in asked.items():
        where = name == "one in 100"
        search(vectors[0], where)
        took, shared = [], []
        for query, right in zip(vectors, exact[name], strict=False):
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


if __name__ == "__main__":
    main()
