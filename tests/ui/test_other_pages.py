"""Every page opens; the shelf of checkpoints says what it knows and loads and unloads."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.ui import engines

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
    assert values["Licence"] == "Apache\\-2\\.0"
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
