"""The Ground page in a real browser: what a hand does, what it costs, and what it looks like."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from explorer import pipeline

from .conftest import ROOT, Server, Visit

pytestmark = pytest.mark.browser
OpenTab = Callable[..., Visit]
STUDY = min((ROOT / "assets" / "studies").glob("*/image.dcm"), default=Path("missing"))
SCRIPT = "<script>window.broken_in = 1</script><img src=x onerror='window.broken_in = 1'>"


def marks(page: Page) -> Locator:
    return page.locator("canvas.marks")


def data(page: Page, name: str) -> str:
    return marks(page).get_attribute(f"data-{name}") or ""


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """A point of the image area, (0, 0) its upper left and (1, 1) its lower right corner."""
    box = marks(page).bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, *end), steps=12)
    page.mouse.up()


@pytest.fixture(scope="session")
def radiograph_png() -> bytes:
    """The first bundled radiograph as an 8-bit PNG."""
    study = pipeline.read_study([STUDY.read_bytes()])
    pixels = (study.radiographs[0].pixels * 255).astype(np.uint8)
    done, encoded = cv2.imencode(".png", cv2.resize(pixels, None, fx=0.5, fy=0.5))
    assert done
    return encoded.tobytes()


def test_the_first_visit_shows_a_map_within_seconds(
    tab: Visit, server: Server, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    tab.page.locator("canvas.marks[data-ready='1']").wait_for()
    # Recorded, not asserted: on a busy machine the figure says little; benchmarks/ measures it.
    seconds = time.monotonic() - server.started
    record_property("process_start_to_first_map_s", f"{seconds:.1f}")
    tab.settle()
    assert data(tab.page, "phrase") != ""
    assert tab.page.locator(".rgx ol.cards > li").count() >= 2
    expect(tab.page.get_by_text("Research use, not for diagnosis").first).to_be_visible()
    assert tab.page.screenshot(path=tmp_path / "wide.png")


def test_what_a_hand_does_on_the_image_never_reaches_the_server(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    marks(page).scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    before = len(tab.sent)
    state = {name: data(page, name) for name in ("window", "zoom", "opacity", "threshold")}

    for step in range(12):  # hover
        page.mouse.move(*place(page, 0.3 + 0.03 * step, 0.5))
    drag(page, (0.4, 0.4), (0.6, 0.55))  # window and level
    assert data(page, "window") != state["window"]
    page.mouse.wheel(0, -600)
    expect(marks(page)).not_to_have_attribute("data-zoom", state["zoom"])
    page.get_by_role("slider", name="Opacity").fill("0.9")
    expect(marks(page)).to_have_attribute("data-opacity", "0.9")
    page.get_by_role("slider", name="Threshold").fill("0.3")
    expect(marks(page)).to_have_attribute("data-threshold", "0.3")
    marks(page).focus()
    page.keyboard.down("o")
    expect(marks(page)).to_have_attribute("data-hidden", "1")
    page.keyboard.up("o")
    for key in ("i", "c", "3", "+", "t", "Space"):
        page.keyboard.press(key)

    page.wait_for_timeout(700)
    assert len(tab.sent) - before == 0


def test_a_drawn_box_is_measured_against_the_map(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    marks(page).scroll_into_view_if_needed()
    marks(page).focus()
    page.keyboard.press("b")
    drag(page, (0.35, 0.45), (0.5, 0.65))
    row = page.get_by_role("row", name="Your box")
    expect(row).to_be_visible()
    cnr, iou, pointing = row.get_by_role("cell").all_inner_texts()[:3]
    assert -10 < float(cnr.replace("\u2212", "-")) < 10
    assert 0 <= float(iou) <= 1
    assert pointing in {"hit", "miss"}


def test_a_card_shows_its_map_and_its_details(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    first = data(page, "phrase")
    card = page.locator(".rgx ol.cards > li button").nth(1)
    text = card.inner_text().split("\n")[0].strip()
    card.click()
    expect(marks(page)).not_to_have_attribute("data-phrase", first)
    expect(page.locator(".st-key-details").get_by_text(text).first).to_be_visible()


def test_a_typed_phrase_is_grounded_and_taken_away_again(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    page.get_by_role("textbox", name="Phrase").fill("right pleural effusion")
    page.keyboard.press("Enter")
    expect(marks(page)).to_have_attribute("data-phrase", "t:right pleural effusion")
    expect(page.locator(".st-key-details").get_by_text("right pleural effusion")).to_be_visible()
    page.get_by_role("button", name="right pleural effusion ✕").click()
    expect(marks(page)).not_to_have_attribute("data-phrase", "t:right pleural effusion")


def test_a_dicom_and_a_png_with_a_hostile_report(
    open_tab: OpenTab, server: Server, radiograph_png: bytes, tmp_path: Path
) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    page.get_by_text("Your own files", exact=True).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
        [
            FilePayload(
                name="DOE^JANE <b>1</b>.dcm",
                mimeType="application/dicom",
                buffer=STUDY.read_bytes(),
            ),
            FilePayload(name="film.png", mimeType="image/png", buffer=radiograph_png),
            FilePayload(name="notes.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7\n%%EOF"),
        ]
    )
    expect(page.get_by_test_id("stFileChipName")).to_have_count(3)
    expect(page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
    page.get_by_role("textbox", name="Report").fill(
        f"FINDINGS: Left lower lobe opacity. {SCRIPT} No pneumothorax. ![x](http://203.0.113.9/x)"
    )
    page.get_by_role("button", name="Ground this study").click()
    expect(page.get_by_text("Your files:")).to_be_visible()
    expect(page.get_by_text("notes.pdf: This file cannot be read here")).to_be_visible()
    visit.settle()
    expect(page.get_by_text("2 radiographs")).to_be_visible()
    page.screenshot(path=tmp_path / "upload.png", full_page=True)
    assert page.evaluate("window.broken_in") is None
    assert page.locator("script:has-text('broken_in')").count() == 0
    page.get_by_role("combobox", name="Radiograph").click()
    page.get_by_role("option", name="2: film.png").click()
    visit.settle()
    assert "DOE" not in page.url
    assert "DOE" not in server.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [("narrow", 420, "light"), ("dark", 1400, "dark")]
)
def test_it_fits_the_window_and_the_theme(
    open_tab: OpenTab, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    visit = open_tab(width=width, height=900, scheme=scheme)
    visit.settle()
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = marks(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    background = page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    brightness = sum(json.loads(background.replace("rgb", "").replace("(", "[").replace(")", "]")))
    assert (brightness < 200) == (scheme == "dark")
    assert page.screenshot(path=tmp_path / f"{name}.png")


def test_every_picture_has_words_and_the_image_is_reached_by_keyboard(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    expect(page.get_by_test_id("stImage").first).to_be_visible()
    silent = page.locator("img:not([alt]), canvas[role=img]:not([aria-label])")
    assert silent.count() == 0
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => { let e = document.activeElement;
                while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
                return e?.className || e?.getAttribute("aria-label") || e?.tagName }"""
            )
        )
        if "marks" in reached:
            break
    assert "marks" in reached
