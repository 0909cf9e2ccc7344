"""Every page opens; the shelf of checkpoints says what it knows and loads and unloads."""

import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.ui import engines

from .tiny import TinyEngine, card

PAGES = sorted((Path(__file__).parents[2] / "explorer" / "ui" / "pages").glob("[a-z]*.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_opens(open_app: Callable[[], AppTest], page: Path) -> None:
    app = open_app().switch_page(f"explorer/ui/pages/{page.name}").run()
    assert not app.exception
    assert not app.error
    assert app.title or app.get("bidi_component")


def test_the_shelf_tells_licence_data_hash_and_where_it_runs(
    open_app: Callable[[], AppTest],
) -> None:
    app = open_app().switch_page("explorer/ui/pages/checkpoints.py").run()
    facts = app.table[0].value
    values = dict(zip(facts.iloc[:, 0], facts["Value"], strict=True))
    assert values["Licence"].startswith("Apache\\-2\\.0\\. Any use")
    assert len(values["Weights, sha256"].replace(" ", "")) == 64
    assert values["Size on disk"] == "1\\.2 MB"
    said = "\n".join(element.value for element in app.markdown)
    assert "**cpu** (no graphics card was found) in **float32**" in said
    assert "Median image encode" in said


def test_the_about_page_prints_the_keys_of_the_viewer(open_app: Callable[[], AppTest]) -> None:
    app = open_app().switch_page("explorer/ui/pages/about.py").run()
    keys = dict(zip(app.table[0].value["Key"], app.table[0].value["What it does"], strict=True))
    assert keys["hold o"] == "Hide everything but the radiograph"
    assert keys["?"] == "This sheet"
    assert "w" in keys


def test_a_checkpoint_is_unloaded_and_loaded_again(open_app: Callable[[], AppTest]) -> None:
    app = open_app().switch_page("explorer/ui/pages/checkpoints.py").run()
    assert list(engines.loaded_engines("one")) == [("auto", "auto")]
    app.button(key="unload_one").click().run()
    assert engines.loaded_engines("one") == {}
    assert app.button(key="unload_one").disabled
    app.button(key="load_one").click().run()
    assert list(engines.loaded_engines("one")) == [("auto", "auto")]


def test_a_broken_checkpoint_is_explained_on_its_card(
    open_app: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer import pipeline
    from explorer.errors import CheckpointError

    app = open_app().switch_page("explorer/ui/pages/checkpoints.py").run()

    def broken(name: str | None = None, **_: str) -> None:
        raise CheckpointError("config.json is missing. Copy the folder again.")

    monkeypatch.setattr(pipeline, "open_engine", broken)
    app.button(key="load_two").click().run()
    assert app.error[0].proto.title == "The checkpoint could not be loaded"
    assert not app.exception


def test_an_unloaded_checkpoint_is_held_by_no_result(
    open_app: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer import pipeline

    held: list[weakref.ref[TinyEngine]] = []

    def made_anew(name: str | None = None, **_: str) -> TinyEngine:
        engine = TinyEngine(card(name or "one"))
        held.append(weakref.ref(engine))
        return engine

    monkeypatch.setattr(pipeline, "open_engine", made_anew)
    app = open_app()  # grounds a report: its results belong to this session
    app = app.switch_page("explorer/ui/pages/checkpoints.py").run()
    app.button(key="unload_one").click().run()
    assert [ref() for ref in held] == [None]
    app.switch_page("explorer/ui/pages/ground.py").run()
    assert not app.error
    assert len(held) == 2


def test_hashes_are_checked_on_request_and_measured_figures_stay(
    open_app: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer import pipeline
    from explorer.errors import CheckpointError

    def differs(name: str) -> None:
        raise CheckpointError("model.safetensors has sha256 abc, the card says def.")

    monkeypatch.setattr(pipeline, "verify_checkpoint", differs)
    app = open_app().switch_page("explorer/ui/pages/checkpoints.py").run()
    headings = [element.value for element in app.markdown if element.value.startswith("####")]
    assert "hashes match" in headings[0]  # it is loaded, which checks them
    assert "hashes not checked" in headings[1]
    app.button(key="hash_two").click().run()
    assert "the card says def" in app.error[0].value.replace("\\", "")
    app.button(key="measure_one").click().run()
    rows = next(t.value for t in app.table if "Measured here" in t.value.columns)
    assert list(rows["Measured here"]) == ["One film", "Four phrases", "Loading", "Memory it took"]
    assert rows["Value"].iloc[0].endswith(" ms")


def test_methods_are_listed_with_paper_equation_and_our_choices(
    open_app: Callable[[], AppTest],
) -> None:
    from explorer import pipeline

    app = open_app().switch_page("explorer/ui/pages/checkpoints.py").run()
    record = pipeline.find_method("biovil")
    app.selectbox(key="method").set_value("biovil").run()
    assert app.code[0].value == record.equation
    said = "\n".join(e.value for e in (*app.markdown, *app.caption)).replace("\\", "")
    assert record.paper in said
    assert all(line in said for line in record.ours)


def test_a_loaded_checkpoint_shows_what_it_does_to_the_film_on_screen(
    open_app: Callable[[], AppTest],
) -> None:
    app = open_app().switch_page("explorer/ui/pages/checkpoints.py").run()
    before = len(app.table), len(app.error)
    app.toggle(key="audit_one_auto_auto").set_value(True).run()
    assert not app.exception
    assert (len(app.table), len(app.error)) == (before[0] + 1, before[1])
    steps = next(t.value for t in app.table if "What it did" in t.value.columns)
    assert any("window" in did.lower() for did in [*steps["Step"], *steps["What it did"]])
