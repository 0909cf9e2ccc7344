"""Made vectors, their exact neighbours and their indices, for vector_search.py.

All lie in one folder and grow in pieces, so that what was ended goes on where it was: a file of
vectors by its size, a table by its rows, everything else by whether it is there.
"""

import importlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.retrieval import ann
from explorer.retrieval._lance import connect

faiss: Any = importlib.import_module("faiss")  # its types differ between releases

Float32 = NDArray[np.float32]
Ids = NDArray[np.int64]
SEED = 0
DIMENSION, LATENT, CLUSTERS = 128, 20, 400
QUERIES, NEAR = 200, 10
BLOCK = 100_000
PIECE = 1_000_000  # rows that a table grows by
ONE_IN = 100  # rows of which the filter lets one pass
KINDS = ("same", "cross", "one in 100")


class Vectors:
    """The first rows of a file of vectors, made as far as they are asked for."""

    def __init__(self, folder: Path, rows: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rows = folder, rows
        place = folder / "vectors.f16"
        self._grow(place)
        stored = np.memmap(place, dtype=np.float16, mode="r").reshape(-1, DIMENSION)
        self.stored = stored[:rows]

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[int, Float32]]:
        """First row and vectors of one block after another."""
        for first in range(0, self.rows, size):
            yield first, self.stored[first : first + size].astype(np.float32)

    def _grow(self, place: Path) -> None:
        """Every block has a seed of its own: the first rows of any number are the same."""
        centres, spread = _shape()
        whole = 2 * DIMENSION * BLOCK
        done = place.stat().st_size // whole if place.exists() else 0
        with place.open("ab") as out:
            out.truncate(done * whole)
            for block in range(done, -(-self.rows // BLOCK)):
                rng = np.random.default_rng([SEED, block])
                out.write(_draw(rng, centres, spread, BLOCK, noise=0.15).astype(np.float16).data)


def queries() -> dict[str, Float32]:
    """(Q, D) unit queries of each kind."""
    return {kind: _queries(cross=kind != "same") for kind in KINDS}


def truth(vectors: Vectors) -> dict[str, Ids]:
    """(Q, 10) ids of the nearest rows of each kind of query; every vector is looked at."""
    place = vectors.folder / f"{vectors.rows}.truth.npz"
    if not place.exists():
        found = _nearest(vectors)
        part = place.with_suffix(".part")
        with part.open("wb") as out:
            np.savez(out, **found)  # type: ignore[arg-type]
        part.rename(place)
    with np.load(place) as stored:
        return {kind: stored[kind] for kind in KINDS}


def _nearest(vectors: Vectors) -> dict[str, Ids]:
    asked = queries()
    best = {kind: (np.zeros((QUERIES, 0)), np.zeros((QUERIES, 0), dtype=int)) for kind in asked}
    for first, block in vectors.blocks():
        for kind, own in asked.items():
            step = ONE_IN if kind == "one in 100" else 1
            index = faiss.IndexFlatIP(DIMENSION)
            index.add(np.ascontiguousarray(block[::step]))
            found, top = index.search(own, NEAR)
            scores = np.hstack([best[kind][0], found])
            ids = np.hstack([best[kind][1], first + step * top])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :NEAR]
            best[kind] = (
                np.take_along_axis(scores, order, axis=1),
                np.take_along_axis(ids, order, axis=1),
            )
    return {kind: ids for kind, (_, ids) in best.items()}


def lance_place(vectors: Vectors) -> Path:
    """Folder of our table."""
    return vectors.folder / f"{vectors.rows}.lance-db"


def lance_table(vectors: Vectors) -> dict[str, float]:
    """Make our table and its indices; gives the seconds of each, as first measured."""
    place, size = lance_place(vectors), pa.list_(pa.float16(), DIMENSION)
    schema = pa.schema([("id", pa.int64()), ("part", pa.int64()), ("vector", size)])
    table: Any = connect(str(place)).create_table("regions", schema=schema, exist_ok=True)
    for first in range(table.count_rows(), vectors.rows, PIECE):
        table.add(_piece(vectors, first, schema))
    from lancedb.index import Bitmap

    return {
        "build_s": _noted(
            place / "build_s.json",
            lambda: table.create_index("vector", config=ann.config(vectors.rows)),
        ),
        "filter_build_s": _noted(
            place / "filter_build_s.json", lambda: table.create_index("part", config=Bitmap())
        ),
    }


def _piece(vectors: Vectors, first: int, schema: pa.Schema) -> pa.Table:
    stored = np.ascontiguousarray(vectors.stored[first : first + PIECE])
    ids = np.arange(first, first + len(stored))
    own = pa.FixedSizeListArray.from_arrays(pa.array(stored.ravel()), DIMENSION)
    return pa.Table.from_arrays([pa.array(ids), pa.array(ids % ONE_IN), own], schema=schema)


Maker = Callable[[Vectors], Any]


def rival_place(name: str, vectors: Vectors) -> Path:
    """File of an index of FAISS."""
    return vectors.folder / f"{vectors.rows}.{name.split()[-1].lower()}.faiss"


def make_rival(name: str, vectors: Vectors) -> float:
    """Make an index of FAISS; gives the seconds, as first measured."""
    place = rival_place(name, vectors)
    note = place.with_suffix(".json")

    def build() -> None:
        part = place.with_suffix(".part")
        faiss.write_index(RIVALS[name](vectors), str(part))
        part.rename(place)

    if not place.exists():
        note.unlink(missing_ok=True)
    return _noted(note, build)


def flat(vectors: Vectors) -> Any:
    """Every vector looked at."""
    return _filled(faiss.IndexFlatIP(DIMENSION), vectors)


def ivf(vectors: Vectors) -> Any:
    """Inverted lists over full vectors, cells learned from as many vectors as ours."""
    cells = ann.cells(vectors.rows)
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(DIMENSION), DIMENSION, cells, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter, index.cp.max_points_per_centroid = ann.ROUNDS, ann.SAMPLES
    index.train(vectors.stored[: ann.SAMPLES * cells].astype(np.float32))
    return _filled(index, vectors)


def hnsw(vectors: Vectors) -> Any:
    """A graph of neighbours."""
    return _filled(faiss.IndexHNSWFlat(DIMENSION, 32, faiss.METRIC_INNER_PRODUCT), vectors)


RIVALS: dict[str, Maker] = {"FAISS flat": flat, "FAISS IVF": ivf, "FAISS HNSW": hnsw}


def rival_mb(name: str, rows: int) -> float:
    """What an index of FAISS holds in memory, in 10^6 bytes: full vectors, and links of a graph."""
    links = 4 * (2 * 32 + 2) if name == "FAISS HNSW" else 8
    return rows * (4 * DIMENSION + links) / 1e6


def _filled(index: Any, vectors: Vectors) -> Any:
    for _, block in vectors.blocks():
        index.add(block)
    return index


def _noted(note: Path, build: Callable[[], Any]) -> float:
    """Build what has no note of its seconds yet."""
    if not note.exists():
        began = time.perf_counter()
        build()
        note.write_text(json.dumps(round(time.perf_counter() - began, 1)), encoding="utf-8")
    return float(json.loads(note.read_text("utf-8")))


def _queries(*, cross: bool) -> Float32:
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


def size_mb(folder: Path) -> float:
    """Size on disk, in 10^6 bytes."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
