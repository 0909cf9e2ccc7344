"""Regions for a region."""

import time

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box, Float32
from explorer.grounding import alignment
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import EVERYTHING, Filter
from explorer.retrieval.hits import make_hit
from explorer.retrieval.records import Part, Results, unit
from explorer.retrieval.scoring import LEAST_FILMS, best_of_each, percentiles
from explorer.retrieval.search_film import QueryFilm
from explorer.retrieval.search_text import nearest_regions
from explorer.retrieval.vocabulary import SIGNATURE

# On training phantoms, the nearest five of regions that stand out by 3 showed the same finding in
# .48, by 2 in .43, of all regions in .25.
STANDS_OUT = 3.0


def search_region(
    corpus: Corpus,
    query: QueryFilm,
    weights: Float32,
    box: Box,
    *,
    where: Filter = EVERYTHING,
    count: int = 20,
    offset: int = 0,
    anywhere: bool = False,
) -> Results:
    """Rank films by their region that is most like a region, one region a study.

    Args:
        corpus: The index.
        query: The film that the region is of; its own study is not a hit.
        weights: (h, w) share of every grid cell that belongs to the region.
        box: The region in original pixels, for the hits.
        where: Which films may be found.
        count: Hits of a page.
        offset: Hits before it.
        anywhere: Look at regions that nothing speaks for, too.
    """
    began = time.perf_counter()
    vector = unit(np.tensordot(weights, query.factors.values(), axes=2).astype(np.float32))
    rows, scores = _scored(corpus, query, vector, where, count=count + offset, anywhere=anywhere)
    films = corpus.regions.film[rows]
    best = best_of_each(scores, corpus.films.study[films])
    share = percentiles(scores[best])
    hits = []
    for place, k in list(enumerate(best))[offset : offset + count]:
        row = int(rows[k])
        part = Part(
            text=corpus.regions.columns["label"][row],
            assertion="present",
            gain=float(scores[k]),
            boxes=(corpus.regions.box(row),),
            query_box=box,
        )
        hits.append(
            make_hit(
                corpus, int(films[k]), rank=place + 1, score=float(scores[k]),
                percentile=float(share[place]), parts=(part,),
                region_id=corpus.regions.columns["region_id"][row],
            )
        )  # fmt: skip
    return Results(tuple(hits), len(best), time.perf_counter() - began, scores=scores[best])


def standing_regions(corpus: Corpus) -> NDArray[np.bool_]:
    """(M,) regions that show something: of a report's claim, or of a phrase that stands out.

    A vocabulary phrase stands out on a film where its log odds over the films of the index are at
    least `STANDS_OUT`. In an index too small to say, every region with a phrase does.
    """
    known = corpus.memory.get("standing regions")
    if known is None:
        sources = np.array(corpus.regions.columns["source"], dtype=np.str_)
        known = sources != "segment"
        if corpus.film_count >= LEAST_FILMS and corpus.films.signatures.size:
            column = {phrase: k for k, phrase in enumerate(SIGNATURE)}
            odds = alignment.log_odds(corpus.films.signatures, corpus.signature_base)
            for row in np.flatnonzero(sources == "vocabulary"):
                at = column.get(corpus.regions.columns["label"][row])
                if at is not None:
                    known[row] = odds[corpus.regions.film[row], at] >= STANDS_OUT
        corpus.memory["standing regions"] = known
    return known


def region_likeness(corpus: Corpus, vectors: Float32) -> NDArray[np.floating]:
    """(Q, M) likeness of regions (Q, D) to every region: cosine about the mean of the index.

    What all regions share says nothing of a finding, so it is taken away first.
    """
    mean = corpus.region_mean
    return np.asarray(unit(vectors - mean) @ unit(corpus.regions.vectors - mean).T)


def _scored(
    corpus: Corpus,
    query: QueryFilm,
    vector: Float32,
    where: Filter,
    *,
    count: int,
    anywhere: bool,
) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Rows of regions that may be hits, and their likeness."""
    allowed = corpus.kept(where) & (corpus.films.study != corpus.study_of(query.film_id))
    worth = allowed[corpus.regions.film]
    rows = np.flatnonzero(worth if anywhere else worth & standing_regions(corpus))
    if not corpus.is_exact:
        near = nearest_regions(corpus, vector, where, count=max(400, 20 * count))
        wanted = {region for _, region, _ in near}
        ids = corpus.regions.columns["region_id"]
        rows = np.array([row for row in rows if ids[row] in wanted], dtype=np.intp)
    return rows, region_likeness(corpus, vector[None])[0, rows]
