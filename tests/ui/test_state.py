"""What a session keeps and what it forgets."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from explorer.entities import Radiograph, Study, ViewPosition, Window
from explorer.ui import engines
from explorer.ui.components.viewer import LONGEST_PHRASE, MAX_PANES, MOST_TYPED
from explorer.ui.loaded import Beside, LoadedStudy
from explorer.ui.state import MOST_WORKS, Options, PaneChoice, Problem, Session


def _film(view: ViewPosition) -> Radiograph:
    pixels = np.zeros((4, 4), np.float32)
    return Radiograph(
        pixels=pixels,
        levels=pixels.astype(np.uint16),
        level_slope=1.0,
        level_intercept=0.0,
        windows=(Window("default", 0.5, 1.0),),
        inverted=False,
        source_format="PNG",
        digest=view,
        view_position=view,
    )


def _loaded(*views: ViewPosition) -> LoadedStudy:
    study = Study("id", tuple(_film(view) for view in views))
    return LoadedStudy(study, "upload", "Your study", tuple(views))


def _problem() -> Problem:
    return Problem("a.dcm", "This file is damaged", "...")


def test_a_frontal_radiograph_is_shown_before_a_lateral_one() -> None:
    memory = Session()
    memory.show(_loaded("lateral", "PA"))
    assert memory.radiograph is not None
    assert memory.radiograph.view_position == "PA"


def test_a_new_study_forgets_problems_and_keeps_what_was_asked() -> None:
    memory = Session(typed=["effusion"], words_asked=[(0, "t:effusion", "leave one out")])
    memory.ask("t:effusion")
    memory.problems = (_problem(),)
    memory.show(_loaded("PA"))
    assert (memory.problems, memory.asked, memory.words_asked) == ((), None, [])
    assert memory.typed == ["effusion"]  # one question can be asked of many studies


def test_the_same_study_opened_twice_is_two_openings() -> None:
    study = _loaded("PA")
    assert study.anew().token != study.token
    assert _loaded("PA").token != _loaded("PA").token


def test_a_second_failed_opening_is_another_one() -> None:
    memory = Session()
    memory.fail(())
    first = memory.failure
    memory.fail(())
    assert memory.failure not in ("", first)


def test_a_failed_opening_takes_the_study_off_the_screen_until_it_is_asked_back() -> None:
    memory = Session()
    memory.show(_loaded("PA", "lateral"))
    token = memory.loaded.token if memory.loaded else ""
    memory.radiograph_index = 1
    memory.fail([_problem()])
    assert memory.radiograph is None
    memory.fail([_problem()])  # a second failure does not forget the study before
    memory.go_back()
    assert memory.loaded is not None
    assert memory.loaded.token != token
    assert memory.radiograph_index == 1
    assert memory.problems == ()


def test_a_phrase_is_kept_once_and_what_is_not_kept_is_said() -> None:
    memory = Session()
    assert memory.add_typed("  pleural   effusion ") is None
    assert memory.add_typed("Pleural effusion") == "This phrase is in the list already."
    assert memory.add_typed("   ") == "Type a phrase first, for example pleural effusion."
    assert memory.typed == ["pleural effusion"]


def test_typed_phrases_have_a_limit() -> None:
    memory = Session()
    kept = [memory.add_typed(f"phrase {i}") is None for i in range(MOST_TYPED + 1)]
    assert kept[-2:] == [True, False]


def test_a_typed_phrase_is_cut_where_the_box_stops_taking_letters() -> None:
    memory = Session()
    memory.add_typed("mass  " * LONGEST_PHRASE)
    assert memory.typed == [("mass " * LONGEST_PHRASE)[:LONGEST_PHRASE]]


def test_each_request_to_select_a_phrase_is_a_new_one() -> None:
    memory = Session()
    memory.ask("s1")
    first = memory.asked
    memory.ask("s1")
    assert memory.asked != first


def test_a_threshold_counts_for_the_fixed_rule_only() -> None:
    assert Options(rule="otsu", threshold=0.3).as_arguments()["threshold"] is None
    assert Options(rule="fixed", threshold=0.3).as_arguments()["threshold"] == 0.3


def test_results_are_kept_by_what_decides_them_and_gone_with_the_study() -> None:
    memory = Session()
    memory.show(_loaded("PA"))
    for name in range(MOST_WORKS + 2):
        memory.keep_work(SimpleNamespace(key=(name,)))  # type: ignore[arg-type]
    assert list(memory.works) == [(n,) for n in range(2, MOST_WORKS + 2)]
    memory.shown = (5,)
    assert memory.work is memory.works[5,]
    memory.show_again()
    assert (memory.works, memory.work) == ({}, None)


def test_a_pane_that_goes_back_to_earlier_results_numbers_them_anew() -> None:
    memory, one, two = Session(), (1,), (2,)
    assert [memory.run_of("compare", 0, key) for key in (one, one, two, one)] == [1, 1, 2, 3]
    assert memory.run_of("compare", 1, one) == 4


def test_a_pane_takes_from_the_session_what_is_not_its_own() -> None:
    shared = Options(checkpoint="one", rule="fixed", threshold=0.3, pooling="max", device="cpu")
    pane = PaneChoice(checkpoint="two", pooling="mean")
    assert pane.options(shared) == replace(shared, checkpoint="two", pooling="mean")
    assert PaneChoice().options(shared) == shared


def test_there_are_engines_for_all_panes() -> None:
    assert engines.MOST_ENGINES >= MAX_PANES


def test_panes_of_films_beside_a_study_leave_with_it() -> None:
    memory = Session()
    memory.show(study := _loaded("PA"))
    own = len(study.labels)
    memory.loaded = replace(study, beside=(Beside(study.study.radiographs[0], "other"),))
    memory.panes = (PaneChoice(), PaneChoice(film=own))
    memory.show(_loaded("PA"))
    assert memory.panes == ()  # as on a first visit
    memory.loaded = replace(study, beside=(Beside(study.study.radiographs[0], "other"),))
    memory.panes = (PaneChoice("a"), PaneChoice("b"), PaneChoice("a", film=own))
    memory.show(_loaded("PA"))
    assert memory.panes == (PaneChoice("a"), PaneChoice("b"))
