"""What a session keeps and what it forgets."""

import numpy as np

from explorer.entities import Radiograph, Study, ViewPosition, Window
from explorer.ui.state import MOST_TYPED, LoadedStudy, Options, Problem, Session


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
    return LoadedStudy(study, "upload", "Your files", tuple(views))


def test_a_frontal_radiograph_is_shown_before_a_lateral_one() -> None:
    memory = Session()
    memory.show(_loaded("lateral", "PA"))
    assert memory.radiograph is not None
    assert memory.radiograph.view_position == "PA"


def test_a_new_study_forgets_typed_phrases_and_problems() -> None:
    memory = Session(typed=["effusion"], shown="t:effusion")
    memory.problems = (Problem("a.dcm", "This file is damaged", "..."),)
    memory.show(_loaded("PA"))
    assert (memory.typed, memory.shown, memory.problems) == ([], None, ())


def test_a_phrase_is_kept_once_and_blanks_are_not_kept() -> None:
    memory = Session()
    assert memory.add_typed("  pleural   effusion ")
    assert not memory.add_typed("Pleural effusion")
    assert not memory.add_typed("   ")
    assert memory.typed == ["pleural effusion"]


def test_typed_phrases_have_a_limit() -> None:
    memory = Session()
    assert [memory.add_typed(f"phrase {i}") for i in range(MOST_TYPED + 1)][-2:] == [True, False]


def test_a_threshold_counts_for_the_fixed_rule_only() -> None:
    assert Options(rule="otsu", threshold=0.3).as_arguments()["threshold"] is None
    assert Options(rule="fixed", threshold=0.3).as_arguments()["threshold"] == 0.3
