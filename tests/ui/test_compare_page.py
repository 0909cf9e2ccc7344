"""The Compare page: panes that differ, what is shared, and a pane that fails alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.errors import CheckpointError
from explorer.ui.components.compare.panes import _hear

from .driving import ask, memory, words
from .messages import bodies
from .tiny import TinyEngine

OpenApp = Callable[[], AppTest]


@pytest.fixture
def compare(open_app: OpenApp) -> AppTest:
    """The page on the first bundled study, with both checkpoints."""
    app = open_app()
    return app.switch_page("explorer/ui/pages/compare.py").run()


def tell(app: AppTest, kind: str, **values: Any) -> None:
    """Have the page hear a request of the viewer."""
    import streamlit as st

    st.session_state["_session"] = memory(app)
    _hear(kind, values)
    app.run()


def of_pane(app: AppTest, pane: int) -> dict[str, dict[str, Any]]:
    """The parts of one pane, by name."""
    return {b["part"]: b for b in bodies(app, "part") if b.get("pane") == pane}


def setup(app: AppTest) -> dict[str, Any]:
    told = [b for b in bodies(app, "part") if b["part"] == "setup"]
    return max(told, key=lambda body: body["run"])  # as the browser takes the newest


def test_a_first_visit_shows_two_checkpoints_on_one_film(
    compare: AppTest, engines: dict[str, TinyEngine]
) -> None:
    assert not compare.exception
    assert not compare.error
    assert [p["checkpoint"] for p in setup(compare)["panes"]] == ["one", "two"]
    # The name comes first: titles may be alike where a narrow field cuts them.
    assert [label.split(" · ")[0] for _, label in setup(compare)["checkpoints"]] == ["one", "two"]
    one, two = of_pane(compare, 0), of_pane(compare, 1)
    assert one.keys() == two.keys() == {"head", "piece:0"}
    assert one["head"]["space"] != two["head"]["space"]
    assert len({pane["id"] for pane in bodies(compare, "film")[0]["panes"]}) == 1
    # Ground had encoded the film with the first already.
    assert (engines["one"].images, engines["two"].images) == (1, 1)


def test_with_one_checkpoint_the_panes_differ_in_something_else(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, engines: dict[str, TinyEngine]
) -> None:
    from explorer import pipeline

    monkeypatch.setattr(pipeline, "list_checkpoints", lambda: (engines["one"].card,))
    app = open_app()
    app.switch_page("explorer/ui/pages/compare.py").run()
    one, two = setup(app)["panes"]
    assert one["checkpoint"] == two["checkpoint"] == "one"
    assert one != two
    assert not app.error


def test_a_phrase_is_asked_of_every_pane(compare: AppTest) -> None:
    ask(compare, "rib fracture")
    for pane in (0, 1):
        assert "typed:rib fracture" in of_pane(compare, pane)
    assert of_pane(compare, 1)["head"]["asked"] is None  # one request is one selection


def test_another_pooling_in_one_pane_changes_that_pane_only(compare: AppTest) -> None:
    before = {pane: of_pane(compare, pane) for pane in (0, 1)}
    tell(compare, "set", pane=1, name="pooling", value="mean")
    assert of_pane(compare, 0) == before[0]
    old, new = before[1]["piece:0"], of_pane(compare, 1)["piece:0"]
    assert new["run"] > old["run"]
    assert [p["map"]["score"] for p in new["phrases"]] != [
        p["map"]["score"] for p in old["phrases"]
    ]


def test_going_back_to_what_was_shown_before_computes_nothing_and_is_newer(
    compare: AppTest, engines: dict[str, TinyEngine]
) -> None:
    first = of_pane(compare, 1)["head"]["run"]
    tell(compare, "set", pane=1, name="checkpoint", value="one")
    second = of_pane(compare, 1)["head"]["run"]
    asked = [len(engine.batches) for engine in engines.values()]
    tell(compare, "set", pane=1, name="checkpoint", value="two")
    assert first < second < of_pane(compare, 1)["head"]["run"]
    assert [len(engine.batches) for engine in engines.values()] == asked


def test_panes_are_added_and_removed_between_two_and_four(compare: AppTest) -> None:
    for _ in range(3):
        tell(compare, "add")
    assert len(setup(compare)["panes"]) == len(bodies(compare, "film")[0]["panes"]) == 4
    tell(compare, "remove", pane=0)
    assert setup(compare)["panes"][0]["checkpoint"] == "two"
    for _ in range(3):
        tell(compare, "remove", pane=0)
    assert len(setup(compare)["panes"]) == 2


@pytest.mark.parametrize(
    ("pane", "name", "value"),
    [(7, "checkpoint", "one"), (0, "checkpoint", "nine"), (0, "device", "cpu"), (0, "film", 5)],
)
def test_what_does_not_fit_is_ignored(compare: AppTest, pane: int, name: str, value: Any) -> None:
    before = setup(compare)["panes"]
    tell(compare, "set", pane=pane, name=name, value=value)
    assert setup(compare)["panes"] == before


def test_a_checkpoint_that_fails_says_why_in_its_pane_and_the_others_stay(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, engines: dict[str, TinyEngine]
) -> None:
    from explorer import pipeline

    def broken(name: str | None = None, **_: str) -> TinyEngine:
        if name == "two":
            raise CheckpointError("model.safetensors has another sha256. Copy the folder again.")
        return engines["one"]

    monkeypatch.setattr(pipeline, "open_engine", broken)
    app = open_app()
    app.switch_page("explorer/ui/pages/compare.py").run()
    assert "another sha256" in of_pane(app, 1)["head"]["failed"]
    assert of_pane(app, 0)["piece:0"]["phrases"]
    assert not app.error
    tell(app, "set", pane=0, name="checkpoint", value="two")
    tell(app, "set", pane=1, name="checkpoint", value="one")
    assert of_pane(app, 1)["piece:0"]["phrases"]
    assert "another sha256" in of_pane(app, 0)["head"]["failed"]


def test_a_phrase_that_one_engine_refuses_is_kept_for_the_other(
    compare: AppTest, engines: dict[str, TinyEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.errors import PhraseError

    def refuses(phrases: Any) -> Any:
        raise PhraseError("A phrase may have 77 tokens, got 90.")

    monkeypatch.setattr(engines["two"], "embed_text", refuses)
    ask(compare, "rib fracture")
    assert memory(compare).typed == ["rib fracture"]
    assert "typed:rib fracture" in of_pane(compare, 0)
    assert "typed:rib fracture" not in of_pane(compare, 1)
    assert "77 tokens" in words(compare)


def test_an_image_only_checkpoint_says_in_its_pane_why_it_has_no_maps(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    engines["two"].reads_text = False
    app = open_app()
    app.switch_page("explorer/ui/pages/compare.py").run()
    assert "learned from images alone" in of_pane(app, 1)["head"]["failed"]
    assert of_pane(app, 0)["piece:0"]["phrases"]
    assert not app.error


def test_maps_bring_the_range_of_cosines_of_their_own_checkpoint(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    engines["two"].card = replace(engines["two"].card, cosine_range=(0.0, 0.4))
    engines["two"].scoring = None
    app = open_app()
    app.switch_page("explorer/ui/pages/compare.py").run()
    maps = [of_pane(app, pane)["piece:0"]["phrases"][0]["map"] for pane in (0, 1)]
    assert [m["range"] for m in maps] == [[-1.0, 1.0], [0.0, 0.4]]
    assert [(m["calibrated"], m["mapCalibrated"]) for m in maps] == [(True, True), (False, False)]


def test_a_pane_of_another_source_makes_the_map_of_a_phrase_when_it_is_asked_for(
    compare: AppTest,
) -> None:
    tell(compare, "set", pane=1, name="source", value="integrated gradients")
    waiting = of_pane(compare, 1)["piece:0"]["phrases"]
    assert all(p["map"] is None and p["pending"] for p in waiting)
    assert all(p["map"] for p in of_pane(compare, 0)["piece:0"]["phrases"])
    tell(compare, "source", pane=1, text="s1")
    (made,) = of_pane(compare, 1)["source:s1"]["phrases"]
    assert made["map"]["source"] == "integrated gradients"
    assert "convergence delta" in made["map"]["note"]
    assert made["map"]["calibrated"] is True  # the score is that of the phrase
    assert made["map"]["mapCalibrated"] is False
    assert made["text"] == waiting[1]["text"]
    ask(compare, "rib fracture")
    tell(compare, "source", pane=1, text="t:rib fracture")
    assert of_pane(compare, 1)["source:t:rib fracture"]["phrases"][0]["kind"] == "typed"


def test_attention_is_offered_where_the_checkpoint_draws_it_and_else_falls_back(
    compare: AppTest, engines: dict[str, TinyEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all("attention" not in pane["sources"] for pane in setup(compare)["panes"])

    def attention(image: Any, phrases: Any) -> Any:
        return np.full((len(phrases), 8, 8), 1 / 64, np.float32)

    monkeypatch.setattr(engines["two"], "draws_attention", True, raising=False)
    monkeypatch.setattr(engines["two"], "attention_map", attention, raising=False)
    compare.run()
    assert ["attention" in pane["sources"] for pane in setup(compare)["panes"]] == [False, True]
    tell(compare, "set", pane=1, name="source", value="attention")
    tell(compare, "source", pane=1, text="s0")
    (made,) = of_pane(compare, 1)["source:s0"]["phrases"]
    assert made["map"]["source"] == "attention"
    assert made["map"]["range"] == [0.0, 1.0]
    tell(compare, "set", pane=1, name="checkpoint", value="one")
    assert setup(compare)["panes"][1]["source"] == "similarity"
    assert of_pane(compare, 1)["piece:0"]["phrases"][0]["map"]


def test_a_map_that_was_stopped_waits_for_a_press(compare: AppTest) -> None:
    tell(compare, "set", pane=1, name="source", value="occlusion")
    tell(compare, "source", pane=1, text="s0")
    assert of_pane(compare, 1)["source:s0"]["phrases"][0]["map"]
    tell(compare, "stop", pane=1, text="s0")
    (left,) = of_pane(compare, 1)["source:s0"]["phrases"]
    assert (left["map"], left["pending"]) == (None, True)
    assert "stopped" in left["note"]
    tell(compare, "source", pane=1, text="s0")
    assert of_pane(compare, 1)["source:s0"]["phrases"][0]["map"]
    tell(compare, "stop", pane=1, text="s0")
    tell(compare, "set", pane=1, name="source", value="layer Grad-CAM")
    assert "source:s0" not in of_pane(compare, 1)


def test_words_by_gradients_come_beside_those_left_out_or_it_is_said_why_not(
    compare: AppTest, engines: dict[str, TinyEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = torch.nn.Embedding(50, 6, _weight=torch.arange(300.0).sin().reshape(50, 6))

    def vectors(_: Any, phrases: Any) -> torch.Tensor:
        ids = torch.tensor([[49, *(len(word) for word in phrases[0].split()), 48]])
        return table(ids).sum(1)

    monkeypatch.setattr(engines["two"], "words", table, raising=False)
    reads = type("Reads", (TinyEngine,), {"_vectors": vectors})
    monkeypatch.setattr(engines["two"], "__class__", reads)
    for pane in (0, 1):
        for way in ("leave one out", "integrated gradients", "guess"):
            tell(compare, "words", pane=pane, text="s1", way=way)
    told = of_pane(compare, 1)["words:integrated gradients:s1"]
    assert [word for word, _ in told["words"]] == ["opacity", "in", "the", "left", "lower", "lobe"]
    assert "convergence delta" in told["note"]
    assert len(of_pane(compare, 1)["words:leave one out:s1"]["words"]) == len(told["words"])
    refused = of_pane(compare, 0)["words:integrated gradients:s1"]
    assert (refused["words"], "Leave words out one by one" in refused["why"]) == ([], True)
    assert not any("guess" in part for part in of_pane(compare, 1))


def test_a_family_that_lets_no_gradient_through_says_so_for_the_phrase(
    compare: AppTest, engines: dict[str, TinyEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TinyEngine, "similarity", lambda *_: None, raising=False)
    tell(compare, "set", pane=1, name="source", value="occlusion")
    tell(compare, "source", pane=1, text="s0")
    (refused,) = of_pane(compare, 1)["source:s0"]["phrases"]
    assert refused["map"] is None
    assert "Take the maps from similarity" in refused["note"]
    assert not compare.error


def test_no_study_shows_the_empty_stage(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer import pipeline

    monkeypatch.setattr(pipeline, "list_bundled_studies", tuple)
    app = open_app()
    app.switch_page("explorer/ui/pages/compare.py").run()
    assert bodies(app, "film")[0]["panes"] == []
    assert not app.exception
    assert not app.error
