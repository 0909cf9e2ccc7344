"""Rows of an index as hits, with the regions and the sentence that match."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import Scoring
from explorer.entities import Assertion, Box, Float32, ModelFrame
from explorer.retrieval.columns import Rows
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import Page
from explorer.retrieval.patch_factors import PatchFactors
from explorer.retrieval.proposals import box_of_mask, seen_cells
from explorer.retrieval.records import Hit, Part
from explorer.retrieval.scoring import percentiles

_MOST_BOXES = 3
# Cosine of two sentences below which they do not say the same; 0.6 is where paraphrases of
# training reports begin.
_SAME_SENTENCE = 0.6


@dataclass(frozen=True, slots=True)
class Ranked:
    """Where something that was scored stands.

    Attributes:
        entry: Its number among what was scored.
        rank: From 1, the best.
        score: Its score.
        percentile: Share of the others with a lower score, in [0, 1].
    """

    entry: int
    rank: int
    score: float
    percentile: float


def on_page(
    page: Page, best: Rows, scores: NDArray[np.floating], *, beyond: int = 0
) -> list[Ranked]:
    """What is on a page of hits.

    Args:
        page: Which hits are wanted.
        best: Entries that are hits, the best first.
        scores: Of all entries.
        beyond: How many others a shortlist left out: they are lower than all.

    >>> on_page(Page(count=1, offset=1), np.array([2, 0, 1]), np.array([4.0, 2.0, 6.0]))
    [Ranked(entry=0, rank=2, score=4.0, percentile=0.5)]
    """
    share = percentiles(scores[best], beyond=beyond)
    return [
        Ranked(k, place + 1, float(scores[k]), float(share[place])) for place, k in page.of(best)
    ]


def make_hit(
    corpus: Corpus, row: int, at: Ranked, parts: Sequence[Part], *, region_id: str = ""
) -> Hit:
    """A film as a hit."""
    columns = corpus.films.columns
    return Hit(
        rank=at.rank,
        study_id=columns["study_id"][row],
        film_id=columns["film_id"][row],
        score=at.score,
        percentile=at.percentile,
        parts=tuple(parts),
        shape=(int(corpus.films.shapes[row, 0]), int(corpus.films.shapes[row, 1])),
        view=columns["view"][row],
        age_band=columns["age_band"][row],
        sex=columns["sex"][row],
        findings=tuple(columns["findings"][row]),
        source=columns["source"][row],
        region_id=region_id,
        path=columns["path"][row],
    )


def boxes_of(
    corpus: Corpus, row: int, vectors: Float32, scoring: Scoring, *, threshold: float
) -> list[tuple[Box, ...]]:
    """For each phrase (S, D), where it stands on a film: boxes in original pixels, best first.

    Args:
        corpus: The index.
        row: Film.
        vectors: (S, D).
        scoring: Of the checkpoint.
        threshold: Calibrated score above which a pixel belongs to a region.
    """
    (factors,) = corpus.factors(np.array([row]))
    return boxes_on(factors, corpus.frame(row), vectors, scoring, threshold=threshold)


def boxes_on(
    factors: PatchFactors,
    frame: ModelFrame,
    vectors: Float32,
    scoring: Scoring,
    *,
    threshold: float,
) -> list[tuple[Box, ...]]:
    """The same for any packed film.

    Found on the grid, so edges lie on cells: a page of hits has hundreds of maps, and drawing
    each at the size of its film took most of a search.
    """
    seen = seen_cells(frame)
    # score = sigmoid(scale * cosine + bias), so this is the cosine at the threshold.
    limit = (float(np.log(threshold / (1 - threshold))) - scoring.bias) / scoring.scale
    return [_parts_above(cosine, limit, seen, frame) for cosine in factors.cosines(vectors)]


def _parts_above(
    cosine: Float32, limit: float, seen: NDArray[np.bool_], frame: ModelFrame
) -> tuple[Box, ...]:
    """Boxes round the connected parts of a map above a cosine, the highest peak first."""
    above = ((cosine > limit) & seen).astype(np.uint8)
    count, labels = cv2.connectedComponents(above, connectivity=8)
    masks = [np.asarray(labels == k) for k in range(1, count)]
    masks.sort(key=lambda mask: -float(cosine[mask].max()))
    return tuple(box_of_mask(mask, frame) for mask in masks[:_MOST_BOXES])


def sentence_of(corpus: Corpus, row: int, vector: Float32, assertion: Assertion) -> str:
    """The sentence of a film's report that states nearly the same, "" where none does."""
    told = corpus.report(row)
    own = np.flatnonzero((told.assertions == "absent") == (assertion == "absent"))
    if not own.size:
        return ""
    cosines = told.vectors[told.distinct[own]] @ vector
    best = int(np.argmax(cosines))
    return told.texts[own[best]] if cosines[best] > _SAME_SENTENCE else ""
