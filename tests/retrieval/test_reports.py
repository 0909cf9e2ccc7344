"""Reports of a large index: a shortlist is read, and ranked as exact search ranks it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer import pipeline
from explorer.pipeline.retrieval import asking_of
from explorer.retrieval import search_report
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.report_shortlist import Agreement, foretold, measured, recall_of
from explorer.retrieval.search_film import film_of_index
from explorer.retrieval.search_indices import finish
from explorer.retrieval.statements import gains_of_films, report_totals
from explorer.retrieval.store import Tables, open_tables, writer


def opened(uri: str, *, exact_below: int = 1) -> Corpus:
    return Corpus(open_tables(uri), exact_below=exact_below)


@pytest.fixture
def large(engine: Any, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The 24 studies indexed as a large index is."""
    monkeypatch.setattr(
        pipeline.index_build,
        "finish",
        lambda index, uri, **how: finish(
            index, uri, **(how | {"exact_below": 1, "indexer": lambda *_, **__: None})
        ),
    )
    uri = str(tmp_path / "index")
    pipeline.build_index(corpus, uri, engine=engine)
    return uri


def test_what_is_counted_at_the_end_of_a_build_is_not_read_to_open(
    large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = open_tables(large).commit.about
    assert (about["reports"], about["sentences"]) == (24, 36)
    monkeypatch.setattr(Tables, "read", lambda *_: pytest.fail("a whole table was read"))
    monkeypatch.setattr(
        Corpus, "_read_films", lambda _: type("", (), {"columns": {"study_id": ()}})
    )
    found = opened(large)
    assert found.sentence_count == 36
    assert found.own_words.statements == 36
    assert found.own_region_mean.shape == (found.space.dimension,)


def test_counts_are_forgotten_by_a_write_and_taken_again(large: str) -> None:
    corpus = opened(large)
    told = next(s for s in corpus.study_ids if len(corpus.sentences.within(
        corpus.sentences.study == corpus.study_ids.index(s))))  # fmt: skip
    own = corpus.report(corpus.study_ids.index(told))
    with writer(large, corpus.space) as index:
        index.remove([told])
    unfinished = opened(large)
    assert "sentences" not in unfinished.tables.commit.about
    assert unfinished.sentence_count == 36 - len(set(own.place.tolist()))
    assert unfinished.counts["reports"] == 23


def test_a_shortlist_of_reports_is_ranked_as_in_exact_search(
    engine: Any, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_report, "SHORTLIST", 6)
    monkeypatch.setattr(search_report, "_A_HIT", 1)
    exact, near = opened(large, exact_below=1000), opened(large)
    film = exact.films.columns["film_id"][5]
    found, wanted = (pipeline.search_reports(i, engine, film, count=3) for i in (near, exact))
    assert "sentences" not in vars(near)
    assert (found.total, found.total + found.beyond) == (6, wanted.total)
    # The list holds the reports that agree best, of which some say the same.
    assert [h.score for h in found.hits] == pytest.approx([h.score for h in wanted.hits], abs=1e-3)
    places = {
        hit.study_id: hit for hit in pipeline.search_reports(exact, engine, film, count=24).hits
    }
    for hit in found.hits:
        same = places[hit.study_id]
        assert hit.score == pytest.approx(same.score, abs=1e-3)
        assert [p.sentence for p in hit.parts] == [p.sentence for p in same.parts]


def test_a_shortlist_grows_until_it_holds_a_page(
    engine: Any, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_report, "SHORTLIST", 2)
    monkeypatch.setattr(search_report, "_A_HIT", 1)
    near = opened(large)
    film = near.films.columns["film_id"][5]
    assert len(pipeline.search_reports(near, engine, film, count=9).hits) == 9


def test_what_a_report_gets_is_foretold_from_films_like_the_one_that_is_asked() -> None:
    rng = np.random.default_rng(0)
    signatures = rng.normal(size=(60, 4)).astype(np.float32)
    slopes = rng.normal(size=(4, 9)).astype(np.float32)
    known = Agreement(tuple("abcdefghi"), (signatures @ slopes).T, signatures)
    new = rng.normal(size=4).astype(np.float32)
    said = foretold(known, new)
    assert np.corrcoef(said, new @ slopes)[0, 1] > 0.99
    assert np.corrcoef(foretold(known, -new), new @ slopes)[0, 1] < -0.9


def test_the_index_says_how_many_of_the_best_reports_are_read(engine: Any, large: str) -> None:
    corpus = opened(large)
    assert corpus.info().as_json()["report_recall_at_10"] == 1.0  # of 24 all are read
    known, further = measured(corpus, asking_of(engine))
    said = corpus.sentences_of(range(24))
    film = film_of_index(corpus, corpus.films.columns["film_id"][corpus.base_rows[3]])
    gains = gains_of_films(corpus, [film.factors], said, asking_of(engine))
    studies, totals = report_totals(said, gains)
    assert known.studies == tuple(corpus.study_ids[s] for s in studies)
    assert known.values[:, 3] == pytest.approx(totals[0], abs=1e-3)
    assert recall_of(known, further, shortlist=24) == 1.0
    assert 0 < recall_of(known, further, shortlist=9) <= 0.9


def test_taking_a_study_out_keeps_what_is_known_of_the_others(engine: Any, large: str) -> None:
    gone = opened(large).study_ids[1]
    pipeline.remove_studies(large, study_ids=[gone])
    near = opened(large)
    assert near.tables.agreement is not None
    film = near.films.columns["film_id"][5]
    found = pipeline.search_reports(near, engine, film, count=24)
    assert gone not in [hit.study_id for hit in found.hits]
    assert len(found.hits) == found.total


def test_a_filter_is_indexed_and_finds_what_it_found(large: str) -> None:
    near = opened(large)
    columns = {c for index in near.tables.regions.list_indices() for c in index.columns}
    assert {"view", "age_band", "sex", "corpus", "source", "findings"} <= columns
    where = pipeline.parse_filter("finding=mass|pleural effusion")
    from explorer.retrieval.nearest import nearest_films

    vector = near.regions.vectors[0]
    found = nearest_films(near, vector, where, count=500)
    kept = np.flatnonzero(near.kept(where))
    assert set(found) == {near.films.columns["film_id"][row] for row in kept}
