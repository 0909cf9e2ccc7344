"""How fast are building, searching and clustering when a corpus grows?

usage: python benchmarks/scale.py PART [PART ...] --folder DIR

    build       an index against the bare encoder on the same films          3 minutes
    page        phrase to ranked page of an index of 100,000 studies         8 minutes, then 1
    reports     how many of the reports that agree best with a film a shortlist holds   10 minutes
    workers     two Ray workers against one, one processor each              3 minutes
    prototypes  k-means of 100,000 x 256 beside scikit-learn                 3 minutes

DIR lies outside the tree, takes 5 GB, and keeps what was made there. The growth of vector search
to ten million has a script of its own, vector_search.py. Parts that are not asked for keep the
figures of an earlier run.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import scale_tables
from _report import RESULTS, commit, machine, own_memory_mb, write_report

from explorer import pipeline
from explorer.corpora.studies import read_studies
from explorer.pipeline.index_rows import RowMaker
from explorer.pipeline.index_space import space_of
from explorer.pipeline.index_workers import worker_pool
from explorer.pipeline.retrieval import asking_of
from explorer.retrieval.report_shortlist import measured, recall_of
from explorer.retrieval.search_indices import finish
from explorer.retrieval.store import open_tables, writer
from explorer.retrieval.vocabulary import SIGNATURE

SEED = 0
FILMS = 96  # phantoms that are built and encoded
ROUNDS = 3
STUDIES = 100_000
NOISE = 0.35  # length of what is added to the unit vector of a real region
QUERIES = 60
POINTS, PROTOTYPES = 100_000, 48
REPORTS, LISTS = 1000, (20, 50, 100, 200)
PROTOCOL = (
    "build: 96 phantoms as DICOM (seed 11); 'bare' replays the calls that the build made of the "
    "image and text encoder, one after another with all processors; build and bare in turn, three "
    "rounds, medians; 'own memory' is RssAnon at the quarters of the last build. page: the bundled "
    "index of phantoms repeated to 100,000 studies; patch grids, pictures and sentences are real "
    "ones repeated, region vectors real ones with noise, so what costs time is real and what is "
    "found means nothing; 60 phrases that were not asked before, each from text to 20 hits with "
    "boxes and sentences, one after another; 'reports' are those of 60 films of the index, which "
    "are asked likewise. reports: PhantomCXR-v1; share of the ten reports that agree best with a "
    "film by exact search in the reports that its signature shortlists, 20 films. workers: films a "
    "second once every worker has answered, OMP_NUM_THREADS=1. prototypes: noisy real region "
    "vectors, 48 prototypes, the page's methods beside scikit-learn with all processors."
)


def main() -> None:
    """Measure the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("part", nargs="+", choices=sorted(PARTS))
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = RESULTS / "scale.json"
    results = json.loads(kept.read_text("utf-8"))["results"] if kept.exists() else {}
    for part in options.part:
        load = machine()["load_before"]
        found = PARTS[part](options.folder)
        results[part] = found | {"commit": commit(), "load_before": load}
        write_report("scale", protocol=PROTOCOL, seed=SEED, results=results)
        scale_tables.main()


def corpus(folder: Path) -> Path:
    """Phantoms as DICOM, rendered once."""
    place = folder / "phantoms"
    if not (place / "dicom").is_dir():
        words = ["phantom", "render", "--studies", f"{FILMS}", "--seed", "11", "--format", "dicom"]
        command = [sys.executable, "-m", "explorer", *words, "--out", str(place)]
        subprocess.run(command, check=True)
    return place / "dicom"


class Recorded:
    """An engine that keeps what its encoders were asked; everything else passes through."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.calls: list[Callable[[], object]] = []
        embed_images, embed_text = engine.embed_images, engine.embed_text

        def images(batch: Any, *, frames: Any) -> Any:
            self.calls.append(lambda: embed_images(batch, frames=frames))
            return embed_images(batch, frames=frames)

        def text(phrases: Any) -> Any:
            self.calls.append(lambda: embed_text(phrases))
            return embed_text(phrases)

        engine.embed_images, engine.embed_text = images, text


def build(folder: Path) -> dict[str, Any]:
    """Throughput of a build against the encoder alone, and memory along it."""
    films = corpus(folder)
    recorded = Recorded(pipeline.open_engine(device="cpu"))
    index = folder / "built.index"
    memory: list[float] = []

    def once(engine: Any) -> None:
        shutil.rmtree(index, ignore_errors=True)
        memory.clear()

        def note(done: int, total: int) -> None:
            if done % (total // 4) == 0:
                memory.append(round(own_memory_mb(), 1))

        pipeline.build_index(films, str(index), engine=engine, progress=note)

    once(recorded._engine)
    times: dict[str, list[float]] = {"build": [], "bare": []}
    for _ in range(ROUNDS):
        fresh = pipeline.open_engine(device="cpu")  # knows no phrase yet, as the bare run
        times["build"].append(seconds(partial(once, fresh)))
        times["bare"].append(seconds(lambda: [call() for call in recorded.calls]))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return {
        "films": FILMS,
        "encoder_calls": len(recorded.calls),
        "build_films_a_second": round(FILMS / medians["build"], 2),
        "bare_films_a_second": round(FILMS / medians["bare"], 2),
        "share_of_bare": round(medians["bare"] / medians["build"], 3),
        "by_round": [round(b / a, 3) for a, b in zip(times["build"], times["bare"], strict=True)],
        "own_memory_mb": list(memory),
    }


def page(folder: Path) -> dict[str, Any]:
    """Phrase to ranked page of a large index."""
    engine = pipeline.open_engine(device="cpu")
    uri = folder / f"{STUDIES}.index"
    if not (uri / "made").exists():
        shutil.rmtree(uri, ignore_errors=True)
        multiply(pipeline.bundled_index(), str(uri), engine)
        (uri / "made").touch()
    began = time.perf_counter()
    index = pipeline.open_index(str(uri), engine=engine)
    opened = time.perf_counter() - began
    asked = phrases()
    first = seconds(lambda: pipeline.search_text(index, engine, asked[0]))
    taken, inside = [], []
    for phrase in asked[1:]:
        began = time.perf_counter()
        found = pipeline.search_text(index, engine, phrase, count=20)
        taken.append(1000 * (time.perf_counter() - began))
        inside.append(1000 * found.seconds)
        if len(found.hits) != 20:
            raise SystemExit(f"{phrase!r} found {len(found.hits)} studies instead of 20.")
    films = index.films.columns["film_id"][:: len(index) // QUERIES][:QUERIES]
    told = [seconds(partial(pipeline.search_reports, index, engine, film)) for film in films]
    info = index.info()
    return {
        "studies": info.studies,
        "regions": info.regions,
        "sentences": info.sentences,
        "recall_at_10": info.recall,
        "region_recall_at_10": info.region_recall,
        "report_recall_at_10": info.report_recall,
        "open_s": round(opened, 2),
        "first_query_s": round(first, 2),
        "queries": len(taken),
        "p50_ms": round(statistics.median(taken), 1),
        "p95_ms": round(float(np.percentile(taken, 95)), 1),
        "p50_without_text_ms": round(statistics.median(inside), 1),
        "p95_without_text_ms": round(float(np.percentile(inside, 95)), 1),
        "first_reports_s": round(told[0], 2),
        "p50_reports_ms": round(1000 * statistics.median(told[1:]), 1),
        "p95_reports_ms": round(1000 * float(np.percentile(told[1:], 95)), 1),
        "own_memory_mb": round(own_memory_mb(), 1),
    }


def reports(folder: Path) -> dict[str, Any]:
    """Recall of shortlists of the reports of phantoms, which are all different."""
    studies, uri = folder / "phantoms", str(folder / "phantoms.index")
    engine = pipeline.open_engine(device="cpu")
    pipeline.render_phantoms(studies, studies=REPORTS, seed=0, formats=("dicom",), benchmark=True)
    pipeline.build_index(studies / "dicom", uri, engine=engine)
    index = pipeline.open_index(uri, engine=engine)
    known, films = measured(index, asking_of(engine))
    return {
        "reports": len(known.studies),
        "queries": len(films.signatures),
        "recall_at_10": {f"{n}": round(recall_of(known, films, shortlist=n), 3) for n in LISTS},
        "chance": {f"{n}": n / len(known.studies) for n in LISTS},
    }


def phrases() -> list[str]:
    """Phrases that differ, claims and denials, one of them to warm up."""
    places = ("in the left lower zone", "in the right upper zone", "at the left base")
    found = [f"{name} {place}" for place in places for name in SIGNATURE[:38]]
    picked = np.random.default_rng(SEED).permutation(len(found))[: QUERIES + 1]
    return [f"{found[k]}. No pneumothorax." if k % 5 == 0 else found[k] for k in picked]


def multiply(source: str | None, uri: str, engine: Any) -> None:
    """Write an index of `STUDIES` studies out of a small one."""
    if source is None:
        raise SystemExit("No index ships with this copy of the program.")
    small = open_tables(source)
    tables = {name: getattr(small, name).to_arrow() for name in ("films", "regions", "sentences")}
    rng = np.random.default_rng(SEED)
    copies = -(-STUDIES // tables["films"].num_rows)
    with writer(uri, space_of(engine)) as index:
        for first in range(0, copies, 10):
            for name, table in tables.items():
                parts = [copied(table, k, rng) for k in range(first, min(first + 10, copies))]
                index.table(name).add(pa.concat_tables(parts))
            sys.stderr.write(f"{first} of {copies} copies\n")
        finish(index, uri, asking=asking_of(engine))


def copied(table: pa.Table, number: int, rng: np.random.Generator) -> pa.Table:
    """The rows under ids of their own; regions with noise."""
    for name in table.column_names:
        if name.endswith("_id") or name == "source_key":
            ids = [renamed(text, number) for text in table[name].to_pylist()]
            table = table.set_column(table.column_names.index(name), name, pa.array(ids))
    if "region_id" in table.column_names:
        field = table.schema.field("vector")
        size = field.type.list_size
        real = np.stack(table["vector"].to_numpy()).astype(np.float32)
        flat = pa.array(noisy(real, rng).astype(np.float16).ravel())
        vectors = pa.FixedSizeListArray.from_arrays(flat, size).cast(field.type)
        table = table.set_column(table.column_names.index("vector"), field, vectors)
    return table


def renamed(text: str, number: int) -> str:
    """A digest of the id and the number of the copy; what follows a dash stays."""
    head, dash, rest = text.partition("-")
    return hashlib.blake2b(f"{head}/{number}".encode(), digest_size=16).hexdigest() + dash + rest


def noisy(vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors near unit vectors (N, D)."""
    noise = rng.standard_normal(vectors.shape, dtype=np.float32)
    found = vectors + NOISE * noise / np.sqrt(vectors.shape[1])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def workers(folder: Path) -> dict[str, Any]:
    """Films a second of one worker and of two."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before the workers start
    films = corpus(folder)
    maker = RowMaker(pipeline.open_engine(device="cpu"))
    studies = read_studies(films)
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(2):
        for count, found in rates.items():
            with worker_pool(
                maker, films, known_keys=frozenset(), workers=count, cluster=None
            ) as pool:
                answers = pool.map(studies)
                for _ in range(4 * count):  # every worker has its checkpoint and knows phrases
                    next(answers)
                began = time.perf_counter()
                done = sum(1 for _ in answers)
                found.append(done / (time.perf_counter() - began))
    best = {count: max(found) for count, found in rates.items()}
    return {
        "films_a_second": {f"{count}": round(rate, 2) for count, rate in best.items()},
        "two_against_one": round(best[2] / best[1], 2),
        "rounds": {f"{c}": [round(r, 2) for r in found] for c, found in rates.items()},
    }


def prototypes(folder: Path) -> dict[str, Any]:  # noqa: ARG001 - the signature of a part
    """Seconds and spread of clusterings of many points."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    from explorer.prototypes.clusterings import kmeans, sinkhorn

    index = pipeline.open_index()
    rng = np.random.default_rng(SEED)
    real = index.regions.vectors[rng.integers(len(index.regions.vectors), size=POINTS)]
    points = noisy(real, rng).astype(np.float32)
    common = {"n_clusters": PROTOTYPES, "random_state": SEED}
    ways: dict[str, Callable[[], np.ndarray]] = {
        "ours k-means": lambda: kmeans.cluster(points, granularity=PROTOTYPES, seed=SEED),
        "ours Sinkhorn": lambda: sinkhorn.cluster(points, granularity=PROTOTYPES, seed=SEED),
        "scikit-learn KMeans, 4 starts": lambda: KMeans(**common, n_init=4).fit_predict(points),
        "scikit-learn KMeans, 1 start": lambda: KMeans(**common, n_init=1).fit_predict(points),
        "scikit-learn MiniBatchKMeans": lambda: MiniBatchKMeans(**common).fit_predict(points),
    }
    found = {}
    for name, way in ways.items():
        began = time.perf_counter()
        labels = way()
        took = time.perf_counter() - began
        found[name] = {"seconds": round(took, 2), "spread": round(spread(points, labels), 4)}
        sys.stderr.write(f"{name} {found[name]}\n")
    return {"points": POINTS, "dimension": points.shape[1], "ways": found}


def spread(points: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance from the mean of the own prototype; lower is tighter."""
    total = 0.0
    for label in np.unique(labels):
        own = points[labels == label]
        total += float(((own - own.mean(axis=0)) ** 2).sum())
    return total / len(points)


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "build": build,
    "page": page,
    "reports": reports,
    "workers": workers,
    "prototypes": prototypes,
}


if __name__ == "__main__":
    main()
