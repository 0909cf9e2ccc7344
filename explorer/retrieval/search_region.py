"""Regions for a region: all of a small index, a shortlist of a large one, ranked exactly."""

import time

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import unit
from explorer.entities import Box, Float32
from explorer.grounding import alignment
from explorer.retrieval.columns import Regions, Rows
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import FIRST, Filter, Page
from explorer.retrieval.hits import make_hit, on_page
from explorer.retrieval.nearest import nearest_regions, region_likeness
from explorer.retrieval.records import Part, Results
from explorer.retrieval.scoring import LEAST_FILMS, best_of_each, studies_of
from explorer.retrieval.search_film import QueryFilm
from explorer.retrieval.vocabulary import SIGNATURE

# On training phantoms, the nearest five of regions that stand out by 3 showed the same finding in
# .48, by 2 in .43, of all regions in .25.
STANDS_OUT = 3.0
# Regions of a shortlist, at least and for each study that is wanted; while it holds too few
# studies, another is asked for that is four times as long.
_SHORTLIST, _A_STUDY, _LONGEST = 400, 20, 6400


def search_region(
    corpus: Corpus,
    query: QueryFilm,
    weights: Float32,
    box: Box,
    *,
    page: Page = FIRST,
    anywhere: bool = False,
) -> Results:
    """Rank films by their region that is most like a region, one region a study.

    Args:
        corpus: The index.
        query: The film that the region is of; its own study is not a hit.
        weights: (h, w) share of every grid cell that belongs to the region.
        box: The region in original pixels, for the hits.
        page: Which hits are wanted.
        anywhere: Look at regions that nothing speaks for, too.
    """
    began = time.perf_counter()
    vector = unit(np.tensordot(weights, query.factors.values(), axes=2).astype(np.float32))
    allowed = corpus.kept(page.where) & (corpus.films.study != corpus.study_of(query.film_id))
    if corpus.is_exact:
        regions, rows = corpus.regions, _worth(corpus, corpus.regions, allowed, anywhere=anywhere)
        scores = region_likeness(corpus, vector[None], regions.vectors[rows])[0]
    else:
        regions, rows, scores = _shortlist(
            corpus, vector, page.where, allowed, studies=page.end, anywhere=anywhere
        )
    films = regions.film[rows]
    best = best_of_each(scores, corpus.films.study[films])
    # Studies without a region that may be a hit are less like it than those with one.
    beyond = len(studies_of(corpus, allowed)) - len(best)
    hits = []
    for at in on_page(page, best, scores, beyond=beyond):
        row, film = int(rows[at.entry]), int(films[at.entry])
        part = Part(
            text=regions.columns["label"][row],
            assertion="present",
            gain=at.score,
            boxes=(regions.box(row),),
            query_box=box,
        )
        region_id = regions.columns["region_id"][row]
        hits.append(make_hit(corpus, film, at, (part,), region_id=region_id))
    took = time.perf_counter() - began
    return Results(tuple(hits), len(best), took, scores=scores[best], beyond=beyond)


def _shortlist(
    corpus: Corpus,
    vector: Float32,
    where: Filter,
    allowed: NDArray[np.bool_],
    *,
    studies: int,
    anywhere: bool,
) -> tuple[Regions, Rows, NDArray[np.floating]]:
    """Regions near a vector, the rows of those that may be hits, and their likeness."""
    count = max(_SHORTLIST, _A_STUDY * studies)
    while True:
        regions, likeness = nearest_regions(
            corpus, vector, where, count=count, with_segments=anywhere
        )
        rows = _worth(corpus, regions, allowed, anywhere=anywhere)
        found = len(np.unique(corpus.films.study[regions.film[rows]]))
        if found >= studies or len(likeness) < count or count >= _LONGEST:
            return regions, rows, likeness[rows]
        count *= 4


def _worth(corpus: Corpus, regions: Regions, allowed: NDArray[np.bool_], *, anywhere: bool) -> Rows:
    """Rows of regions that may be hits: of films (N,) that are allowed, and that stand out."""
    kept = allowed[regions.film]
    if not anywhere:
        kept &= standing_regions(corpus) if corpus.is_exact else standing(corpus, regions)
    return np.flatnonzero(kept)


def standing_regions(corpus: Corpus) -> NDArray[np.bool_]:
    """(M,) which regions of a small index show something; worked out once."""
    known: NDArray[np.bool_] | None = corpus.memory.get("standing regions")
    if known is None:
        known = corpus.memory["standing regions"] = standing(corpus, corpus.regions)
    return known


def standing(corpus: Corpus, regions: Regions) -> NDArray[np.bool_]:
    """(M,) regions that show something: of a report's claim, or of a phrase that stands out.

    A vocabulary phrase stands out on a film where its log odds over the films of the index are at
    least `STANDS_OUT`. In an index too small to say, every region with a phrase does.
    """
    sources = np.array(regions.columns["source"], dtype=np.str_)
    found = np.asarray(sources != "segment")
    if corpus.film_count < LEAST_FILMS or not corpus.films.signatures.size:
        return found
    column = {phrase: k for k, phrase in enumerate(SIGNATURE)}
    phrase = np.array([column.get(label, -1) for label in regions.columns["label"]], dtype=np.intp)
    asked = np.flatnonzero((sources == "vocabulary") & (phrase >= 0))
    phrase, base = phrase[asked], corpus.signature_base
    own = alignment.PhraseBase(base.mean[phrase], base.spread[phrase])
    logits = corpus.films.signatures[regions.film[asked], phrase]
    found[asked] = alignment.log_odds(logits, own) >= STANDS_OUT
    return found
