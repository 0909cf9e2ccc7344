"""The Ground page: a study on screen at once, phrases, options, addresses, faults."""

from collections.abc import Callable, Sequence

import pytest
from streamlit.testing.v1 import AppTest

from explorer.entities import Float32
from explorer.errors import PhraseError
from explorer.ui import grounded
from explorer.ui.components.options_form import POOLINGS

from .driving import ask, desk, memory, on_screen, open_at, open_bundled_in, recognise_late, words
from .messages import bodies, head, phrases, texts
from .tiny import REPORT, TinyEngine

OpenApp = Callable[[], AppTest]


def test_a_first_visit_shows_a_grounded_study(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    assert not app.exception
    assert not app.error
    assert on_screen(app)
    assert texts(app)[0] == "The heart is enlarged."
    assert engines["one"].images == 1
    # The whole report is one batch: its 4 sentences stand at the head of one call.
    report_batches = [b for b in engines["one"].batches if len(b) >= 4 and "enlarged" in b[0]]
    assert len(report_batches) == 1
    assert all(sentence["text"] in REPORT for sentence in phrases(app))


def test_another_bundled_study_replaces_the_first(open_app: OpenApp) -> None:
    app = open_app()
    before = on_screen(app)
    open_bundled_in(app, "missed")
    assert desk(app)["title"] == "Missed nodule"
    assert on_screen(app) != before


def test_a_typed_phrase_costs_one_text_batch_and_no_image(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    before = len(engines["one"].batches)
    ask(app, "rib fracture")
    assert engines["one"].images == 1
    assert [b[0] for b in engines["one"].batches[before:]] == ["rib fracture"]
    assert "rib fracture" in texts(app)
    memory(app).typed.clear()
    app.run()
    assert "rib fracture" not in texts(app)


def test_a_further_phrase_changes_no_message_but_its_own(open_app: OpenApp) -> None:
    app = ask(open_app(), "rib fracture")
    before = {body["part"]: body for body in bodies(app, "part")}
    ask(app, "left effusion")
    after = {body["part"]: body for body in bodies(app, "part")}
    assert set(after) - set(before) == {"typed:left effusion"}
    assert all(after[part] == before[part] for part in before)


def test_phrases_and_options_survive_a_visit_to_another_page(open_app: OpenApp) -> None:
    app = ask(open_app(), "rib fracture")
    app.segmented_control(key="rule").set_value("otsu").run()
    app.switch_page("explorer/ui/pages/checkpoints.py").run()
    app.switch_page("explorer/ui/pages/ground.py").run()
    assert "rib fracture" in texts(app)
    assert memory(app).options.rule == "otsu"


def test_options_survive_a_reload(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_app()
    app.selectbox(key="checkpoint").set_value("two").run()
    app.segmented_control(key="rule").set_value("otsu").run()
    record, again = memory(app), open_app()
    recognise_late(monkeypatch, record)
    again.run()
    assert not again.exception
    assert again.selectbox(key="checkpoint").value == "two"
    assert (memory(again).options.checkpoint, memory(again).options.rule) == ("two", "otsu")


def test_a_second_session_shares_engine_and_embeddings(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    first, second = open_app(), open_app()
    assert engines["one"].images == 1
    assert on_screen(first) != on_screen(second)  # two openings, though of one film


def test_another_checkpoint_encodes_again_and_names_itself_in_every_part(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    spaces = {body["space"] for body in bodies(app, "part")}
    app.selectbox(key="checkpoint").set_value("two").run()
    assert (engines["one"].images, engines["two"].images) == (1, 1)
    assert head(app)["title"] == "Tiny engine two (untrained)"
    assert spaces.isdisjoint({body["space"] for body in bodies(app, "part")})
    assert len({body["run"] for body in bodies(app, "part")}) == 1
    app.selectbox(key="checkpoint").set_value("one").run()
    assert engines["one"].images == 1


def test_a_fixed_threshold_is_the_one_that_was_set(open_app: OpenApp) -> None:
    app = open_app()
    app.segmented_control(key="rule").set_value("fixed").run()
    app.slider(key="threshold").set_value(0.75).run()
    shown = [phrase["map"] for phrase in phrases(app) if phrase["map"]]
    assert {(m["rule"], m["threshold"]) for m in shown} == {("fixed", 0.75)}


def test_words_are_left_out_one_by_one_when_asked(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    memory(app).words_asked.append((0, "s0", "leave one out"))
    app.run()
    assert not app.error
    assert "is enlarged" in engines["one"].batches[-1]  # without its first word
    told = next(body for body in bodies(app, "part") if body["part"] == "words:leave one out:s0")
    assert [word for word, _ in told["words"]] == ["heart", "is", "enlarged"]


def test_every_pooling_of_the_encoders_is_offered() -> None:
    from explorer.encoders.pooling import POOLING_NAMES

    assert set(POOLINGS) == set(POOLING_NAMES)


def test_a_turned_film_is_shown_with_a_warning(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    engines["one"].verdict = "rotated left"
    app = open_app()
    assert head(app)["notes"][0] == "This looks rotated left."


def test_a_checkpoint_that_fails_is_explained_and_shows_no_maps_of_another(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer import pipeline
    from explorer.errors import CheckpointError

    app = open_app()

    def broken(name: str | None = None, **_: str) -> TinyEngine:
        raise CheckpointError("model.safetensors has another sha256. Copy the folder again.")

    monkeypatch.setattr(pipeline, "open_engine", broken)
    app.selectbox(key="checkpoint").set_value("two").run()
    assert app.error[0].proto.title == "The checkpoint could not be loaded"
    assert bodies(app, "film")[0]["panes"]
    assert bodies(app, "part") == []


def test_a_fault_of_the_program_is_a_box_with_a_number(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("DOE^JANE")

    monkeypatch.setattr(grounded, "ground", broken)
    ask(app, "rib fracture")
    assert not app.exception
    assert "a fault of the program" in words(app)
    assert "DOE" not in words(app)


def test_an_address_opens_study_checkpoint_and_phrase(open_app: OpenApp) -> None:
    app = open_at(study="missed", checkpoint="two", phrase="rib fracture")
    assert desk(app)["title"] == "Missed nodule"
    assert head(app)["checkpoint"] == "two"
    assert head(app)["asked"]["phrase"] == "t:rib fracture"
    assert "rib fracture" in texts(app)


def test_another_address_in_the_same_tab_is_followed_and_the_same_one_once(
    open_app: OpenApp,
) -> None:
    app = open_at(study="missed")
    open_bundled_in(app, "pneumonia")
    assert desk(app)["title"] != "Missed nodule"
    shown = desk(app)["title"]
    assert desk(app.run())["title"] == shown  # a reload keeps what was opened since
    app.query_params["study"] = "missed"
    app.query_params["phrase"] = "rib fracture"
    assert desk(app.run())["title"] == "Missed nodule"
    assert "rib fracture" in texts(app)


def test_an_address_that_names_what_is_not_here_says_so(open_app: OpenApp) -> None:
    app = open_at(study="other hospital")
    assert on_screen(app)
    assert desk(app)["problems"][0]["title"] == "The link: The study it names is not here"


def test_a_sentence_that_is_too_long_is_explained_and_the_others_are_grounded(
    open_app: OpenApp, engines: dict[str, TinyEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = engines["one"].embed_text

    def embed_text(phrases: Sequence[str]) -> Float32:
        if "enlarged" in phrases[0] and len(phrases) < 4:
            raise PhraseError("A phrase may have 2,000 characters, got 2,100.")
        return read(phrases)

    monkeypatch.setattr(engines["one"], "embed_text", embed_text)
    monkeypatch.setattr(grounded, "FIRST_PIECE", 1)
    monkeypatch.setattr(grounded, "MOST_CHARACTERS", 1)  # every sentence is a piece
    app = open_app()
    assert "may have 2,000 characters" in words(app)
    assert [p["map"] is None for p in phrases(app)] == [True, False, False, False]
    app.run()
    assert "may have 2,000 characters" in words(app)
