"""An index over several places, searched by one long-lived worker of a Ray cluster for each.

A worker opens its shard once, searches it as a single index is searched, and gives the first hits;
they are put in order here. A worker that dies is started again and asked the same again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from explorer.adapters import products_in_one_thread
from explorer.errors import RetrievalError
from explorer.retrieval._lance import is_local
from explorer.retrieval.columns import Whole
from explorer.retrieval.corpus import Corpus, open_corpus
from explorer.retrieval.filters import Filter, Page
from explorer.retrieval.records import IndexInfo, Results, Space
from explorer.retrieval.search_film import QueryFilm, film_of_index, likeness
from explorer.retrieval.search_text import Ranking, text_scores
from explorer.retrieval.shards import (
    info_of,
    mean_of,
    merge,
    moments,
    regions_of,
    share_of,
    together,
    whole_of,
)
from explorer.retrieval.words import WordCounts, all_words
from explorer.serving.pool import WorkerPool


class ShardedIndex:
    """An index whose shards lie in several places; use as a context, or `close` it.

    Args:
        uris: Of the shards, each an index; a study is in one of them.
        space: What queries will be made with.
        cluster: Address of a Ray cluster; None starts one of this machine.

    Raises:
        ClusterError: Ray is not installed, or there is no cluster.
        RetrievalError: A shard is not there, or of another checkpoint.
    """

    def __init__(self, uris: Sequence[str], *, space: Space, cluster: str | None = None) -> None:
        places = [str(Path(u).expanduser().resolve()) if is_local(u) else u for u in uris]
        builds = [partial(_worker, place, space) for place in places]
        self._pool: WorkerPool[_Question, Any] = WorkerPool(builds, address=cluster)
        try:
            self._shares = self._pool.ask(_Question(share_of))
            self._whole, self._told = whole_of(self._shares), 1
        except BaseException:
            self.close()
            raise

    def info(self) -> IndexInfo:
        """What the shards hold together."""
        return info_of(self._shares)

    def search(
        self, search: Callable[..., Results], *asked: Any, page: Page, **how: Any
    ) -> Results:
        """A page of hits of a search that takes an open index first."""
        up_to_it = replace(page, count=page.end, offset=0)
        answers = self._ask(search, *asked, page=up_to_it, **how)
        return merge(answers, count=page.count, offset=page.offset)

    def search_text(
        self,
        search: Callable[..., Results],
        *asked: Any,
        page: Page,
        ranking: Ranking,
        only: frozenset[str] | None = None,
    ) -> Results:
        """As `search`, with the words of all reports known to every shard where they count."""
        among = None
        if ranking != "image" and self._whole.words is None:
            self._tell(words=all_words(self._ask(_words)))
        if ranking == "both":
            scores = self._ask(text_scores, *asked, where=page.where, only=only)
            among = tuple(np.concatenate(parts) for parts in zip(*scores, strict=True))
        return self.search(search, *asked, page=page, ranking=ranking, only=only, among=among)

    def search_region(self, search: Callable[..., Results], *asked: Any, **how: Any) -> Results:
        """As `search`, with the mean of all regions known to every shard."""
        if self._whole.region_mean is None:
            self._tell(region_mean=mean_of(self._ask(regions_of)))
        return self.search(search, *asked, **how)

    def film(self, film_id: str) -> QueryFilm:
        """A film that one of the shards holds.

        Raises:
            RetrievalError: None does.
        """
        found = [film for film in self._ask(_film, film_id) if film is not None]
        if not found:
            raise RetrievalError(f"The index {self.info().uri!r} has no film {film_id!r}.")
        return found[0]

    def likeness_scale(self, query: QueryFilm, where: Filter) -> tuple[float, float]:
        """Mean and deviation of the likeness over all films that may be found."""
        found = together(self._ask(_likeness, query, where))
        return float(found.mean[0]), float(np.sqrt(found.squares[0] / max(1, found.count)))

    def each(self, question: Callable[..., Any], *asked: Any) -> list[Any]:
        """What a function of an open index gives of every shard."""
        return self._ask(question, *asked)

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def __enter__(self) -> "ShardedIndex":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tell(self, **known: Any) -> None:
        """Something more about the whole index, for every worker before it is asked again."""
        self._whole, self._told = replace(self._whole, **known), self._told + 1

    def _ask(self, search: Callable[..., Any], *asked: Any, **how: Any) -> list[Any]:
        """What the search gives of every shard; workers that are new are told of the whole."""
        question = _Question(partial(_after, search, asked, how), self._told)
        answers = self._pool.ask(question)
        if any(answer is None for answer in answers):
            answers = self._pool.ask(replace(question, whole=self._whole))
        return [answer for (answer,) in answers]


@dataclass(frozen=True, slots=True)
class _Question:
    """A function of an open shard.

    Attributes:
        told: Number of the newest word about the whole index; 0 where the search needs none.
        whole: That word; None for workers that have it.
    """

    search: Callable[[Corpus], Any]
    told: int = 0
    whole: Whole | None = None


def _worker(uri: str, space: Space) -> Callable[[_Question], Any]:
    opened: dict[int, Corpus] = {}  # by the number of what it was told

    def answer(question: _Question) -> Any:
        if question.told not in opened:
            if question.told and question.whole is None:
                return None
            known = next(iter(opened.values())) if opened else open_corpus(uri, space=space)
            opened.clear()
            opened[question.told] = known.within(question.whole)
        return question.search(opened[question.told])

    return answer


def _after(
    search: Callable[..., Any], asked: tuple[Any, ...], how: dict[str, Any], corpus: Corpus
) -> tuple[Any]:
    with products_in_one_thread():  # the workers of one machine share its processors
        return (search(corpus, *asked, **how),)


def _film(corpus: Corpus, film_id: str) -> QueryFilm | None:
    return film_of_index(corpus, film_id) if corpus.study_of(film_id) >= 0 else None


def _words(corpus: Corpus) -> WordCounts:
    return corpus.own_words


def _likeness(corpus: Corpus, query: QueryFilm, where: Filter) -> Any:
    return moments(likeness(corpus, query, where))
