"""Regions of a large index: a shortlist by the ANN index, ranked as exact search ranks them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer import pipeline
from explorer.entities import Box
from explorer.retrieval import search_region
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.nearest import nearest_regions, recalls_at_10, region_likeness
from explorer.retrieval.records import StudyRows
from explorer.retrieval.search_indices import finish
from explorer.retrieval.store import open_tables, writer
from tests.retrieval.made import SPACE, study

WIDE = replace(SPACE, dimension=8)  # the ANN index wants a multiple of eight


def large(name: str) -> StudyRows:
    return study(name, regions=3, sentences=0, dimension=8)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """120 studies of three regions, indexed as a large index is."""
    uri = str(tmp_path_factory.mktemp("many"))
    with writer(uri, WIDE) as index:
        index.write([large(f"s{k:03d}") for k in range(120)])
        finish(index, uri, exact_below=100)
    return uri


def opened(uri: str, *, exact_below: int) -> Corpus:
    return Corpus(open_tables(uri), exact_below=exact_below)


def test_a_large_index_says_how_much_of_exact_search_it_finds(uri: str) -> None:
    info = opened(uri, exact_below=100).info()
    assert info.search == "approximate"
    told = info.as_json()  # every cell is looked into where there are so few
    assert told["recall_at_10"] > 0.9
    assert told["region_recall_at_10"] > 0.9
    assert opened(uri, exact_below=1000).info().region_recall is None


def test_recall_counts_what_is_missed(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an ANN query that gives the first five only, at most half of the ten is found."""
    from explorer.retrieval import ann

    asked = ann.approximate
    monkeypatch.setattr(
        ann, "approximate", lambda query, *, count: asked(query, count=min(5, count))
    )
    for recall in recalls_at_10(opened(uri, exact_below=100)):
        assert 0.3 < recall <= 0.5


def test_the_shortlist_has_the_likeness_of_exact_search(uri: str) -> None:
    exact, near = opened(uri, exact_below=1000), opened(uri, exact_below=100)
    assert near.region_mean == pytest.approx(exact.regions.vectors.mean(axis=0), abs=1e-6)
    vector = exact.regions.vectors[7]
    wanted = region_likeness(exact, vector[None], exact.regions.vectors)[0]
    of = dict(zip(exact.regions.columns["region_id"], wanted, strict=True))
    regions, likeness = nearest_regions(near, vector, count=20)
    assert likeness == pytest.approx([of[name] for name in regions.columns["region_id"]], abs=1e-5)
    assert likeness.max() == pytest.approx(1.0, abs=1e-3)  # the region itself


def test_the_mean_of_an_index_is_that_of_what_is_in(uri: str, tmp_path: Path) -> None:
    place = str(tmp_path / "index")
    with writer(place, WIDE) as index:
        index.write([large(f"s{k}") for k in range(100)])
        finish(index, place, exact_below=10)
        assert "region_mean" in index.commit.about
        index.remove(["s0", "s1"])
    left = opened(place, exact_below=10)
    assert left.region_mean == pytest.approx(left.regions.vectors.mean(axis=0), abs=1e-6)


def test_region_search_of_a_large_index_reads_a_shortlist_alone(
    engine: Any, index_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, near = opened(index_uri, exact_below=1000), opened(index_uri, exact_below=1)
    monkeypatch.setattr(search_region, "_SHORTLIST", 30)
    monkeypatch.setattr(search_region, "_A_STUDY", 1)
    film = exact.films.columns["film_id"][0]
    found, wanted = (
        pipeline.search_region(i, engine, film, Box(5, 5, 30, 30), count=5) for i in (near, exact)
    )
    assert "regions" not in vars(near)  # the table was never read as a whole
    assert found.total < wanted.total
    assert found.total + found.beyond == wanted.total + wanted.beyond == 23
    for one, other in zip(found.hits, wanted.hits, strict=True):
        assert one.region_id == other.region_id
        assert one.score == pytest.approx(other.score, abs=1e-5)
        assert one.percentile == other.percentile  # those left out count as lower


def test_a_shortlist_grows_until_it_holds_enough_studies(
    engine: Any, index_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = opened(index_uri, exact_below=1)
    asked: list[int] = []

    def counted(*args: Any, count: int, **options: Any) -> Any:
        asked.append(count)
        return nearest_regions(*args, count=count, **options)

    monkeypatch.setattr(search_region, "_SHORTLIST", 4)
    monkeypatch.setattr(search_region, "_A_STUDY", 1)
    monkeypatch.setattr(search_region, "nearest_regions", counted)
    film = near.films.columns["film_id"][0]
    found = pipeline.search_region(near, engine, film, Box(5, 5, 30, 30), count=9)
    assert len(found.hits) == 9
    assert asked[:2] == [9, 36]


def test_what_stands_out_is_the_same_in_a_shortlist(index: Any) -> None:
    whole = search_region.standing_regions(index)
    assert 0 < whole.sum() < len(whole)
    rows = np.arange(0, len(whole), 3)
    regions = index.regions
    some = type(regions)(
        regions.vectors[rows], regions.boxes[rows], regions.film[rows], regions.scores[rows],
        {name: [column[k] for k in rows] for name, column in regions.columns.items()},
    )  # fmt: skip
    assert search_region.standing(index, some).tolist() == whole[rows].tolist()
