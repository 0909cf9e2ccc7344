"""An index in shards gives the answers of the one index of all its studies."""

import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from explorer import pipeline
from explorer.cli import app
from explorer.entities import Box
from explorer.errors import RetrievalError
from explorer.pipeline import sharded
from explorer.retrieval.records import Hit, Results
from explorer.retrieval.shards import merge

from ..processes import descends  # noqa: TID252 - "tests" may be another package elsewhere

PARTS = 3


class HerePool:
    """Workers of a cluster, without a cluster; `forget` is what a restart does to them."""

    def __init__(self, builds: Sequence[Callable[[], Any]], *, address: str | None) -> None:
        assert address in (None, "auto")
        self.builds = builds
        self.forget()

    def forget(self) -> None:
        self.workers = [build() for build in self.builds]

    def ask(self, job: Any) -> list[Any]:
        return [worker(job) for worker in self.workers]

    def close(self) -> None:
        self.workers = []


@pytest.fixture(scope="module")
def uris(engine: Any, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    made = [str(tmp_path_factory.mktemp(f"part{k}")) for k in range(PARTS)]
    for k, uri in enumerate(made, start=1):
        pipeline.build_index(corpus, uri, engine=engine, part=(k, PARTS))
    return made


@pytest.fixture
def shards(engine: Any, uris: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(sharded, "WorkerPool", HerePool)
    with pipeline.open_shards(uris, engine=engine) as opened:
        yield opened


def assert_same(found: Results, wanted: Results, *, ties: bool = False) -> None:
    """The same hits in the same order, whatever the last digits and the order of equal scores."""
    assert found.total == wanted.total
    assert [h.rank for h in found.hits] == [h.rank for h in wanted.hits]
    pairs = zip(*(sorted(r.hits, key=in_order) for r in (found, wanted)), strict=True)
    for one, other in pairs:
        assert one.film_id == other.film_id
        assert one.score == pytest.approx(other.score, abs=1e-5)
        assert ties or one.percentile == pytest.approx(other.percentile)
        assert one.findings == other.findings
        parts = zip(one.parts, other.parts, strict=True)
        for a, b in parts:
            assert a.gain == pytest.approx(b.gain, abs=1e-5)
            assert replace(a, gain=0) == replace(b, gain=0)


def in_order(hit: Hit) -> tuple[float, str]:
    return (-round(hit.score, 4), hit.study_id)


def test_parts_hold_every_study_once(uris: list[str], index: Any) -> None:
    parts = [pipeline.open_index(uri).study_ids for uri in uris]
    assert all(parts)
    assert sorted(study for part in parts for study in part) == sorted(index.study_ids)


@pytest.mark.parametrize("text", ["Left pleural effusion. No mass.", "no pneumothorax"])
def test_text_finds_what_one_index_finds(engine: Any, index: Any, shards: Any, text: str) -> None:
    for page in ({"count": 24}, {"count": 5, "offset": 4}, {"count": 9, "where": "finding=mass"}):
        assert_same(
            pipeline.search_text(shards, engine, text, **page),
            pipeline.search_text(index, engine, text, **page),
        )


@pytest.mark.parametrize("ranking", ["words", "both"])
@pytest.mark.parametrize("text", ["Left pleural effusion. No mass.", "upper lung mass"])
def test_words_are_weighed_as_in_one_index(
    engine: Any, index: Any, shards: Any, ranking: Any, text: str
) -> None:
    page = {"ranking": ranking, "count": 24}
    found, wanted = (pipeline.search_text(i, engine, text, **page) for i in (shards, index))
    assert_same(found, wanted, ties=True)
    assert wanted.hits[0].score > wanted.hits[-1].score


def test_a_film_finds_what_one_index_finds(engine: Any, index: Any, shards: Any) -> None:
    film = index.films.columns["film_id"][7]
    for without in ([], ["effusion", "mass"]):
        found, wanted = (
            pipeline.search_film(i, engine, film, without=without, count=23)
            for i in (shards, index)
        )
        assert_same(found, wanted)
        assert film not in [hit.film_id for hit in found.hits]
    reports = [pipeline.search_reports(i, engine, film, count=23) for i in (shards, index)]
    assert_same(*reports, ties=True)  # the corpus has four different reports


def test_a_region_finds_what_one_index_finds(engine: Any, index: Any, shards: Any) -> None:
    film = index.films.columns["film_id"][3]
    for count in (3, 23):
        found = [
            pipeline.search_region(i, engine, film, Box(5, 5, 40, 30), count=count)
            for i in (shards, index)
        ]
        assert_same(*found)
        assert [h.region_id for h in found[0].hits] == [h.region_id for h in found[1].hits]


def test_codes_choose_the_films_that_they_choose_in_one_index(
    engine: Any, index: Any, index_uri: str, shards: Any, tmp_path: Path
) -> None:
    options = {"bits": 32, "steps": 5, "batch": 16}
    sources = pipeline.HeadSources(index=index_uri)
    pipeline.train_head("cmimh", sources, engine=engine, out=tmp_path, options=options)
    for shortlist in (3, 24):
        (coder, recall), (same, wanted) = (
            pipeline.open_codes(i, engine, tmp_path, shortlist=shortlist) for i in (shards, index)
        )
        assert recall == pytest.approx(wanted)
        assert 0 < recall <= 1
        assert pickle.loads(pickle.dumps(coder)).key == same.key  # it travels to the workers
        for ranking in ("image", "both"):
            for text in ("mass", "Left pleural effusion. No mass.", "no mass"):
                how: Any = {"ranking": ranking, "count": 24}
                found, right = (
                    pipeline.search_text(i, engine, text, codes=c, **how)
                    for i, c in ((shards, coder), (index, same))
                )
                assert_same(found, right, ties=True)
                if shortlist == 3 and text == "mass":
                    assert right.total <= 3


def test_workers_that_were_started_again_are_told_again(engine: Any, shards: Any) -> None:
    before = pipeline.search_text(shards, engine, "mass")
    shards._pool.forget()
    assert_same(pipeline.search_text(shards, engine, "mass"), before)


def test_the_shards_say_what_they_hold_together(index: Any, shards: Any) -> None:
    found, wanted = shards.info(), index.info()
    assert (found.studies, found.films, found.regions, found.sentences, found.findings) == (
        wanted.studies, wanted.films, wanted.regions, wanted.sentences, wanted.findings,
    )  # fmt: skip


def test_what_shards_cannot_do_is_said(
    engine: Any, shards: Any, uris: list[str], corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(RetrievalError, match="has no film 'none'"):
        pipeline.search_film(shards, engine, "none")
    with pytest.raises(RetrievalError, match="there is none that is complete"):
        pipeline.open_shards([uris[0], str(tmp_path / "none")], engine=engine)
    with pytest.raises(RetrievalError, match="1 <= k <= n, got 4 of 3"):
        pipeline.build_index(corpus, str(tmp_path / "x"), engine=engine, part=(4, 3))


def test_a_study_in_two_shards_is_one_hit(engine: Any, index: Any) -> None:
    one = pipeline.search_text(index, engine, "mass", count=3)
    both = merge([one, one], count=6, offset=0)
    assert [hit.study_id for hit in both.hits] == [hit.study_id for hit in one.hits]


def test_merging_nothing_gives_nothing() -> None:
    empty = Results((), 0, 0.5, scores=np.zeros(0))
    assert merge([empty, empty], count=5, offset=0).hits == ()


@pytest.mark.parametrize("part", ["2", "0/3", "4/3", "a/b"])
def test_a_part_is_one_of_several(corpus: Path, tmp_path: Path, part: str) -> None:
    asked = ["index", "build", str(corpus), "--out", str(tmp_path / "x"), "--part", part]
    found = CliRunner().invoke(app, asked)
    assert found.exit_code == 2
    assert "K/N" in found.output


def kill_workers() -> int:
    """End every process of our own cluster that holds a shard; other tests have theirs."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            ours = process.read_bytes().startswith(b"ray::_Worker") and descends(process.parent)
        except OSError:
            continue
        if ours:
            os.kill(int(process.parent.name), signal.SIGKILL)
            killed += 1
    return killed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_that_are_killed_answer_as_before(engine: Any, index: Any, uris: Any) -> None:
    pytest.importorskip("ray", reason="needs the extra `cluster`")
    wanted = pipeline.search_text(index, engine, "Left pleural effusion.", count=24)
    with pipeline.open_shards(uris, engine=engine) as shards:
        assert_same(
            pipeline.search_text(shards, engine, "Left pleural effusion.", count=24), wanted
        )
        assert kill_workers() == PARTS
        assert_same(
            pipeline.search_text(shards, engine, "Left pleural effusion.", count=24), wanted
        )
