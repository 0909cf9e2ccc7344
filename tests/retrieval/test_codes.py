"""Binary codes: packed, compared, and as a shortlist whose recall is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer import pipeline
from explorer.errors import CheckpointError
from explorer.retrieval.codes import (
    RegionCodes,
    distances,
    first_films,
    nearest,
    pack,
    recall_of_shortlist,
)


@given(st.integers(1, 130), st.integers(1, 40), st.integers(0, 99))
def test_distances_count_the_bits_that_differ(bits: int, count: int, seed: int) -> None:
    codes = np.random.default_rng(seed).random((count, bits)) < 0.5
    words = pack(codes)
    assert words.shape == (count, -(-bits // 64))
    assert distances(words[0], words).tolist() == (codes != codes[0]).sum(1).tolist()


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 99))
def test_the_nearest_are_the_first_of_a_stable_sort(count: int, rows: int, seed: int) -> None:
    codes = np.random.default_rng(seed).random((rows, 6)) < 0.5  # six bits: many ties
    words = pack(codes)
    order = np.argsort((codes != codes[0]).sum(1), kind="stable")
    assert nearest(words[0], words, count=count).tolist() == order[:count].tolist()


def signs(vectors: Any) -> NDArray[np.bool_]:
    return np.asarray(vectors) > 0


def test_a_shortlist_holds_the_films_of_the_nearest_regions_that_are_allowed() -> None:
    regions = np.array([[1, 1, 1], [1, 1, -1], [-1, -1, -1], [-1, -1, 1]], np.float32)
    codes = RegionCodes(pack(signs(regions)), np.array([0, 0, 1, 2]), signs, shortlist=2)
    phrase = np.array([[1, 1, 1]], np.float32)
    assert codes.films(phrase, allowed=np.ones(3, bool)) == [{0, 2}]
    assert codes.films(phrase, allowed=np.array([True, True, False])) == [{0, 1}]
    exact = np.array([[3.0], [1.0], [2.0]])
    assert recall_of_shortlist(codes, phrase, exact, count=2).tolist() == [1.0]
    assert recall_of_shortlist(codes, phrase, -exact, count=2).tolist() == [0.5]


def test_regions_that_are_equally_near_come_in_the_given_order() -> None:
    words = pack(np.array([[True], [False], [False], [False]]))
    assert nearest(words[1], words, count=3, ties=np.array([0, 5, 2, 4])).tolist() == [2, 3, 1]


def test_a_list_over_shards_is_that_of_all_their_regions() -> None:
    """Sixteen regions a film: here 15 of `a` and one of `c` before that of `b`."""
    regions = [(1, "a")] * 15 + [(2, "c"), (3, "b")]
    assert first_films(reversed(regions), 1) == ["a"]
    assert first_films(reversed(regions), 2) == ["a", "c"]


@pytest.fixture(scope="module")
def head(engine: Any, index_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("head")
    options = {"bits": 32, "steps": 5, "batch": 16}
    sources = pipeline.HeadSources(index=index_uri)
    figures = pipeline.train_head("cmimh", sources, engine=engine, out=folder, options=options)
    assert set(figures) == {"Hamming mAP", "cosine mAP", "chance mAP"}
    return folder


def test_codes_choose_what_a_search_looks_at(engine: Any, index: Any, head: Path) -> None:
    few, recall = pipeline.open_codes(index, engine, head, shortlist=3)
    found = pipeline.search_text(index, engine, "mass", codes=few, count=24)
    assert 1 <= found.total <= 3
    assert 0 <= recall < 1
    exact = pipeline.search_text(index, engine, "mass", count=24)
    scores = {hit.film_id: hit.score for hit in exact.hits}
    for hit in found.hits:  # the same score as in exact search
        assert hit.score == pytest.approx(scores[hit.film_id], abs=1e-5)
    everything, whole = pipeline.open_codes(index, engine, head, shortlist=24)
    assert whole == 1.0
    same = pipeline.search_text(index, engine, "mass", codes=everything, count=24)
    assert [h.film_id for h in same.hits] == [h.film_id for h in exact.hits]


def test_a_query_that_only_denies_is_asked_of_every_film(
    engine: Any, index: Any, head: Path
) -> None:
    few, _ = pipeline.open_codes(index, engine, head, shortlist=3)
    assert pipeline.search_text(index, engine, "no mass", codes=few, count=24).total == 24


def test_codes_of_another_checkpoint_are_refused(engine: Any, index: Any, head: Path) -> None:
    about = (head / "head.json").read_text()
    other = head.parent / "other"
    other.mkdir()
    (other / "head.json").write_text(about.replace(engine.card.sha256, "0" * 64))
    (other / "head.safetensors").write_bytes((head / "head.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match="vectors of one checkpoint"):
        pipeline.open_codes(index, engine, other)
