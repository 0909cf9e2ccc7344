"""The Retrieve page on a small index: what is asked, what is found, and the empty states."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from explorer import pipeline
from explorer.entities import Box
from explorer.errors import RetrievalError
from explorer.ui import search
from explorer.ui.components.retrieve import _boxes, _hear
from explorer.ui.search import PAGE, Query
from explorer.ui.state import Session
from tests.ui.driving import recognise_late
from tests.ui.messages import bodies_of

from .conftest import FRONTAL

PAGE_FILE = "explorer/ui/pages/retrieve.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(index_uri: str, engine: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Open the page on the small index, at an address."""
    monkeypatch.setenv("EXPLORER_INDEX", index_uri)
    monkeypatch.setattr(pipeline, "open_engine", lambda *_, **__: engine)
    monkeypatch.setattr(pipeline, "list_checkpoints", lambda: (engine.card,))
    st.cache_resource.clear()

    def start(**address: str) -> AppTest:
        app = AppTest.from_file(str(Path(pipeline.APP_FILE)), default_timeout=120)
        app.run()
        for name, value in address.items():
            app.query_params[name] = value
        return app.switch_page(PAGE_FILE).run()

    yield start
    st.cache_resource.clear()


def memory(app: AppTest) -> Session:
    found = app.session_state["_session"]
    assert isinstance(found, Session)
    return found


def ask(app: AppTest, text: str, where: str = "") -> AppTest:
    app.text_area(key="search_text").set_value(text)
    app.text_input(key="search_where").set_value(where)
    return app.button(key="run_search").click().run()


def found(app: AppTest) -> dict[str, Any]:
    [body] = [body for body in bodies_of(app) if "hits" in body]
    return body


def test_the_page_says_what_can_be_searched(open_page: OpenPage) -> None:
    app = open_page()
    assert not app.exception
    said = " ".join(element.value for element in app.markdown)
    assert "24 studies" in said.replace("*", "")


def test_a_text_finds_studies_with_reasons(open_page: OpenPage) -> None:
    body = found(ask(open_page(), "left pleural effusion, no pneumothorax"))
    assert [hit["rank"] for hit in body["hits"]] == list(range(1, 25))
    for hit in body["hits"]:
        assert sum(part["gain"] for part in hit["parts"]) == pytest.approx(hit["score"], abs=1e-4)
        assert [part["absent"] for part in hit["parts"]] == [False, True]
    assert body["link"]["q"] == "left pleural effusion, no pneumothorax"
    assert body["asked"] == "for “left pleural effusion, no pneumothorax”"
    assert not any("study folders" in hit["facts"] for hit in body["hits"])  # all films are of them


def test_a_whole_report_is_never_put_into_an_address(open_page: OpenPage) -> None:
    body = found(ask(open_page(), "FINDINGS: Left pleural effusion. " * 20))
    assert body["link"] is None


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [("   ", "", "at least one word"), ("effusion", "colour=red", "A filter is a list")],
)
def test_what_cannot_be_asked_is_explained(
    open_page: OpenPage, text: str, where: str, said: str
) -> None:
    app = ask(open_page(), text, where)
    assert not app.exception
    assert said in app.error[0].value.replace("\\", "")


def test_an_address_asks_its_search(open_page: OpenPage) -> None:
    assert found(open_page(q="right upper lung mass"))["hits"]


def test_an_address_goes_before_what_was_searched_last(open_page: OpenPage) -> None:
    app = ask(open_page(), "left pleural effusion", "view=PA")
    app.query_params["q"] = "right upper lung mass"
    app.run()
    assert memory(app).search.query == Query("text", "right upper lung mass")  # type: ignore[union-attr]
    assert app.text_area(key="search_text").value == "right upper lung mass"
    assert app.text_input(key="search_where").value == ""
    ask(app, "cardiomegaly")  # the address is as it was, and asks nothing again
    assert memory(app.run()).search.query.text == "cardiomegaly"  # type: ignore[union-attr]


def test_a_hit_opens_in_ground_with_its_report(open_page: OpenPage) -> None:
    app = ask(open_page(), "right upper lung mass")
    film = found(app)["hits"][0]["film"]
    st.session_state["_session"] = memory(app)
    _hear("open", {"film": film})
    loaded = memory(app).loaded
    assert loaded is not None
    assert loaded.study.report is not None
    assert loaded.study.radiographs[0].notes == ()  # its picture is as large as the film was
    app.run()
    assert any(body.get("part") == "head" for body in bodies_of(app))  # the workbench


def test_a_hit_is_asked_in_ground_what_it_was_found_by(open_page: OpenPage) -> None:
    app = ask(open_page(), "No mass. Left pleural effusion. Cardiomegaly.")
    st.session_state["_session"] = memory(app)
    for hit in found(app)["hits"][:2]:  # the second time the phrase is there already
        _hear("open", {"film": hit["film"]})
        assert memory(app).typed == ["Left pleural effusion"]
        assert memory(app).asked[1] == "t:Left pleural effusion"  # type: ignore[index]


def test_a_film_that_an_index_keeps_smaller_says_so(index: Any) -> None:
    film = index.films.columns["film_id"][0]
    index.films.shapes[index.row_of(film)] = 800, 640
    [note] = pipeline.indexed_study(index, film).radiographs[0].notes
    assert note.endswith("at most 64 pixels a side; the original has 640 x 800.")


def test_a_hit_is_added_to_compare_beside_the_study_on_screen(open_page: OpenPage) -> None:
    app = ask(open_page(), "right upper lung mass")
    first, second = (hit["film"] for hit in found(app)["hits"][:2])
    on_screen = memory(app).loaded
    for film in (first, second, first):
        st.session_state["_session"] = memory(app)
        _hear("compare", {"film": film})
        app.run()
        app.switch_page(PAGE_FILE).run()
    loaded = memory(app).loaded
    assert on_screen is not None
    assert loaded is not None
    assert loaded.token == on_screen.token  # the study itself is as it was
    assert loaded.study == on_screen.study
    assert [pane.film for pane in memory(app).panes] == [None, 1, 2]
    app.switch_page("explorer/ui/pages/compare.py").run()
    [body] = [b for b in bodies_of(app) if "panes" in b and "desk" in b]
    assert len({pane["id"] for pane in body["panes"]}) == 3
    assert found(app.switch_page(PAGE_FILE).run())["at"] == first


def test_hits_of_a_film_stay_when_another_is_opened(open_page: OpenPage) -> None:
    app = open_page()
    app.segmented_control(key="search_kind").set_value("film").run()
    app.button(key="run_search").click().run()
    first, title = found(app), memory(app).loaded
    st.session_state["_session"] = memory(app)
    _hear("open", {"film": first["hits"][1]["film"]})
    app.run()
    app.switch_page(PAGE_FILE).run()
    assert found(app)["hits"] == first["hits"]
    assert any("not on screen now" in caption.value for caption in app.caption)
    again = memory(app).search
    assert again is not None
    assert title is not None
    memory(app).asked_search = search.page(again.query, 1)
    assert found(app.run())["queryFilm"] is not None
    assert memory(app).search.query.asked.loaded is title  # type: ignore[union-attr]
    app.button(key="put_back").click().run()
    assert memory(app).loaded.study is title.study  # type: ignore[union-attr]


def test_a_film_that_is_no_chest_radiograph_is_not_searched_with(
    open_page: OpenPage, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page()
    app.segmented_control(key="search_kind").set_value("film").run()
    monkeypatch.setattr(
        "tests.retrieval.conftest.FRONTAL", replace(FRONTAL, message="This looks turned.")
    )
    st.cache_resource.clear()
    assert found(app.button(key="run_search").click().run())["notes"] == ["This looks turned."]
    refused = replace(FRONTAL, refuse=True, message="This is no chest radiograph.")
    monkeypatch.setattr("tests.retrieval.conftest.FRONTAL", refused)
    st.cache_resource.clear()
    app.button(key="run_search").click().run()
    assert "This is no chest radiograph" in app.error[0].value.replace("\\", "")


def test_an_index_of_another_checkpoint_offers_to_search_with_that_one(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RetrievalError("An index holds vectors of one checkpoint.")

    app = open_page()
    maker = SimpleNamespace(name="other", title="The other one")
    monkeypatch.setattr(pipeline, "maker_of", lambda _: maker)
    with monkeypatch.context() as patch:
        patch.setattr(search, "run", refuse)
        ask(app, "right upper lung mass")
    assert "one checkpoint" in app.error[0].value
    assert app.button(key="take_maker").label == "Search with The other one"
    app.button(key="take_maker").click().run()
    assert memory(app).options.checkpoint == "other"
    assert memory(app).search.query.text == "right upper lung mass"  # type: ignore[union-attr]


def test_a_second_index_is_searched_beside(
    open_page: OpenPage, index_uri: str, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.retrieval.records import Space

    monkeypatch.setenv("EXPLORER_INDEX_BESIDE", index_uri)
    monkeypatch.setattr(pipeline, "maker_of", lambda _: engine.card)
    app = open_page()
    app.selectbox(key="search_beside").set_value(index_uri)
    ask(app, "right upper lung mass")
    assert "Both indices are of the checkpoint" in app.error[0].value
    monkeypatch.setattr(Space, "same_as", lambda *_: False)  # as if by another checkpoint
    body = found(app.button(key="run_search").click().run())
    assert body["beside"]["overlap"] == 1.0
    assert body["beside"]["agreement"] == pytest.approx(1.0)
    for hits in (body["hits"], body["beside"]["hits"]):
        assert [(hit["rank"], hit["other"], hit["change"]) for hit in hits] == [
            (k, k, 0) for k in range(1, 25)
        ]
    shown = memory(app).search
    assert shown is not None
    assert '"spearman"' in search.as_json(shown)


def test_a_reload_names_the_second_index_again(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ask(open_page(), "effusion")
    assert app.selectbox(key="search_beside").value is None
    shown = memory(app).search
    assert shown is not None
    query = replace(shown.query, beside="other")
    record = Session(search=replace(shown, query=query))
    recognise_late(monkeypatch, record)
    app.run()
    assert not app.exception
    assert app.selectbox(key="search_beside").value == "other"


def test_a_filter_that_nothing_passes_is_taken_away_on_request(open_page: OpenPage) -> None:
    app = ask(open_page(), "mass", "finding=unicorn")
    assert (found(app)["hits"], found(app)["where"]) == ([], "finding=unicorn")
    st.session_state["_session"] = memory(app)
    _hear("unfiltered", {})
    app.run()
    assert len(found(app)["hits"]) == 24


def test_judgements_are_kept_by_query_and_taken_back(open_page: OpenPage) -> None:
    app = ask(open_page(), "mass")
    film = found(app)["hits"][0]["film"]
    st.session_state["_session"] = memory(app)
    _hear("judge", {"film": film, "text": "right"})
    [row] = csv.DictReader(io.StringIO(search.judgements(memory(app))))
    assert {name: row[name] for name in ("searched_by", "text", "rank", "film", "judgement")} == {
        "searched_by": "text", "text": "mass", "rank": "1", "film": film, "judgement": "right",
    }  # fmt: skip
    assert found(app.run())["hits"][0]["judged"] == "right"
    _hear("judge", {"film": film, "text": None})
    assert len(search.judgements(memory(app)).splitlines()) == 1


def test_a_judgement_of_a_search_with_one_film_is_not_one_with_another(
    open_page: OpenPage,
) -> None:
    app = open_page()
    app.segmented_control(key="search_kind").set_value("film").run()
    app.button(key="run_search").click().run()
    film = found(app)["hits"][1]["film"]
    st.session_state["_session"] = memory(app)
    _hear("judge", {"film": film, "text": "wrong"})
    [row] = csv.DictReader(io.StringIO(search.judgements(memory(app))))
    assert row["query_film"] == memory(app).radiograph.digest  # type: ignore[union-attr]
    assert [hit["judged"] for hit in found(app.run())["hits"]].count("wrong") == 1
    _hear("open", {"film": found(app)["hits"][0]["film"]})
    app.run()
    app.switch_page(PAGE_FILE).run()
    app.segmented_control(key="search_kind").set_value("film").run()
    app.button(key="run_search").click().run()
    assert [hit["judged"] for hit in found(app)["hits"]].count("wrong") == 0


def test_without_an_index_the_page_says_how_to_make_one(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EXPLORER_INDEX")
    monkeypatch.setattr(pipeline, "bundled_index", lambda: None)
    app = open_page()
    assert "explorer index build" in app.info[0].value


def test_a_place_without_an_index_is_an_error_in_words(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EXPLORER_INDEX", str(tmp_path / "nothing"))
    app = open_page()
    assert not app.exception
    assert app.error


def test_pages_step_and_never_before_the_first() -> None:
    query = Query("text", "mass")
    assert search.page(query, 1).offset == PAGE
    assert search.page(search.page(query, 1), -1) == query
    assert search.page(query, -1).offset == 0
    assert search.page(query, 1).name == query.name


def test_boxes_of_another_film_or_outside_are_dropped() -> None:
    from explorer.ui.components.viewer import image_id
    from tests.viewer.synthetic import make_radiograph

    film = make_radiograph()  # 8 wide, 6 high
    good = {"image": image_id(film), "box": [1, 1, 7, 5]}
    bad: list[Any] = [good | {"image": "other"}, good | {"box": [1, 1, 9, 5]},
                      good | {"box": [4, 1, 1, 5]}, good | {"box": "x"}, {}, None]  # fmt: skip
    assert _boxes([*bad, good], film) == (Box(1, 1, 7, 5),)
    assert _boxes("boxes", film) == ()
    assert _boxes([good], None) == ()
