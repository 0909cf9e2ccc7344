"""Rows of an index as hits, with the regions and the sentence that match."""

from collections.abc import Sequence

import numpy as np

from explorer.embeddings import Scoring
from explorer.entities import Assertion, Box, Float32, ModelFrame, SimilarityMap
from explorer.grounding.regions import find_regions
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.patch_factors import PatchFactors
from explorer.retrieval.records import Hit, Part

_MOST_BOXES = 3
# Cosine of two sentences below which they do not say the same; 0.6 is where paraphrases of
# training reports begin.
_SAME_SENTENCE = 0.6


def make_hit(
    corpus: Corpus,
    row: int,
    *,
    rank: int,
    score: float,
    percentile: float,
    parts: Sequence[Part],
    region_id: str = "",
) -> Hit:
    """A film as a hit."""
    columns = corpus.films.columns
    return Hit(
        rank=rank,
        study_id=columns["study_id"][row],
        film_id=columns["film_id"][row],
        score=score,
        percentile=percentile,
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
    """The same for any packed film."""
    found = []
    for cosine in factors.cosines(vectors):
        map = SimilarityMap("", cosine, scoring.scale, scoring.bias, frame)
        _, regions = find_regions(map, rule="calibrated", calibrated=threshold)
        found.append(tuple(region.box for region in regions[:_MOST_BOXES]))
    return found


def sentence_of(corpus: Corpus, row: int, vector: Float32, assertion: Assertion) -> str:
    """The sentence of a film's report that states nearly the same, "" where none does."""
    sentences = corpus.sentences
    own = np.flatnonzero(sentences.study == corpus.films.study[row])
    denied = sentences.assertions[own] == "absent"
    own = own[denied == (assertion == "absent")]
    if not own.size:
        return ""
    cosines = sentences.vectors[sentences.distinct[own]] @ vector
    best = int(np.argmax(cosines))
    return sentences.texts[own[best]] if cosines[best] > _SAME_SENTENCE else ""
