"""Regions nearest to a vector, from the ANN index of Lance; and exactly, to say what that costs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import unit
from explorer.entities import Float32
from explorer.retrieval import ann
from explorer.retrieval._lance import in_words
from explorer.retrieval.columns import Regions, Rows
from explorer.retrieval.corpus import REGION_COLUMNS, Corpus
from explorer.retrieval.filters import EVERYTHING, Filter
from explorer.retrieval.tables import matrix_of

NEAR = 10


def nearest_films(
    corpus: Corpus, vector: Float32, where: Filter = EVERYTHING, *, count: int
) -> list[str]:
    """Films of the `count` regions with the largest dot product with a vector, the best first."""
    found = _nearest(corpus, vector, _condition(where), count=count, columns="film_id")
    return list(dict.fromkeys(found["film_id"].to_pylist()))


def nearest_regions(
    corpus: Corpus,
    vector: Float32,
    where: Filter = EVERYTHING,
    *,
    count: int,
    with_segments: bool = True,
) -> tuple[Regions, NDArray[np.floating]]:
    """A shortlist by the ANN index and the exact likeness of each, in no order.

    Likeness is the cosine about the mean of the index; the ANN index is asked by plain dot product.
    (Asked with the mean taken from the vector, it found .39 of the ten nearest of 2.3 million
    regions, as it is .96.)

    Args:
        corpus: The index.
        vector: (D,) of a region.
        where: Films whose regions may be found.
        count: Of the shortlist.
        with_segments: Whether regions without a phrase may be found.
    """
    condition = _condition(where, () if with_segments else ("source <> 'segment'",))
    rows = _nearest(corpus, vector, condition, count=count, columns=REGION_COLUMNS)
    regions = corpus.regions_in(rows)
    return regions, region_likeness(corpus, vector[None], regions.vectors)[0]


def region_likeness(corpus: Corpus, vectors: Float32, others: Float32) -> NDArray[np.floating]:
    """(Q, M) likeness of regions (Q, D) to others (M, D): cosine about the mean of the index.

    What all regions share says nothing of a finding, so it is taken away first.
    """
    mean = corpus.region_mean
    return np.asarray(unit(vectors - mean) @ unit(others - mean).T)


def recalls_at_10(corpus: Corpus, *, queries: int = 50, seed: int = 0) -> tuple[float, float]:
    """Share of the ten nearest regions that approximate search finds, over some regions.

    Returns:
        By dot product, which shortlists the films for a phrase; and by likeness, of region search.
    """
    with in_words(corpus.uri, "searched"):
        table = corpus.tables.regions
        places = np.random.default_rng(seed).choice(table.count_rows(), queries)
        rows = table.take_offsets([int(p) for p in places]).select(["vector"]).to_arrow()
    asked = matrix_of(rows["vector"], dimension=corpus.space.dimension)
    dots, likes = _exactly(corpus, asked)
    found = np.zeros((2, queries))
    for k, vector in enumerate(asked):
        near = _nearest(corpus, vector, None, count=NEAR, columns="region_id")
        found[0, k] = len(dots[k] & set(near["region_id"].to_pylist()))
        regions, like = nearest_regions(corpus, vector, count=400)
        best = np.array(regions.columns["region_id"])[np.argsort(-like)[:NEAR]]
        found[1, k] = len(likes[k] & set(best.tolist()))
    by_dot, by_likeness = (found / min(NEAR, corpus.region_count)).mean(axis=1)
    return float(by_dot), float(by_likeness)


def _exactly(corpus: Corpus, asked: Float32) -> list[list[set[str]]]:
    """Ids of the ten nearest regions of each vector (Q, D), by dot product and by likeness."""
    best: list[list[tuple[Any, Any]]] = [[], []]
    for block in corpus.tables.region_blocks("region_id vector"):
        ids = np.array(block["region_id"].to_pylist())
        others = matrix_of(block["vector"], dimension=corpus.space.dimension)
        for kept, scores in zip(
            best, (asked @ others.T, region_likeness(corpus, asked, others)), strict=True
        ):
            top = _largest(scores)
            kept.append((np.take_along_axis(scores, top, axis=1), ids[top]))
    found = []
    for kept in best:
        scores, names = (np.hstack(parts) for parts in zip(*kept, strict=True))
        top = np.take_along_axis(names, _largest(scores), axis=1)
        found.append([set(row.tolist()) for row in top])
    return found


def _largest(scores: NDArray[np.floating]) -> Rows:
    """(Q, 10) columns of the largest numbers of each row, in no order."""
    if scores.shape[1] <= NEAR:
        return np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    return np.argpartition(-scores, NEAR - 1, axis=1)[:, :NEAR]


def _nearest(
    corpus: Corpus, vector: Float32, condition: str | None, *, count: int, columns: str
) -> Any:
    with in_words(corpus.uri, "searched"):
        query = corpus.tables.regions.search(vector.astype(np.float32)).distance_type("dot")
        query = ann.approximate(query, count=count)
        if condition:
            query = query.where(condition, prefilter=True)
        return query.select([*columns.split(), "_distance"]).to_arrow()


def _condition(where: Filter, more: tuple[str, ...] = ()) -> str | None:
    parts = [part for part in (where.as_sql(source_column="corpus"), *more) if part]
    return " AND ".join(parts) or None
