"""Learned codes choose the films that a text search looks at, in one index or over its shards."""

from collections.abc import Callable
from typing import Any

import numpy as np

from explorer.entities import Float32
from explorer.pipeline.sharded import ShardedIndex
from explorer.retrieval.codes import Coder, best_by_signature, first_films, near_films
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.filters import EVERYTHING, Filter

Index = Corpus | ShardedIndex
_BEST = 10


def coded_films(
    index: Index, coder: Coder, vectors: Float32, where: Filter = EVERYTHING
) -> list[frozenset[str]]:
    """For each phrase (S, D), the films of the regions nearest to its code in the whole index."""
    near = _each(index, near_films, coder, coder.of_phrases(vectors), where)
    return [
        frozenset(first_films((pair for own in shards for pair in own), coder.shortlist))
        for shards in zip(*near, strict=True)
    ]


def recall_of_codes(index: Index, coder: Coder, vocabulary: Float32) -> float:
    """Share of the ten films that score highest for a phrase of the vocabulary in its list."""
    lists = coded_films(index, coder, vocabulary)
    shares = []
    for films, *best in zip(lists, *_each(index, best_by_signature), strict=True):
        top = sorted(pair for own in best for pair in own)[:_BEST]
        shares.append(sum(film in films for _, film in top) / max(1, len(top)))
    return float(np.mean(shares))


def _each(index: Index, question: Callable[..., Any], *asked: Any) -> list[Any]:
    if isinstance(index, Corpus):
        return [question(index, *asked)]
    return index.each(question, *asked)
