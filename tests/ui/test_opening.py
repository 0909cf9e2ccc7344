"""Opening a study: films and report told apart, and every ugly upload."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.ui import grounded, opening
from explorer.ui.state import Session

from .driving import ask, desk, hear, memory, on_screen, upload
from .messages import bodies, head, texts
from .tiny import KINDS, TinyEngine, png

OpenApp = Callable[[], AppTest]


def test_an_upload_with_a_report_is_grounded_at_once(open_app: OpenApp) -> None:
    app = upload(open_app(), ("film.png", png(5)), report="Small left effusion.")
    assert not app.error
    assert desk(app)["title"] == "Your study"
    assert texts(app) == ["Small left effusion."]


def test_the_fields_are_empty_for_the_next_study(open_app: OpenApp) -> None:
    app = upload(open_app(), ("first.png", png(5)), report="Small left effusion.")
    first = on_screen(app)
    assert all(not field.value for field in app.file_uploader)
    upload(app, ("second.png", png(6)))
    assert on_screen(app) != first
    assert len(memory(app).loaded.study.radiographs) == 1  # type: ignore[union-attr]
    assert texts(app) == []  # the report of the first study is gone with it


def test_files_that_are_told_twice_are_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A press that cuts a run short brings the same files a second time; a new choice counts."""

    @dataclass
    class Upload:
        name: str
        file_id: str

        def getvalue(self) -> bytes:
            return b"film"

    at_hand = Session()
    fields = {"drop_a_0": [Upload("film.png", "upload-1")]}
    monkeypatch.setattr(opening, "session", lambda: at_hand)
    monkeypatch.setattr(opening.st, "session_state", fields)
    opening.take_over("drop_a", "drop_a_0")
    assert at_hand.incoming is not None
    at_hand.incoming = None
    opening.take_over("drop_a", "drop_a_0")
    assert at_hand.incoming is None
    fields["drop_a_0"].append(Upload("film.png", "upload-2"))
    opening.take_over("drop_a", "drop_a_0")
    assert at_hand.incoming is not None


def test_films_are_joined_to_a_study_only_through_their_own_field(open_app: OpenApp) -> None:
    app = upload(open_app(), ("frontal.png", png(5)), report="Small left effusion.")
    upload(app, ("prior.png", png(6)), field="add")
    assert [item["label"] for item in desk(app)["thumbnails"]] == ["frontal.png", "prior.png"]
    assert texts(app) == ["Small left effusion."]


def test_an_upload_without_a_report_waits_for_phrases(open_app: OpenApp) -> None:
    app = upload(open_app(), ("film.png", png(5)))
    assert head(app)["total"] == 0
    assert texts(ask(app, "cardiomegaly")) == ["cardiomegaly"]


def test_a_report_is_known_by_its_content_in_any_encoding(open_app: OpenApp) -> None:
    report = "FINDINGS: Herz groß, left effusion.".encode("cp1252")
    app = upload(open_app(), ("film.png", png(5)), ("scan.dcm", report))
    assert any("Herz groß" in text for text in texts(app))


def test_a_report_alone_waits_and_is_joined_only_when_asked(open_app: OpenApp) -> None:
    app = upload(open_app(), ("film.png", png(5)))
    upload(app, ("note.txt", b"Large right effusion."))
    assert desk(app)["failed"]
    assert desk(app)["problems"][0]["title"] == "note.txt: A report came without a radiograph"
    assert on_screen(app) is None
    hear(app, "join")
    assert texts(app) == ["Large right effusion."]
    assert desk(app)["title"] == "Your study"


def test_a_broken_file_is_named_and_the_good_one_is_used(open_app: OpenApp) -> None:
    app = upload(open_app(), ("good.png", png(5)), ("bad.png", png(6)[:200]), report="Effusion.")
    assert [p["title"] for p in desk(app)["problems"]] == ["bad.png: This file is damaged"]
    assert texts(app) == ["Effusion."]
    upload(app, ("good.png", png(5)))
    assert desk(app)["problems"] == []  # gone with the next success


def test_several_radiographs_have_a_strip(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    app = upload(open_app(), ("a.png", png(5)), ("b.png", png(6)))
    assert len(desk(app)["thumbnails"]) == 2
    before = engines["one"].images
    film = bodies(app, "film")[0]["panes"][0]["id"]
    memory(app).radiograph_index = 1
    app.run()
    assert engines["one"].images == before + 1
    assert bodies(app, "film")[0]["panes"][0]["id"] != film
    assert {body["film"] for body in bodies(app, "part")} == {
        bodies(app, "film")[0]["panes"][0]["id"]
    }


def test_a_long_report_comes_in_pieces_and_stops_until_it_is_asked_for(
    open_app: OpenApp, engines: dict[str, TinyEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grounded, "MOST_UNASKED", 60)
    report = " ".join(f"Nodule number {i} in the left lung." for i in range(100))
    app = upload(open_app(), ("film.png", png(5)), report=report)
    parts = [body["part"] for body in bodies(app, "part")]
    assert parts == ["head", "piece:0", "piece:12", "piece:44"]
    assert (head(app)["bound"], head(app)["total"], len(texts(app))) == (60, 100, 60)
    assert max(map(len, engines["one"].batches)) <= 3 * 32  # phrases with their controls
    memory(app).everything = True
    app.run()
    assert len(texts(app)) == 100


def _raster(array: np.ndarray, kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


UGLY = {
    "empty": b"",
    "truncated": png(5)[: len(png(5)) // 2],
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix.",
    "one pixel": _raster(np.zeros((1, 1), np.uint8)),
    "bomb": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00N \x00\x00N \x08\x00\x00\x00\x00"
    + bytes(200),
    "dicom preamble only": bytes(128) + b"DICM",
}


@pytest.mark.parametrize("name", UGLY)
def test_an_ugly_upload_gives_a_sentence_and_a_way_back(open_app: OpenApp, name: str) -> None:
    app = upload(open_app(), (f"{name}.dcm", UGLY[name]))
    assert not app.exception
    assert desk(app)["failed"]
    problem = desk(app)["problems"][0]
    assert problem["title"].startswith(f"{name}.dcm: ")
    assert problem["text"].endswith(".")
    assert on_screen(app) is None  # no film under a name that is not its own
    assert desk(app)["back"] == "Pneumonia"
    upload(app, ("film.png", png(5)), report="Left effusion.")
    assert texts(app) == ["Left effusion."]
    assert desk(app)["problems"] == []


def test_the_way_back_shows_the_study_before(open_app: OpenApp) -> None:
    app = upload(open_app(), ("empty.dcm", b""))
    hear(app, "back")
    assert desk(app)["title"] == "Pneumonia"
    assert on_screen(app)


def test_a_report_of_sixty_pages_is_refused_and_the_radiograph_kept(open_app: OpenApp) -> None:
    app = upload(open_app(), ("film.png", png(5)), report="No effusion is seen here. " * 8_000)
    assert "The report could not be used" in desk(app)["problems"][0]["title"]
    assert on_screen(app)
    assert head(app)["total"] == 0


def test_html_emoji_and_markdown_in_a_report_stay_text(open_app: OpenApp) -> None:
    nasty = "Effusion <script>alert(1)</script> ![x](http://203.0.113.1/x.png) 🫁 seen."
    app = upload(open_app(), ("<b>film</b>.png", png(5)), ("b.png", png(6)), report=nasty)
    assert not app.exception
    assert "![x](http://203.0.113.1/x.png)" in " ".join(texts(app))
    for element in (*app.markdown, *app.caption):  # nothing of it is read as Markdown
        assert "203.0.113.1" not in element.value


def test_tags_in_a_report_show_on_no_card(open_app: OpenApp) -> None:
    report = "<p>Small <b>left</b>\neffusion.</p><p>A <i>nodule</i>, .5 cm.</p>"
    app = upload(open_app(), ("film.png", png(5)), report=report)
    assert texts(app) == ["Small left effusion.", "A nodule, .5 cm."]


def test_a_photograph_is_refused_with_an_explanation(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    engines["one"].verdict = KINDS[-1]
    app = open_app()
    assert head(app)["refused"] == "This looks not a chest radiograph."
    assert engines["one"].batches == []  # nothing was grounded


def test_an_empty_shelf_of_studies_still_lets_a_person_upload(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer import pipeline

    monkeypatch.setattr(pipeline, "list_bundled_studies", lambda: ())
    app = open_app()
    assert not app.exception
    assert on_screen(app) is None
    (problem,) = desk(app)["problems"]
    assert problem["title"] == "Bundled studies: No study came with this copy of the program"
    assert texts(upload(app, ("film.png", png(5)), report="Left effusion.")) == ["Left effusion."]
    assert desk(app)["problems"] == []


def test_a_turned_film_is_turned_upright_on_request_and_grounded_anew(
    open_app: OpenApp, engines: dict[str, TinyEngine]
) -> None:
    engines["one"].verdict = "rotated left"
    app = upload(open_app(), ("film.png", png(5, size=(160, 128))))
    assert head(app)["remedies"] == ["Turn the film right"]
    before = on_screen(app)
    hear(app, "remedy", text="Turn the film right")
    assert on_screen(app) != before
    shown = bodies(app, "film")[0]["panes"][0]
    assert (shown["height"], shown["width"]) == (128, 160)
    hear(app, "remedy", text="Sell the film")  # what is not offered does nothing
    assert bodies(app, "film")[0]["panes"][0]["height"] == 128
