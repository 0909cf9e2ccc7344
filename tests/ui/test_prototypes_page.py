"""The Prototypes page: rooms, edits and picked points; and what it says when there is no index."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer import pipeline
from explorer.ui import clustered
from explorer.ui import rooms as work
from explorer.ui.indices import choose_index, names_of
from explorer.ui.search import Query, Search
from explorer.ui.state import Session

from .driving import hear, memory, recognise_late, words
from .messages import head, phrases
from .tiny import TinyEngine, png

PAGE = "explorer/ui/pages/prototypes.py"
MADE = work.Choice(granularity=12)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight made-up films with a report."""
    corpus = tmp_path_factory.mktemp("films")
    for seed in range(8):
        folder = corpus / f"s{seed}"
        folder.mkdir()
        (folder / "image.png").write_bytes(png(seed))
        (folder / "report.txt").write_text("FINDINGS: Left pleural effusion. <b>Mass</b> *right*.")
    return corpus


def index_by(name: str, corpus: Path, uri: Path) -> str:
    from .tiny import card

    pipeline.build_index(corpus, str(uri), engine=TinyEngine(card(name)))
    return str(uri)


@pytest.fixture(scope="module")
def built_index(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index of the films by the tiny engine."""
    return index_by("one", corpus, tmp_path_factory.mktemp("index"))


@pytest.fixture
def open_page(
    open_app: Callable[[], AppTest], built_index: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AppTest]:
    def start() -> AppTest:
        monkeypatch.setenv("EXPLORER_INDEX", built_index)
        app = open_app()
        rooms = work.rooms_of(memory(app))
        rooms.choice = MADE
        return app.switch_page(PAGE).run()

    return start


def names(app: AppTest) -> list[str]:
    return [str(b.key) for b in app.button if str(b.key).startswith("open_")]


def open_first(app: AppTest) -> AppTest:
    return app.button(key=names(app)[0]).click().run()


def test_the_gallery_lists_a_card_for_every_prototype(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    assert not app.exception
    assert not app.error
    assert len(names(app)) == 12
    assert "tightness" in words(app)


def test_a_room_opens_and_is_left_again(open_page: Callable[[], AppTest]) -> None:
    app = open_first(open_page())
    assert not app.error
    assert memory(app).rooms is not None
    assert app.button(key="leave_room")
    assert "Claims of reports nearest to it" in words(app)
    app.button(key="leave_room").click().run()
    assert len(names(app)) == 12


def test_an_exemplar_opens_in_ground(open_page: Callable[[], AppTest]) -> None:
    app = open_first(open_page())
    app.button(key="ground_0").click().run()
    loaded = memory(app).loaded
    assert loaded is not None
    assert loaded.origin == "index"
    (phrase,) = memory(app).typed  # that found the region
    assert memory(app).asked == (1, f"t:{phrase}")


def test_edits_are_kept_and_taken_back(open_page: Callable[[], AppTest]) -> None:
    app = open_first(open_page())
    app.button(key="merge").click().run()
    rooms = memory(app).rooms
    assert rooms is not None
    (edited,) = rooms.edited.values()
    assert len(edited.prototypes) == 11
    app.button(key="undo_room").click().run()
    (back,) = rooms.edited.values()
    assert len(back.prototypes) == 12


def test_a_given_name_is_shown_letter_by_letter(open_page: Callable[[], AppTest]) -> None:
    app = open_first(open_page())
    name = next(f for f in app.text_input if str(f.key).startswith("name_"))
    before = name.value
    name.set_value("![x](http://a.b) :red[y]")
    next(b for b in app.button if b.label == "Rename").click().run()
    heading = next(m.value for m in app.markdown if m.value.startswith("###"))
    assert heading == r"### \!\[x\]\(http\:\/\/a\.b\) \:red\[y\]"
    app.button(key="undo_room").click().run()
    field = next(f for f in app.text_input if str(f.key).startswith("name_"))
    assert field.value == before


def test_points_picked_on_the_map_decide_what_is_listed(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    rooms = memory(app).rooms
    assert rooms is not None
    clustering = pipeline_of(app)
    number = clustering.prototypes[0].id
    found = work.picked_rooms(clustering, tuple(clustering.members(number).tolist()))
    assert found == {number: clustering.prototypes[0].size}


def pipeline_of(app: AppTest) -> pipeline.Clustering:
    """The prototypes on the page."""
    from explorer.ui import engines, search

    engine = engines.engine("one")
    index = search.index_of(memory(app), os.environ["EXPLORER_INDEX"])
    return clustered.build(index, engine, MADE).clustering


def test_all_kinds_lie_on_one_map_with_the_gap_in_numbers(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    app.selectbox(key="prototype_shown").set_value("mixed").run()
    assert not app.exception
    told = [line for line in words(app).splitlines() if line.startswith("- ")]
    assert len(told) == 3  # every two of regions, films and sentences
    assert all("centroids" in line and "nearer to their own" in line for line in told)
    open_first(app)  # its points are lit up
    assert not app.exception
    app.selectbox(key="prototype_shown").set_value("closed").run()
    assert "about its own middle" in words(app)


def test_doubt_is_defined_where_it_colours_and_many_points_become_shades(
    open_page: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.ui.components.prototypes import plane

    monkeypatch.setattr(plane, "MOST_POINTS", 10)
    monkeypatch.setattr(plane, "SAMPLE", 5)
    app = open_page()
    app.segmented_control(key="prototype_colour").set_value("doubt").run()
    assert not app.exception
    assert pipeline.ABOUT_DOUBT in words(app)
    assert "Points: 5 of them" in words(app)


def test_a_second_index_is_laid_over_and_what_moved_is_listed(
    open_page: Callable[[], AppTest],
    corpus: Path,
    tmp_path: Path,
    engines: dict[str, TinyEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = index_by("two", corpus, tmp_path / "two")
    monkeypatch.setenv("EXPLORER_INDEX_BESIDE", other)
    monkeypatch.setattr(pipeline, "maker_of", lambda _: engines["two"].card)
    app = open_page()
    app.selectbox(key="prototype_beside").set_value(other).run()
    assert not app.exception
    assert not app.error
    # Both engines make the same vectors, so nothing moved.
    assert "100\u00a0% of the 10 nearest neighbours are the same" in words(app)
    assert "differ by 0.00" in words(app)
    assert {"Moved", "Neighbours kept", "Prototype", "Film", "Words"} == set(app.dataframe[0].value)


def test_a_reload_fills_the_form_again_and_leaves_the_room_open(
    open_page: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page()
    number = pipeline_of(app).prototypes[2].id
    look = work.Look(colour="view", order="tightness", named="no")
    record = Session(rooms=work.Rooms(choice=MADE, look=look, open=number))
    recognise_late(monkeypatch, record)
    app.selectbox(key="prototype_granularity").set_value(24)  # what a fresh form would say
    app.run()
    assert not app.exception
    assert app.selectbox(key="prototype_granularity").value == MADE.granularity
    assert app.segmented_control(key="prototype_colour").value == "view"
    assert app.button(key="leave_room")
    app.button(key="leave_room").click().run()
    assert app.selectbox(key="prototype_order").value == "tightness"
    assert app.text_input(key="prototype_name").value == "no"


def test_what_the_page_shows_first_is_ready_before_it_is_opened(
    open_page: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch, built_index: str
) -> None:
    monkeypatch.setenv("EXPLORER_INDEX", built_index)
    monkeypatch.setattr(clustered, "Choice", lambda: MADE)
    monkeypatch.setattr(clustered, "wait_for_quiet", lambda: None)
    clustered.prepare()
    monkeypatch.setattr(pipeline, "build_prototypes", None)  # calling these would fail
    monkeypatch.setattr(pipeline, "on_a_plane", None)
    app = open_page()
    assert not app.exception
    assert not app.error
    assert len(names(app)) == 12


def test_where_the_film_uses_a_prototype_is_drawn_in_ground_until_it_is_taken_away(
    open_page: Callable[[], AppTest],
) -> None:
    app = open_first(open_page())
    number = work.rooms_of(memory(app)).open
    app.button(key="show_use").click().run()
    alike = memory(app).alike
    assert alike is not None
    app.switch_page("explorer/ui/pages/ground.py").run()
    assert not app.exception
    drawn = next(phrase for phrase in phrases(app) if phrase["kind"] == "likeness")
    assert drawn["text"].startswith(f"Prototype {number}: ")
    assert drawn["map"]["threshold"] == pytest.approx(alike.use.threshold)
    assert (drawn["map"]["source"], drawn["map"]["bar"]) == ("likeness", "cosine")
    assert head(app)["asked"]["phrase"] == drawn["id"] == f"p:{drawn['text']}"
    hear(app, "forget", text=drawn["text"])
    assert "likeness" not in {phrase["kind"] for phrase in phrases(app)}


def test_a_film_that_is_no_radiograph_is_told_and_compared_with_nothing(
    open_page: Callable[[], AppTest], engines: dict[str, TinyEngine]
) -> None:
    for engine in engines.values():
        engine.verdict = "not a chest radiograph"
    app = open_page()
    assert "This looks not a chest radiograph." in words(app)
    assert not app.error
    assert not [b for b in app.button if str(b.key).startswith(("use_", "show_use"))]


def test_another_map_leaves_the_room_open_and_other_prototypes_close_it() -> None:
    rooms = work.Rooms(choice=MADE, open=3, picked=(1, 2))
    rooms.look = work.Look(way="other")
    rooms.choose(work.Choice(granularity=12))
    assert (rooms.open, rooms.picked) == (3, (1, 2))
    rooms.choose(work.Choice(granularity=24))
    assert (rooms.open, rooms.picked) == (None, ())


def test_a_press_on_a_list_that_is_out_of_date_opens_no_other_room() -> None:
    rooms = work.Rooms(choice=MADE)
    rooms.enter(3, work.Choice(granularity=24))
    assert rooms.open is None
    rooms.enter(3, MADE)
    assert (rooms.open, rooms.at) == (3, "rooms")


def test_another_checkpoint_than_that_of_the_index_is_changed_with_one_press(
    open_page: Callable[[], AppTest],
    engines: dict[str, TinyEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "maker_of", lambda _: engines["one"].card)
    app = open_page()
    app.selectbox(key="checkpoint").set_value("two").run()
    assert "An index holds vectors of one checkpoint" in words(app)
    app.button(key="use_maker").click().run()
    assert not app.exception
    assert app.selectbox(key="checkpoint").value == "one"
    assert len(names(app)) == 12


def test_too_few_points_are_explained(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    app.selectbox(key="prototype_granularity").set_value(96).run()
    app.segmented_control(key="prototype_level").set_value("films").run()
    assert "96 prototypes need" in words(app)
    assert not app.exception


def test_no_index_and_a_broken_one_say_what_to_do(
    open_app: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("EXPLORER_INDEX", raising=False)
    monkeypatch.setattr(pipeline, "bundled_index", lambda: None)
    app = open_app().switch_page(PAGE).run()
    assert "explorer index build" in words(app)
    monkeypatch.setenv("EXPLORER_INDEX", str(tmp_path / "none"))
    app.run()
    assert "There must be an index" in words(app)
    assert not app.exception


def test_orders_put_the_best_first(open_page: Callable[[], AppTest]) -> None:
    clustering = pipeline_of(open_page())
    sizes = [clustering.prototype(n).size for n in work.in_order(clustering, "size")]
    assert sizes == sorted(sizes, reverse=True)
    places = [clustering.prototype(n).position_share for n in work.in_order(clustering, "position")]
    assert np.all(np.diff(np.array(places, dtype=float)) >= 0)


def test_another_index_is_taken_on_the_page_and_by_retrieve(
    open_page: Callable[[], AppTest],
    corpus: Path,
    built_index: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    app = open_page()
    other = index_by("one", corpus, tmp_path / "other.index")
    monkeypatch.setenv("EXPLORER_INDEX", f"{built_index}, {other}")
    open_first(app)
    app.selectbox(key="index_choice").set_value(other).run()
    assert memory(app).index == other
    assert work.rooms_of(memory(app)).open is None  # a room of the index before
    app.switch_page("explorer/ui/pages/retrieve.py").run()
    assert app.selectbox(key="index_choice").value == other
    assert not app.exception
    assert not app.error


def test_another_index_is_asked_the_same_and_shows_nothing_of_the_one_before() -> None:
    rooms = work.Rooms(open=3, picked=(1, 2), edited={"of a.index": cast(Any, "merged")})
    found = Search(Query("text", "mass", offset=24), cast(Any, "hits"), uri="a.index")
    here = Session(index="a.index", search=found, rooms=rooms)
    choose_index(here, " a.index ")
    assert here.search is found
    choose_index(here, "b.index")
    assert (here.index, here.search, here.asked_search) == ("b.index", None, Query("text", "mass"))
    assert (rooms.open, rooms.picked) == (None, ())
    assert list(rooms.edited) == ["of a.index"]  # they are kept by index: a way back finds them


def test_what_speaks_of_a_film_of_an_index_is_not_asked_of_another() -> None:
    found = Search(Query("film", film="f1"), cast(Any, "hits"), uri="a.index")
    here = Session(index="a.index", search=found)
    choose_index(here, "b.index")
    assert (here.search, here.asked_search) == (None, None)


def test_two_indices_of_one_name_are_told_apart() -> None:
    named = names_of(("/a/films.index", "/b/films.index", "s3://store/other.index"))
    assert list(named.values()) == ["a/films.index", "b/films.index", "other.index"]
