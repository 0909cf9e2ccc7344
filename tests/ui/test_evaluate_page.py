"""The Evaluate page: a run on the bundled films, a comparison, kept runs, and what can go wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer import pipeline

from .driving import memory, words
from .tiny import TinyEngine, card

OpenApp = Callable[[], AppTest]


@pytest.fixture
def page(open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(pipeline, "runs_root", lambda: tmp_path / "kept")
    return open_app().switch_page("explorer/ui/pages/evaluate.py").run()


def measure(app: AppTest, *names: str) -> AppTest:
    app.multiselect(key="evaluate_variants").set_value(list(names)).run()
    return app.button(key="evaluate_run").click().run()


def test_a_first_visit_says_what_is_there_and_what_is_kept(page: AppTest) -> None:
    assert not page.exception
    said = words(page)
    assert "Bundled phantoms (reader phantoms): 2 images" in said
    assert "None yet." in said


def test_a_run_shows_its_figures_and_is_kept(
    page: AppTest, engines: dict[str, TinyEngine], tmp_path: Path
) -> None:
    page.button(key="evaluate_run").click().run()
    assert not page.exception
    assert not page.error
    table = page.dataframe[0].value
    assert {"model", "constant centre", "random map"} <= set(table["row"])
    assert table["finding"].iloc[0] == "macro"
    assert len(list((tmp_path / "kept").glob("*/samples.parquet"))) == 1
    images = engines["one"].images
    page.button(key="evaluate_run").click().run()
    assert engines["one"].images == images  # what is kept costs nothing


def test_two_checkpoints_are_compared_and_a_film_opens(page: AppTest) -> None:
    measure(page, "one", "two")
    assert not page.exception
    assert not page.error
    assert "minus one" in words(page)
    button = next(b for b in page.button if str(b.key).startswith("ground_"))
    button.click().run()
    assert not page.exception
    opened = memory(page).loaded
    assert opened is not None
    assert opened.references
    assert memory(page).typed


def test_a_film_on_which_both_are_alike_was_neither_lost_nor_won(page: AppTest) -> None:
    measure(page, "one", "two")  # both make the same vectors
    order = next(s for s in page.segmented_control if str(s.key).startswith("films_order_"))
    assert "**0.000**" in "".join(m.value for m in page.markdown)
    order.set_value("lost").run()
    assert "By this metric none of 2 films was." in words(page)
    assert not [b for b in page.button if str(b.key).startswith("ground_")]


def test_a_film_opens_beside_the_two_checkpoints_that_differ(page: AppTest) -> None:
    measure(page, "two", "one")
    next(b for b in page.button if str(b.key).startswith("compare_")).click().run()
    assert not page.exception
    assert [pane.checkpoint for pane in memory(page).panes] == ["two", "one"]


def test_calibrated_scores_are_held_against_the_truth_and_others_named(
    page: AppTest, engines: dict[str, TinyEngine]
) -> None:
    engines["two"].scoring = None
    measure(page, "one", "two")
    assert not page.exception
    said = words(page)
    assert "Not calibrated, so nothing to come true: two" in said
    (table,) = [t.value for t in page.table if "ECE" in t.value]
    assert [name.startswith("one") for name in table["Run"]] == [True]


def test_a_folder_that_is_not_there_is_said_and_nothing_is_measured(page: AppTest) -> None:
    page.segmented_control(key="evaluate_source").set_value("A folder").run()
    page.text_input(key="evaluate_data").set_value("/gone")
    page.button(key="FormSubmitter:evaluate_folder-Read").click().run()
    assert "There is no file or folder" in words(page)
    assert not [b for b in page.button if b.key == "evaluate_run"]


def test_a_checkpoint_that_reads_no_text_says_so(
    page: AppTest, engines: dict[str, TinyEngine]
) -> None:
    from explorer.errors import PhraseError

    def refuse(_: object) -> None:
        raise PhraseError("This checkpoint is image-only.")

    engines["one"].reads_text = False
    engines["one"].embed_text = refuse  # type: ignore[assignment, method-assign]
    page.button(key="evaluate_run").click().run()
    assert "image-only" in words(page)


def test_deleting_takes_a_run_off_the_screen_and_off_the_disk(
    page: AppTest, tmp_path: Path
) -> None:
    from explorer.errors import DataSetError
    from explorer.ui import evaluations as work

    measure(page, "one", "two")
    kept = memory(page).evaluations
    assert kept is not None
    first, second = kept.shown
    with work._alone(first), pytest.raises(DataSetError, match="another tab measures this one"):
        work.delete(kept, [first])
    assert first.exists()
    work.delete(kept, [first])
    assert kept.shown == (second,)
    assert list((tmp_path / "kept").iterdir()) == [second]
    pipeline.delete_run(second)  # in another tab
    page.run()
    assert not page.exception
    assert "1 run that stood here was deleted" in words(page)
    assert "None yet." in words(page)


def test_a_reload_shows_the_same_runs_and_says_what_was_measured(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit as st

    from explorer.ui.state import Session

    measure(page, "one", "two")
    kept = memory(page).evaluations
    told = iter((True,))

    def recognise(_: object) -> bool:
        """Put the record of the tab back once, after the fields were made anew."""
        if next(told, False):
            st.session_state["_session"] = Session(evaluations=kept)
            return True
        return False

    monkeypatch.setattr("explorer.ui.tabs.recognise", recognise)
    page.multiselect(key="evaluate_variants").set_value(["one"])  # what a fresh form would say
    page.run()
    assert not page.exception
    assert page.multiselect(key="evaluate_variants").value == ["one", "two"]
    assert "minus one" in words(page)


def test_an_unfinished_run_says_how_much_is_measured(page: AppTest, tmp_path: Path) -> None:
    from explorer.ui import evaluations as work

    corpus = work.bundled_corpus()
    folder = tmp_path / "kept" / "begun"
    begun = pipeline.start_evaluation(
        TinyEngine(card("one")), corpus, folder=folder, protocols=["original_pixels"], batch=1
    )
    next(begun.steps())
    kept = memory(page).evaluations
    assert kept is not None
    kept.shown = (folder,)
    page.run()
    assert not page.exception
    assert "1 of 2 images are measured, and the figures are of these alone." in words(page)


def test_the_reliability_plot_counts_the_phrases_of_every_tenth() -> None:
    from explorer.ui.components.evaluate.reliability import chart

    tenths = [
        {"stated": 0.05, "observed": 0.0, "films": 40},
        {"stated": 0.97, "observed": 0.5, "films": 2},
    ]
    bars = [t for t in chart({"one": {"reliability": tenths}}).data if t.type == "bar"]
    assert [(list(b.x), list(b.y)) for b in bars] == [([0.05, 0.95], [40, 2])]
    assert bars[0].texttemplate  # the numbers stand on the bars
