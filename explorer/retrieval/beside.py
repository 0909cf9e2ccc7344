"""Two rankings of the same films side by side: where each has a hit, and how far they agree."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from explorer.errors import RetrievalError
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.records import Hit, Results

By = Literal["study", "film"]
FIRST = 10  # hits whose overlap is told
LEAST_SHARED = 0.5  # of the smaller index; with less in common, ranks are of different films


@dataclass(frozen=True, slots=True)
class Placed:
    """A hit with its rank in both rankings, counted among what both indices hold.

    Attributes:
        rank: In its own ranking, from 1.
        other: In the other one; None where that was not ranked so far down.
    """

    hit: Hit
    rank: int
    other: int | None

    @property
    def change(self) -> int | None:
        """Places that it stands higher (positive) or lower in the other ranking."""
        return None if self.other is None else self.rank - self.other


@dataclass(frozen=True, slots=True)
class Beside:
    """Two rankings over what both indices hold.

    Attributes:
        here, there: Hits of both, the best first.
        by: What is ranked: studies, or films.
        shared: How many of them both indices hold.
        only_here, only_there: How many of them one index alone holds; they are left out.
        overlap: Share of the first ten that both have among their first ten, [0, 1].
        agreement: Spearman's rank correlation over what both rank, [-1, 1]; None below two.
    """

    here: tuple[Placed, ...]
    there: tuple[Placed, ...]
    by: By
    shared: int
    only_here: int
    only_there: int
    overlap: float
    agreement: float | None


def ids_of(corpus: Corpus, by: By) -> frozenset[str]:
    """What an index holds; ids are digests of content, so they agree between indices."""
    return frozenset(corpus.films.columns[f"{by}_id"])


def require_shared(here: Collection[str], there: Collection[str], *, by: By) -> frozenset[str]:
    """What both indices hold.

    Raises:
        RetrievalError: That is less than half of the smaller one.
    """
    shared = frozenset(here) & frozenset(there)
    fewer = min(len(here), len(there))
    if not shared or len(shared) < LEAST_SHARED * fewer:
        things = {"study": "studies", "film": "films"}[by]
        raise RetrievalError(
            f"Rankings can be compared over the same {things} only: of {fewer:,} in the smaller "
            f"index, the other one holds {len(shared):,}. Build both indices from the same files."
        )
    return shared


def beside(
    here: Results, there: Results, *, here_ids: Collection[str], there_ids: Collection[str], by: By
) -> Beside:
    """Put two rankings side by side.

    Args:
        here: Hits of one index, from the first on.
        there: Hits of the other for the same query.
        here_ids: All that the one index holds.
        there_ids: All that the other one holds.
        by: What is ranked. Of several hits of it, e.g. regions of a film, the best counts.

    Raises:
        RetrievalError: The indices hold different films.
    """
    shared = require_shared(here_ids, there_ids, by=by)
    hits, others = (_ranked(found, shared, by) for found in (here, there))
    rank, other_rank = ({key: k for k, key in enumerate(side, 1)} for side in (hits, others))
    both = [key for key in hits if key in other_rank]
    first = set(list(hits)[:FIRST]) & set(list(others)[:FIRST])
    most = min(FIRST, max(len(hits), len(others)))
    return Beside(
        here=tuple(Placed(hit, rank[key], other_rank.get(key)) for key, hit in hits.items()),
        there=tuple(Placed(hit, other_rank[key], rank.get(key)) for key, hit in others.items()),
        by=by,
        shared=len(shared),
        only_here=len(set(here_ids) - shared),
        only_there=len(set(there_ids) - shared),
        overlap=len(first) / most if most else 0.0,
        agreement=_spearman([rank[key] for key in both], [other_rank[key] for key in both]),
    )


def _ranked(found: Results, shared: frozenset[str], by: By) -> dict[str, Hit]:
    kept: dict[str, Hit] = {}
    for hit in found.hits:
        key = hit.study_id if by == "study" else hit.film_id
        if key in shared:
            kept.setdefault(key, hit)
    return kept


def _spearman(first: Sequence[int], second: Sequence[int]) -> float | None:
    if len(first) < 2:
        return None
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
