"""Two rankings side by side: ranks over what both hold, and plain refusals."""

from dataclasses import replace
from typing import Any

import pytest

from explorer.errors import RetrievalError
from explorer.pipeline.beside import search_beside
from explorer.retrieval.beside import beside
from explorer.retrieval.records import Hit, Results


def results(*films: str) -> Results:
    hits = tuple(
        Hit(k, f"study {film}", film, 0.0, 0.0, (), (1, 1), "", "", "", (), "")
        for k, film in enumerate(films, 1)
    )
    return Results(hits, total=len(hits), seconds=0.0)


def test_ranks_are_counted_among_what_both_hold() -> None:
    found = beside(
        results("a", "x", "b", "c"), results("c", "b", "a"),
        here_ids="abcx", there_ids="abc", by="film",
    )  # fmt: skip
    assert [(p.hit.film_id, p.rank, p.other, p.change) for p in found.here] == [
        ("a", 1, 3, -2),
        ("b", 2, 2, 0),
        ("c", 3, 1, 2),
    ]
    assert [p.hit.film_id for p in found.there] == ["c", "b", "a"]
    assert (found.shared, found.only_here, found.only_there) == (3, 1, 0)
    assert found.overlap == 1.0
    assert found.agreement == pytest.approx(-1.0)


def test_a_hit_beyond_the_other_list_has_no_rank_there() -> None:
    one, two = results(*"abcdefghijkl"), results(*"abcdelmnop")
    everything = "abcdefghijklmnop"
    found = beside(one, two, here_ids=everything, there_ids=everything, by="film")
    other = {p.hit.film_id: p.other for p in found.here}
    assert (other["f"], other["l"]) == (None, 6)
    assert found.overlap == 0.5  # a to e; l is here only the twelfth


def test_of_several_regions_of_a_film_the_best_counts() -> None:
    found = beside(
        results("a", "a", "b"), results("b", "a"), here_ids="ab", there_ids="ab", by="film"
    )
    assert [(p.hit.film_id, p.rank) for p in found.here] == [("a", 1), ("b", 2)]
    assert found.here[0].hit.rank == 1  # the first of both regions of film a


def test_indices_of_other_films_are_refused() -> None:
    with pytest.raises(RetrievalError, match="of 3 in the smaller index, the other one holds 1"):
        beside(results("a"), results("a"), here_ids="abc", there_ids="axyz", by="film")


def test_two_indices_of_one_checkpoint_are_refused(index: Any, engine: Any) -> None:
    with pytest.raises(RetrievalError, match="Both indices are of the checkpoint 'tiny'"):
        search_beside(lambda *_: results(), (index, engine), (index, engine), by="study")


def test_agreement_is_not_told_of_one_film() -> None:
    found = beside(results("a"), results("a"), here_ids="a", there_ids="a", by="film")
    assert found.agreement is None
    assert replace(found.here[0], other=None).change is None
