"""An index in several places: what its shards know of the whole, and one answer out of theirs.

Scores are read against the films of the whole index. So each shard says what it holds (`Share`),
is told what all hold together (`Whole`), and then searches as a single index would; the answers
need only be put in order (`merge`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from explorer.errors import RetrievalError
from explorer.grounding.alignment import MIN_SPREAD, PhraseBase
from explorer.retrieval.columns import Whole
from explorer.retrieval.corpus import BASE_FILMS, Corpus
from explorer.retrieval.records import Hit, IndexInfo, Results

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Of rows (N, V): their count, mean (V,) and sum of squared deviations (V,)."""

    count: int
    mean: Float64
    squares: Float64


def moments(rows: NDArray[np.floating]) -> Moments:
    """Moments of rows (N, V); of none, zeros."""
    values = rows.astype(np.float64)
    if not len(values):
        return Moments(0, np.zeros(values.shape[1]), np.zeros(values.shape[1]))
    mean = values.mean(axis=0)
    return Moments(len(values), mean, ((values - mean) ** 2).sum(axis=0))


def together(parts: Sequence[Moments]) -> Moments:
    """Moments of all rows from those of parts (Chan, Golub and LeVeque, 1979).

    >>> whole = together([moments(np.array([[1.0], [3.0]])), moments(np.array([[5.0]]))])
    >>> whole.count, whole.mean.tolist(), whole.squares.tolist()
    (3, [3.0], [8.0])
    """
    known = [part for part in parts if part.count] or list(parts[:1])
    count = sum(part.count for part in known)
    mean = sum(part.count * part.mean for part in known) / max(1, count)
    squares = sum(part.squares + part.count * (part.mean - mean) ** 2 for part in known)
    return Moments(count, np.asarray(mean), np.asarray(squares))


@dataclass(frozen=True, slots=True)
class Share:
    """What a shard says of itself.

    Attributes:
        info: What it holds.
        base: (film, packed patch grid) of those of its films that phrases may be measured on.
        signatures, vectors: Of its films.
    """

    info: IndexInfo
    base: tuple[tuple[str, bytes], ...]
    signatures: Moments
    vectors: Moments


def share_of(corpus: Corpus) -> Share:
    """What a shard says of itself."""
    films = [corpus.films.columns["film_id"][row] for row in corpus.base_rows]
    return Share(
        corpus.info(),
        tuple(zip(films, corpus.packed(corpus.base_rows), strict=True)),
        moments(corpus.films.signatures),
        moments(corpus.films.vectors),
    )


def regions_of(corpus: Corpus) -> tuple[int, Float64]:
    """Number and mean (D,) of the regions of a shard, which region search takes away."""
    return corpus.region_count, corpus.own_region_mean


def mean_of(parts: Sequence[tuple[int, Float64]]) -> Float64:
    """Mean of all rows from the number and the mean of parts of them; zeros of none.

    >>> mean_of([(1, np.array([1.0])), (3, np.array([5.0]))]).tolist()
    [4.0]
    """
    total = sum(count * mean for count, mean in parts)
    return np.asarray(total / max(1, sum(count for count, _ in parts)))


def whole_of(shares: Sequence[Share]) -> Whole:
    """What the shards hold together.

    Raises:
        RetrievalError: They are of different checkpoints.
    """
    first = shares[0].info
    for share in shares[1:]:
        if not share.info.space.same_as(first.space):
            raise RetrievalError(
                f"Shards of one index are made with one checkpoint: {first.uri!r} is of "
                f"{first.space.checkpoint!r}, {share.info.uri!r} of "
                f"{share.info.space.checkpoint!r}."
            )
    base = sorted({film: grid for share in shares for film, grid in share.base}.items())
    found = together([share.signatures for share in shares])
    spread = np.maximum(np.sqrt(found.squares / max(1, found.count)), MIN_SPREAD)
    return Whole(
        films=sum(share.info.films for share in shares),
        grids=tuple(grid for _, grid in base[:BASE_FILMS]),
        signatures=PhraseBase(found.mean, spread),
        film_mean=together([share.vectors for share in shares]).mean,
    )


def info_of(shares: Sequence[Share]) -> IndexInfo:
    """What the shards hold together, in the words of one index."""
    infos = [share.info for share in shares]
    return replace(
        infos[0],
        uri=" ".join(info.uri for info in infos),
        studies=sum(info.studies for info in infos),
        films=sum(info.films for info in infos),
        regions=sum(info.regions for info in infos),
        sentences=sum(info.sentences for info in infos),
        search="approximate" if any(i.search == "approximate" for i in infos) else "exact",
        recall=_lowest([info.recall for info in infos]),
        region_recall=_lowest([info.region_recall for info in infos]),
        report_recall=_lowest([info.report_recall for info in infos]),
        sources=_added([info.sources for info in infos]),
        findings=_added([info.findings for info in infos]),
    )


def merge(answers: Sequence[Results], *, count: int, offset: int) -> Results:
    """One page of hits from the first `count + offset` of every shard.

    Percentiles are those among the scores of all shards; a study that two shards hold is one hit.
    """
    scores = np.concatenate([answer.scores for answer in answers])
    found: dict[str, Hit] = {}
    # Equal scores are told apart by their study: which shard holds one decides nothing.
    hits = [hit for answer in answers for hit in answer.hits]
    for hit in sorted(hits, key=lambda hit: (-hit.score, hit.study_id)):
        found.setdefault(hit.study_id, hit)
    page = list(found.values())[offset : offset + count]
    ranks = range(offset + 1, offset + 1 + len(page))
    beyond = sum(answer.beyond for answer in answers)
    lower = beyond + np.searchsorted(np.sort(scores), [hit.score for hit in page], side="left")
    placed = [
        replace(hit, rank=rank, percentile=float(below / max(1, beyond + len(scores) - 1)))
        for rank, hit, below in zip(ranks, page, lower, strict=True)
    ]
    return Results(
        tuple(placed),
        total=sum(answer.total for answer in answers),
        seconds=max(answer.seconds for answer in answers),
        scores=scores,
        beyond=beyond,
    )


def _lowest(values: Sequence[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _added(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for name, number in count.items():
            total[name] = total.get(name, 0) + number
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
