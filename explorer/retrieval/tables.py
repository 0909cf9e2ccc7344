"""Rows of the three tables as Arrow, there and back: films, regions, sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.retrieval.records import FilmRow, RegionRow, SentenceRow

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("films", "regions", "sentences")
_BOX = ("x_min", "y_min", "x_max", "y_max")


def schema_of(table: str, *, dimension: int) -> "pa.Schema":
    """Arrow schema of a table; vectors are float16."""
    import pyarrow as pa

    text, vector = pa.string(), pa.list_(pa.float16(), dimension)
    columns: dict[str, list[tuple[str, pa.DataType]]] = {
        "films": [
            ("film_id", text),
            ("study_id", text),
            ("source_key", text),
            ("vector", vector),
            ("signature", pa.list_(pa.float16())),
            ("grid", pa.binary()),
            ("height", pa.int32()),
            ("width", pa.int32()),
            ("view", text),
            ("age_band", text),
            ("sex", text),
            ("findings", pa.list_(text)),
            ("findings_known", pa.bool_()),
            ("source", text),
            ("path", text),
            ("thumbnail", pa.binary()),
        ],
        "regions": [
            ("region_id", text),
            ("film_id", text),
            ("study_id", text),
            ("vector", vector),
            *((name, pa.float32()) for name in _BOX),
            ("label", text),
            ("source", text),
            ("score", pa.float32()),
            # Repeated from the film, so that one query filters and searches.
            ("view", text),
            ("age_band", text),
            ("sex", text),
            ("findings", pa.list_(text)),
            ("findings_known", pa.bool_()),
            ("corpus", text),
        ],
        "sentences": [
            ("sentence_id", text),
            ("study_id", text),
            ("place", pa.int32()),
            ("text", text),
            ("section", text),
            ("words", text),
            ("asked", text),
            ("assertion", text),
            ("counts", pa.bool_()),
            ("vector", vector),
        ],
    }
    return pa.schema(columns[table])


def films_table(rows: Sequence[FilmRow], *, dimension: int) -> "pa.Table":
    """Films as Arrow."""
    plain = [
        {
            **_fields(row, "film_id study_id source_key grid view age_band sex source path"),
            "height": row.shape[0],
            "width": row.shape[1],
            "findings": list(row.findings),
            "findings_known": row.findings_known,
            "thumbnail": row.thumbnail,
            "signature": row.signature.astype(np.float16),
        }
        for row in rows
    ]
    return _table("films", plain, [row.vector for row in rows], dimension=dimension)


def regions_table(
    rows: Sequence[RegionRow], films: Sequence[FilmRow], *, dimension: int
) -> "pa.Table":
    """Regions as Arrow, each with the metadata of its film."""
    of = {film.film_id: film for film in films}
    plain = [
        {
            **_fields(row, "region_id film_id study_id label source score"),
            **{name: getattr(row.box, name) for name in _BOX},
            **_fields(of[row.film_id], "view age_band sex"),
            "findings": list(of[row.film_id].findings),
            "findings_known": of[row.film_id].findings_known,
            "corpus": of[row.film_id].source,
        }
        for row in rows
    ]
    return _table("regions", plain, [row.vector for row in rows], dimension=dimension)


def sentences_table(rows: Sequence[SentenceRow], *, dimension: int) -> "pa.Table":
    """Sentences as Arrow."""
    names = "sentence_id study_id place text section words asked assertion counts"
    plain = [_fields(row, names) for row in rows]
    return _table("sentences", plain, [row.vector for row in rows], dimension=dimension)


def agreement_table(studies: Sequence[str], values: np.ndarray) -> "pa.Table":
    """What reports (R,) get from K films (R, K)."""
    import pyarrow as pa

    flat = pa.array(values.astype(np.float16).ravel())
    rows = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    return pa.table({"study_id": pa.array(studies, pa.string()), "vector": rows})


def matrix_of(column: Any, *, dimension: int) -> np.ndarray:
    """(N, D) float32 of a vector column."""
    chunks = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    values = chunks.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float32).reshape(-1, dimension)


def _fields(row: object, names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names.split()}


def _table(
    name: str, rows: list[dict[str, Any]], vectors: list[np.ndarray], *, dimension: int
) -> "pa.Table":
    import pyarrow as pa

    schema = schema_of(name, dimension=dimension)
    flat = np.zeros((0, dimension)) if not vectors else np.stack(vectors)
    values = pa.array(flat.astype(np.float16).ravel())
    arrays = [
        pa.FixedSizeListArray.from_arrays(values, dimension)
        if field.name == "vector"
        else pa.array([row[field.name] for row in rows], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
