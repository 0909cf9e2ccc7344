"""The Ground page: a study on screen at once, phrases, options, and every ugly upload."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.ui import cache
from explorer.ui.components.options_form import POOLINGS

from .tiny import KINDS, REPORT, TinyEngine, png

OpenApp = Callable[[], AppTest]


def words(app: AppTest) -> str:
    """Everything the page says, Markdown escapes taken out."""
    parts = [e.value for e in (*app.markdown, *app.caption, *app.text, *app.info)]
    for alert in (*app.error, *app.warning):
        parts += [alert.value, alert.proto.title]
    return "\n".join(parts).replace("\\", "")


def upload(
    app: AppTest, *files: tuple[str, bytes], report: str = "", report_file: bytes | None = None
) -> AppTest:
    """Open the form, give it files and a report, and send it."""
    app.segmented_control(key="source").set_value("Your own files").run()
    if "open_upload" in [button.key for button in app.button]:
        app.button(key="open_upload").click().run()
    for name, data in files:
        app.file_uploader(key="films").upload(name, data)
    if report_file is not None:
        app.file_uploader(key="report_file").upload("report.txt", report_file)
    app.text_area(key="report_text").set_value(report)
    return app.button(key="submit_upload").click().run()


def viewer(app: AppTest) -> list[Any]:
    return [e for e in app.get("bidi_component") if "viewer" in str(e.proto.id)]


def test_a_first_visit_shows_a_grounded_study(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    assert not app.exception
    assert not app.error
    assert viewer(app)
    assert "Behind the map: The heart is enlarged." in words(app).replace("*", "")
    assert engines["one"].images == 1
    # The whole report is one batch: its 4 sentences stand at the head of one call.
    report_batches = [b for b in engines["one"].batches if "The heart is enlarged." in b]
    assert len(report_batches) == 1
    assert len([s for s in report_batches[0][:4] if s in REPORT]) == 4


def test_the_banner_goes_when_it_is_acknowledged_and_stays_away(open_app: OpenApp) -> None:
    app = open_app()
    assert "Research use, not for diagnosis" in words(app)
    app.button(key="dismiss_banner").click().run()
    app.switch_page("explorer/ui/pages/about.py").run()
    app.switch_page("explorer/ui/pages/ground.py").run()
    assert "dismiss_banner" not in [button.key for button in app.button]


def test_another_bundled_study_is_shown_and_marked_as_a_failure(open_app: OpenApp) -> None:
    app = open_app()
    app.button(key="show_missed").click().run()
    assert "**Missed nodule** :orange-badge[fails here]" in words(app)
    assert app.button(key="show_missed").disabled


def test_a_typed_phrase_costs_one_text_batch_and_no_image(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    before = len(engines["one"].batches)
    app.text_input(key="phrase_text").set_value("rib fracture")
    app.button(key="add_phrase").click().run()
    assert engines["one"].images == 1
    assert [b[0] for b in engines["one"].batches[before:]] == ["rib fracture"]
    assert "Behind the map: rib fracture" in words(app).replace("*", "")
    app.button(key="remove_rib fracture").click().run()
    assert "rib fracture" not in words(app)


def test_a_phrase_that_was_typed_survives_a_visit_to_another_page(open_app: OpenApp) -> None:
    app = open_app()
    app.text_input(key="phrase_text").set_value("rib fracture")
    app.button(key="add_phrase").click().run()
    app.segmented_control(key="rule").set_value("otsu").run()
    app.switch_page("explorer/ui/pages/checkpoints.py").run()
    app.switch_page("explorer/ui/pages/ground.py").run()
    assert "remove_rib fracture" in [button.key for button in app.button]
    assert app.segmented_control(key="rule").value == "otsu"


def test_a_blank_phrase_is_refused_in_words(open_app: OpenApp) -> None:
    app = open_app()
    app.text_input(key="phrase_text").set_value("   ")
    app.button(key="add_phrase").click().run()
    assert "Type a phrase first" in app.toast[0].value


def test_a_second_session_shares_engine_and_embeddings(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    open_app()
    open_app()
    assert engines["one"].images == 1


def test_another_checkpoint_encodes_again_and_keeps_the_first_one_loaded(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    app.selectbox(key="checkpoint").set_value("two").run()
    assert (engines["one"].images, engines["two"].images) == (1, 1)
    assert "Tiny engine two (untrained) on cpu, float32" in words(app)
    app.selectbox(key="checkpoint").set_value("one").run()
    assert engines["one"].images == 1


def test_a_fixed_threshold_is_the_one_that_was_set(open_app: OpenApp) -> None:
    app = open_app()
    app.segmented_control(key="rule").set_value("fixed").run()
    app.slider(key="threshold").set_value(0.75).run()
    assert "Threshold 0.75 (fixed)" in words(app) or "threshold of 0.75" in words(app)


def test_words_are_left_out_one_by_one_when_asked(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = open_app()
    app.button(key="ask_words").click().run()
    assert not app.error
    assert "heart is enlarged." in engines["one"].batches[-1]  # without its first word
    assert app.get("plotly_chart")[-1].proto.alt.startswith("The word that adds most is ")


def test_every_pooling_of_the_encoders_is_offered() -> None:
    from explorer.encoders.pooling import POOLING_NAMES

    assert set(POOLINGS) == set(POOLING_NAMES)


def test_an_upload_with_a_report_is_grounded(open_app: OpenApp) -> None:
    app = upload(open_app(), ("film.png", png(5)), report="Small left effusion.")
    assert not app.error
    assert "Your files:** 1 radiograph, 1 sentence." in words(app)
    assert "Small left effusion." in words(app)


def test_an_upload_without_a_report_offers_phrases(open_app: OpenApp) -> None:
    app = upload(open_app(), ("film.png", png(5)))
    assert "There is no report." in words(app)
    app.button(key="example_cardiomegaly").click().run()
    assert "Behind the map: cardiomegaly" in words(app).replace("*", "")


def test_a_report_in_another_encoding_is_read(open_app: OpenApp) -> None:
    app = upload(
        open_app(), ("film.png", png(5)), report_file="Röntgen: Herz groß.".encode("cp1252")
    )
    assert "Herz groß" in words(app)


def test_a_broken_file_is_named_and_the_good_one_is_used(open_app: OpenApp) -> None:
    app = upload(open_app(), ("good.png", png(5)), ("bad.png", png(6)[:200]), report="Effusion.")
    assert len(app.error) == 1
    assert "bad.png: This file is damaged" in words(app)
    assert "1 radiograph, 1 sentence" in words(app)


def test_several_radiographs_have_a_selector(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = upload(open_app(), ("a.png", png(5)), ("b.png", png(6)))
    chooser = next(box for box in app.selectbox if box.label == "Radiograph")
    before = engines["one"].images
    chooser.select_index(1).run()
    assert engines["one"].images == before + 1


def _raster(array: np.ndarray, kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


UGLY = {
    "empty": b"",
    "truncated": png(5)[: len(png(5)) // 2],
    "renamed text": b"this is no picture, only words",
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix.",
    "one pixel": _raster(np.zeros((1, 1), np.uint8)),
    "bomb": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00N \x00\x00N \x08\x00\x00\x00\x00"
    + bytes(200),
    "dicom preamble only": bytes(128) + b"DICM",
}


@pytest.mark.parametrize("name", UGLY)
def test_an_ugly_upload_gives_a_sentence_and_loses_nothing(open_app: OpenApp, name: str) -> None:
    app = upload(open_app(), (f"{name}.dcm", UGLY[name]), report="Left effusion.")
    assert not app.exception
    assert len(app.error) == 1
    assert f"{name}.dcm: " in app.error[0].proto.title.replace("\\", "")
    assert app.error[0].value.endswith(("\\.", "."))
    assert viewer(app)  # the study from before is still on screen
    assert app.text_area(key="report_text").value == "Left effusion."
    app = upload(app, ("film.png", png(5)), report="Left effusion.")
    assert "1 radiograph, 1 sentence" in words(app)


def test_no_file_at_all_is_told_what_is_missing(open_app: OpenApp) -> None:
    app = upload(open_app(), report="Left effusion.")
    assert app.error[0].proto.title == "A radiograph is missing"


def test_a_report_of_sixty_pages_is_refused_and_the_radiograph_kept(open_app: OpenApp) -> None:
    app = upload(open_app(), ("film.png", png(5)), report="No effusion is seen here. " * 8_000)
    assert "The report could not be used" in words(app)
    assert "1 radiograph, no report" in words(app)


def test_html_emoji_and_markdown_in_a_report_stay_text(open_app: OpenApp) -> None:
    nasty = "Effusion <script>alert(1)</script> ![x](http://203.0.113.1/x.png) 🫁 seen."
    app = upload(open_app(), ("<b>film</b>.png", png(5)), ("b.png", png(6)), report=nasty)
    assert not app.exception
    for element in (*app.markdown, *app.caption):
        assert not element.proto.allow_html
        assert "![x]" not in element.value
    assert not app.error


def test_a_photograph_is_refused_with_an_explanation(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    engines["one"].verdict = KINDS[-1]
    app = open_app()
    assert not viewer(app)
    assert app.error[0].proto.title == "Nothing was grounded"
    assert "This looks not a chest radiograph" in app.error[0].value
    assert engines["one"].batches == []  # nothing was grounded
    assert app.button(key="show_missed")  # the page is still usable


def test_a_turned_film_is_shown_with_a_warning(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    engines["one"].verdict = "rotated left"
    app = open_app()
    assert viewer(app)
    assert app.warning[0].value == "This looks rotated left\\."


def test_a_checkpoint_that_fails_keeps_the_result_before(
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
    assert viewer(app)


def test_a_fault_of_the_program_is_a_box_with_a_number(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("DOE^JANE")

    monkeypatch.setattr(cache, "ground", broken)
    app.text_input(key="phrase_text").set_value("rib fracture")
    app.button(key="add_phrase").click().run()
    assert not app.exception
    assert "a fault of the program" in words(app)
    assert "DOE" not in words(app)
    assert viewer(app)


def test_an_empty_shelf_of_studies_still_lets_a_person_upload(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer import pipeline

    monkeypatch.setattr(pipeline, "list_bundled_studies", lambda: ())
    app = open_app()
    assert "open your own radiograph to begin" in words(app)
    assert "No study came with this copy of the program" in words(app)
    assert not app.exception
