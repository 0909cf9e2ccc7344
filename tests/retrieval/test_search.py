"""Searches of a small index: order, parts that sum to the score, filters, denials, pages."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from explorer import pipeline
from explorer.embeddings import Taught
from explorer.entities import Box
from explorer.errors import RetrievalError
from explorer.pipeline.query import read_query, untaught
from explorer.pipeline.retrieval import asking_of
from explorer.retrieval.scoring import film_log_odds, film_scale, on_own_scale, statement_gains
from explorer.retrieval.search_film import film_of_index, likeness_parts
from explorer.retrieval.statements import sentence_gains
from explorer.retrieval.vocabulary import SIGNATURE
from explorer.text import read_report
from tests import tiny_model


def embedded(engine: Any, seed: int) -> Any:
    return pipeline.embed_pixels(engine, tiny_model.pixels(seed=seed))


def test_parts_sum_to_the_score_and_the_best_comes_first(engine: Any, index: Any) -> None:
    found = pipeline.search_text(index, engine, "Left pleural effusion. No mass.", count=24)
    assert found.total == len(found.hits) == 24
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    for hit in found.hits:
        assert sum(part.gain for part in hit.parts) == pytest.approx(hit.score)
        assert [part.assertion for part in hit.parts] == ["present", "absent"]
    assert [hit.rank for hit in found.hits] == list(range(1, 25))
    assert (found.hits[0].percentile, found.hits[-1].percentile) == (1.0, 0.0)


def test_a_denial_turns_the_ranking_round(engine: Any, index: Any) -> None:
    denied = pipeline.search_text(index, engine, "no pleural effusion", count=24)
    query = pipeline.embed_phrases(engine, ["pleural effusion"]).vectors
    odds = film_log_odds(index, np.arange(24), query, engine.scoring)
    weakest = [index.films.columns["film_id"][row] for row in np.argsort(odds[:, 0])]
    assert [h.film_id for h in denied.hits] == weakest
    assert all(not part.boxes for hit in denied.hits for part in hit.parts)


def test_pages_follow_each_other(engine: Any, index: Any) -> None:
    whole = pipeline.search_text(index, engine, "mass", count=10)
    second = pipeline.search_text(index, engine, "mass", count=5, offset=5)
    assert second.hits == whole.hits[5:]
    assert pipeline.search_text(index, engine, "mass", offset=99).hits == ()


def test_words_rank_reports_that_say_the_same(engine: Any, index: Any) -> None:
    found = pipeline.search_text(index, engine, "pleural effusion", ranking="words", count=24)
    first = found.hits[:6]
    assert all("pleural effusion" in hit.findings for hit in first)
    assert first[0].parts[0].sentence.endswith("pleural effusion.")
    denied = pipeline.search_text(index, engine, "no pleural effusion", ranking="words", count=6)
    assert all(hit.findings == ("cardiomegaly",) for hit in denied.hits)
    both = pipeline.search_text(index, engine, "pleural effusion", ranking="both", count=24)
    assert both.total == 24


def test_a_filter_leaves_only_what_it_keeps(engine: Any, index: Any) -> None:
    kept = pipeline.search_text(index, engine, "mass", where="finding=mass", count=24)
    assert kept.total == 6
    assert all("mass" in hit.findings for hit in kept.hits)
    without = pipeline.search_text(index, engine, "mass", where="without=mass", count=24)
    assert without.total == 18
    none = pipeline.search_text(index, engine, "mass", where="view=AP")
    assert (none.total, none.hits) == (0, ())
    with pytest.raises(RetrievalError, match="got 'views=AP'"):
        pipeline.search_text(index, engine, "mass", where="views=AP")


def test_a_film_finds_itself_and_the_film_of_the_index_does_not(engine: Any, index: Any) -> None:
    from explorer.retrieval.vocabulary import SIGNATURE

    asked = embedded(engine, 3)
    found = pipeline.search_film(index, engine, asked, count=24)
    own = found.hits[0]
    assert own.score == pytest.approx(1, abs=0.05)
    for hit in found.hits:
        assert sum(part.gain for part in hit.parts) == pytest.approx(hit.score, abs=1e-5)
    others = pipeline.search_film(index, engine, own.film_id, count=24)
    assert own.film_id not in [hit.film_id for hit in others.hits]
    assert others.total == 23
    assert found.hits[0].parts[0].text in SIGNATURE


def test_like_it_but_without_takes_away_the_finding(engine: Any, index: Any) -> None:
    asked = embedded(engine, 3)
    plain = pipeline.search_film(index, engine, asked, count=24)
    without = pipeline.search_film(index, engine, asked, without=["pleural effusion"], count=24)
    order = pipeline.search_text(index, engine, "no pleural effusion", count=24)
    last = order.hits[-1].film_id  # most effusion of all
    rank = {hit.film_id: hit.rank for hit in plain.hits}, {h.film_id: h.rank for h in without.hits}
    assert rank[1][last] >= rank[0][last]
    assert without.hits[0].parts[-1].text == "no pleural effusion"
    for hit in without.hits:
        assert sum(part.gain for part in hit.parts) == pytest.approx(hit.score, abs=1e-5)


def test_reports_for_a_film_show_every_sentence(engine: Any, index: Any) -> None:
    found = pipeline.search_reports(index, engine, embedded(engine, 5), count=24)
    assert found.total == 24
    for hit in found.hits:
        assert sum(part.gain for part in hit.parts) == pytest.approx(hit.score, abs=1e-4)
    hit = next(hit for hit in found.hits if "pleural effusion" in hit.findings)
    assert [part.text for part in hit.parts] == ["Left pleural effusion", "No pneumothorax"]
    assert [part.assertion for part in hit.parts] == ["present", "absent"]


def test_a_region_finds_its_own_place_again(engine: Any, index: Any) -> None:
    row = 7
    box = index.regions.box(row)
    film = index.films.columns["film_id"][index.regions.film[row]]
    found = pipeline.search_region(index, engine, film, box, count=30)
    assert film not in [hit.film_id for hit in found.hits]
    assert found.hits[0].region_id
    assert found.hits[0].parts[0].boxes
    assert found.hits[0].parts[0].query_box == box
    seed = int(np.flatnonzero(np.array(index.films.columns["film_id"]) == film)[0])
    asked = replace(embedded(engine, seed))
    again = pipeline.search_region(index, engine, asked, Box(0, 0, 64, 64), count=5)
    assert len(again.hits) == 5
    height, width = index.films.shapes[seed]
    said = (
        f"x 0 to {width} and y 0 to {height} of {width} x {height} pixels; got x 900 to 910 and "
        "y 800 to 810. Give a box inside it"
    )
    with pytest.raises(RetrievalError, match=said):
        pipeline.search_region(index, engine, film, Box(900, 800, 910, 810))


def test_approximate_search_agrees_with_exact(engine: Any, index_uri: str) -> None:
    from explorer.retrieval.corpus import Corpus
    from explorer.retrieval.store import open_tables

    exact = pipeline.open_index(index_uri, engine=engine)
    near = Corpus(open_tables(index_uri), exact_below=1)
    assert not near.is_exact
    for query in ("left pleural effusion", "mass. No pleural effusion.", "no mass"):
        found = [
            [hit.film_id for hit in pipeline.search_text(i, engine, query, count=5).hits]
            for i in (exact, near)
        ]
        assert found[0] == found[1]
    film = exact.films.columns["film_id"][0]
    hits = [pipeline.search_region(i, engine, film, Box(5, 5, 30, 30)).hits for i in (exact, near)]
    assert hits[0][0].region_id == hits[1][0].region_id
    assert near.info().search == "approximate"


def test_a_small_index_is_read_against_the_reference_films(
    engine: Any, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.retrieval.scoring.LEAST_FILMS", 100)
    query = pipeline.embed_phrases(engine, ["mass"]).vectors
    rows = np.arange(24)
    plain = film_log_odds(index, rows, query, engine.scoring)
    patches = np.stack([film.values().reshape(64, -1) for film in index.factors(rows)])
    films: Any = SimpleNamespace(
        basis=np.eye(patches.shape[2]),
        patches=patches,
        counts=np.ones(patches.shape[:2], np.float32),
    )
    read = film_log_odds(index, rows, query, engine.scoring, reference=films)
    assert abs(plain.mean()) > 0.1  # a pooled logit, on the scale of its phrase
    assert read.mean() == pytest.approx(0, abs=0.05)
    assert np.argsort(read[:, 0]).tolist() == np.argsort(plain[:, 0]).tolist()


def test_a_film_that_scores_high_for_everything_is_not_first_for_everything(
    engine: Any, index: Any
) -> None:
    vectors = pipeline.embed_phrases(engine, SIGNATURE).vectors
    rows, present = np.arange(24), ["present"] * len(vectors)
    plain = film_log_odds(index, rows, vectors, engine.scoring)
    scale = film_scale(index)
    odds = on_own_scale(plain, *scale, present)  # type: ignore[arg-type]
    denied = on_own_scale(plain, *scale, ["absent"] * len(vectors))
    assert np.array_equal(denied, plain)
    # The vocabulary is what a film is read against, over whole grids as they were before packing.
    assert odds.mean(axis=1) == pytest.approx(np.zeros(24), abs=0.15)
    assert odds.std(axis=1) == pytest.approx(np.ones(24), abs=0.15)


def test_the_agreement_with_every_report_varies_alike_over_films(engine: Any, index: Any) -> None:
    asking = pipeline.retrieval.asking_of(engine)
    films = [film_of_index(index, film) for film in index.films.columns["film_id"]]
    gains = np.array([sentence_gains(index, film, asking) for film in films])
    study = index.sentences.study
    totals = np.array([np.bincount(study, weights=row, minlength=24) for row in gains])
    told = np.bincount(study, weights=index.sentences.counts, minlength=24) > 0
    assert told.sum() == 18
    assert totals.std(axis=0) == pytest.approx(told.astype(float), abs=1e-6)


def test_a_phrase_that_can_be_trusted_twice_as_far_gives_twice_as_much(
    engine: Any, index: Any
) -> None:
    vectors = pipeline.embed_phrases(engine, ["mass", "effusion"]).vectors
    rows = np.arange(24)
    odds = film_log_odds(index, rows, vectors, engine.scoring)
    said = ["present", "uncertain"]
    plain = statement_gains(index, rows, odds, vectors, said)  # type: ignore[arg-type]
    trust = np.linalg.pinv(np.column_stack([vectors, [1.0, 1.0]])) @ [2.0, 0.5]
    films: Any = SimpleNamespace(trust=trust.astype(np.float32))
    read = statement_gains(index, rows, odds, vectors, said, reference=films)  # type: ignore[arg-type]
    assert read == pytest.approx(plain * [2.0, 0.5], rel=1e-3)


def test_a_report_that_fits_many_films_loses_to_one_that_fits_this(engine: Any, index: Any) -> None:
    """Over the films that fit each report best, what agreements lose is half of their mean."""
    asking = pipeline.retrieval.asking_of(engine)
    films = [film_of_index(index, film) for film in index.films.columns["film_id"]]
    gains = np.array([sentence_gains(index, film, asking) for film in films])
    study = index.sentences.study
    totals = np.array([np.bincount(study, weights=row, minlength=24) for row in gains])
    told = np.bincount(study, weights=index.sentences.counts, minlength=24) > 0
    best = np.sort(totals - totals.mean(axis=0), axis=0)[-2:].mean(axis=0)
    assert totals.mean(axis=0)[told] == pytest.approx(-best[told] / 2, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  ", "at least one word"),
        ("?!", "at least one word"),
        ("effusion " * 2000, "may have 10,000 characters"),
    ],
)
def test_what_cannot_be_asked_is_said(engine: Any, index: Any, text: str, message: str) -> None:
    with pytest.raises(RetrievalError, match=message):
        pipeline.search_text(index, engine, text)


def test_another_language_is_warned_of(
    engine: Any, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = replace(read_report("Kein Erguss."), language="de", notes=())
    monkeypatch.setattr("explorer.pipeline.query.read_report", lambda _: german)
    found = pipeline.search_text(index, engine, "Kein Erguss.")
    assert found.hits
    [note] = found.notes
    assert note.startswith("The text seems to be in German; the text tower knows English only")


def test_statements_ask_denials_by_their_finding() -> None:
    statements, notes = read_query("Large left effusion. No consolidation or pneumothorax.")
    assert [(s.asked, s.assertion) for s in statements] == [
        ("Large left effusion", "present"),
        ("consolidation", "absent"),
        ("pneumothorax", "absent"),
    ]
    assert notes == ()


def test_a_search_for_what_was_never_taught_says_so(
    engine: Any, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = SimpleNamespace(taught=Taught(("pleural effusion",), ("left", "side")))
    statements, _ = read_query("Left pleural effusion. Train timetable. Left side.")
    [note] = untaught(statements, films.taught)
    assert note.startswith("The model does not know “Train timetable”: ")
    assert untaught(statements[:1], films.taught) == ()
    asking = asking_of(engine)  # with no reference films: their vectors are not of this test
    monkeypatch.setattr("explorer.pipeline.retrieval.asking_of", lambda _: asking)
    monkeypatch.setattr(engine, "reference", films, raising=False)
    film = index.films.columns["film_id"][0]
    found = (
        pipeline.search_text(index, engine, "train timetable"),
        pipeline.search_film(index, engine, film, without=["a pony"]),
        pipeline.search_text(index, engine, "effusion timetable", ranking="words"),
    )
    assert [len(results.notes) for results in found] == [1, 1, 0]


def test_a_thumbnail_is_the_film_small_enough(index: Any) -> None:
    film = index.films.columns["film_id"][0]
    pixels = pipeline.film_pixels(index, film)
    assert pixels.shape == (64, 64)
    assert np.abs(pixels - tiny_model.pixels(seed=0)).mean() < 0.03
    with pytest.raises(RetrievalError, match="has no film 'x'"):
        pipeline.film_pixels(index, "x")


def test_a_film_opened_from_an_index_is_shown_as_its_picture_in_256_levels(index: Any) -> None:
    film = index.films.columns["film_id"][0]
    shown = pipeline.indexed_study(index, film).radiographs[0]
    np.testing.assert_allclose(shown.pixels, pipeline.film_pixels(index, film), atol=1e-6)
    assert (shown.windows[0].center, shown.windows[0].width) == (127.5, 255)  # type: ignore[union-attr]
    assert shown.levels.max() <= 255


def test_likeness_is_highest_for_the_film_itself(engine: Any, index: Any) -> None:
    from explorer.retrieval.search_film import film_of_index

    for row, film in list(enumerate(index.films.columns["film_id"]))[:5]:
        like = likeness_parts(index, film_of_index(index, film)).sum(axis=1)
        assert int(np.argmax(like)) == row
        assert like[row] == pytest.approx(1)


def test_results_as_a_document_hold_no_secret(engine: Any, index: Any, corpus: Path) -> None:
    found = pipeline.search_text(index, engine, "mass", count=3)
    document = pipeline.results_document(found, index.info())
    assert document["schema"] == "radiograph-retrieval/1"
    assert [hit["rank"] for hit in document["hits"]] == [1, 2, 3]
    assert corpus.name not in str(document["hits"])
