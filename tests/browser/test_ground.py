"""The Ground page in a real browser: what a hand does, what it costs, and what it looks like."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import STUDY, Server, Visit, file
from .panes import settle

pytestmark = pytest.mark.browser
OpenTab = Callable[..., Visit]
SCRIPT = "<script>window.broken_in = 1</script><img src=x onerror='window.broken_in = 1'>"


def marks(page: Page) -> Locator:
    return page.locator("canvas.marks")


def data(page: Page, name: str) -> str:
    """What the viewer says of itself, once the frame after the last press is painted."""
    settle(page)
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
    page.mouse.move(1, 1)  # off the film: cards glide while they are ranked by what is under it
    expect(page.get_by_text("Press a sentence to see its map")).to_be_visible()
    first = data(page, "phrase")
    card = page.locator(".rgx ol.cards > li button[aria-pressed='false']").first
    text = card.inner_text().split("\n")[0].strip()
    card.click()
    expect(marks(page)).not_to_have_attribute("data-phrase", first)
    page.get_by_role("tab", name="Details").click()
    expect(page.get_by_role("heading", name=text)).to_be_visible()
    page.get_by_role("tab", name="Report").click()


def test_a_typed_phrase_is_grounded_and_taken_away_again(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    box = page.get_by_role("textbox", name="Phrase")
    box.fill("right pleural effusion")
    page.keyboard.press("Enter")
    expect(marks(page)).to_have_attribute("data-phrase", "t:right pleural effusion")
    page.get_by_role("button", name="Remove right pleural effusion").click()
    expect(marks(page)).not_to_have_attribute("data-phrase", "t:right pleural effusion")


def test_a_text_that_is_too_long_for_a_phrase_stays_in_its_box(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    box = page.get_by_role("textbox", name="Phrase")
    box.fill("effusion " * 30)
    page.keyboard.press("Enter")
    expect(page.get_by_text("A phrase has at most 200 letters")).to_be_visible()
    assert box.input_value() == "effusion " * 30
    box.fill("")


def test_two_quick_phrases_are_both_grounded(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    box = page.get_by_role("textbox", name="Phrase")
    for phrase in ("left apical pneumothorax", "right hilar mass"):
        box.fill(phrase)
        page.keyboard.press("Enter")
    for phrase in ("left apical pneumothorax", "right hilar mass"):
        remove = page.get_by_role("button", name=f"Remove {phrase}")
        expect(remove).to_be_visible()
        remove.click()
        expect(remove).to_have_count(0)


def test_a_further_phrase_sends_only_itself(open_tab: OpenTab) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    costs = []
    for phrase in ("rib fracture", "hilar mass", "apical cap", "pleural plaque", "azygos lobe"):
        before = sum(visit.received)
        page.get_by_role("textbox", name="Phrase").fill(phrase)
        page.keyboard.press("Enter")
        expect(marks(page)).to_have_attribute("data-phrase", f"t:{phrase}")
        visit.settle()
        page.wait_for_timeout(300)
        costs.append(sum(visit.received) - before)
    # A map of 40 x 40 float32 is 6.4 kB; with its words and the frame of the page it stays small
    # and does not grow with the phrases before.
    assert max(costs) < 40_000, costs
    assert costs[-1] < 1.5 * costs[1], costs


def test_a_dicom_and_a_png_with_a_hostile_report(
    open_tab: OpenTab, server: Server, radiograph_png: bytes, tmp_path: Path
) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    report = (
        f"FINDINGS: Left lower lobe opacity. {SCRIPT} No pneumothorax. ![x](http://203.0.113.9/x) "
        "See www.example.com for more."
    )
    visit.open_files(
        file("DOE^JANE <b>1</b>.dcm", STUDY.read_bytes()),
        file("film.png", radiograph_png),
        file("notes.pdf", b"%PDF-1.7\n%%EOF"),
        file("report.txt", report.encode()),
    )
    expect(page.get_by_text("notes.pdf: This file cannot be read here")).to_be_visible()
    visit.settle()
    films = page.get_by_role("group", name="Radiographs of this study").get_by_role("button")
    expect(films).to_have_count(2)
    page.screenshot(path=tmp_path / "upload.png", full_page=True)
    assert page.evaluate("window.broken_in") is None
    assert page.locator("script:has-text('broken_in')").count() == 0
    page.get_by_role("tab", name="Details").click()
    for link in page.locator("a").all():  # text of a report is text, never a link
        assert "example.com" not in (link.get_attribute("href") or "")
    page.get_by_role("tab", name="Report").click()
    before = data(page, "film")
    marks(page).focus()
    page.keyboard.press("PageDown")
    expect(marks(page)).not_to_have_attribute("data-film", before)
    visit.settle()
    assert "DOE" not in page.url
    assert "DOE" not in server.log.read_text(encoding="utf-8")


def test_nothing_that_can_be_read_gives_words_and_a_way_back(open_tab: OpenTab) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    visit.open_files(file("notes.pdf", b"%PDF-1.7\n%%EOF"))
    expect(page.get_by_role("heading", name="Nothing was opened")).to_be_visible()
    expect(marks(page)).to_have_count(0)  # no film under a file that is not its own
    visit.open_files(file("second.dcm", b"%PDF-1.7\n%%EOF"))  # a second failure is told, too
    expect(page.get_by_text("second.dcm: This file cannot be read here")).to_be_visible()
    page.get_by_role("button", name="Back to Left").click()
    visit.settle()
    assert page.locator(".rgx ol.cards > li").count() >= 2


def test_a_pasted_report_waits_in_its_box_and_a_pasted_picture_opens(
    open_tab: OpenTab, radiograph_png: bytes
) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    page.evaluate(
        """text => {
      const carrier = new DataTransfer();
      carrier.setData('text/plain', text);
      document.body.dispatchEvent(new ClipboardEvent('paste',
        { clipboardData: carrier, bubbles: true, cancelable: true }));
    }""",
        "FINDINGS: Small left effusion.",
    )
    box = page.get_by_role("textbox", name="Report")
    expect(box).to_have_value("FINDINGS: Small left effusion.")
    page.get_by_role("button", name="Close").first.click()
    page.evaluate(
        """async bytes => {
      const carrier = new DataTransfer();
      carrier.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type: 'image/png' }));
      document.body.dispatchEvent(new ClipboardEvent('paste',
        { clipboardData: carrier, bubbles: true, cancelable: true }));
    }""",
        list(radiograph_png),
    )
    expect(page.locator(".rgx ol.cards").get_by_text("Small left effusion.")).to_be_visible()
    visit.settle()


def test_files_dropped_on_the_film_are_opened(open_tab: OpenTab, radiograph_png: bytes) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    before = data(page, "study")
    page.evaluate(
        """([film, report]) => {
          const carrier = new DataTransfer();
          carrier.items.add(new File([new Uint8Array(film)], 'film.png'));
          carrier.items.add(new File([report], 'report.txt'));
          const canvas = [...document.querySelectorAll('*')].map((e) => e.shadowRoot)
            .find((root) => root?.querySelector('canvas.marks')).querySelector('canvas.marks');
          for (const type of ['dragover', 'drop'])
            canvas.dispatchEvent(new DragEvent(type,
              { dataTransfer: carrier, bubbles: true, cancelable: true, composed: true }));
        }""",
        [list(radiograph_png), "Small left effusion is seen."],
    )
    cards = page.locator(".rgx ol.cards")
    expect(cards.get_by_text("Small left effusion is seen.")).to_be_visible()
    visit.settle()
    assert data(page, "study") != before


def test_a_page_switch_and_a_reload_lose_nothing(open_tab: OpenTab, radiograph_png: bytes) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    visit.open_files(file("film.png", radiograph_png), file("r.txt", b"Left effusion is seen."))
    expect(page.locator(".rgx ol.cards").get_by_text("Left effusion is seen.")).to_be_visible()
    visit.settle()
    page.get_by_role("textbox", name="Phrase").fill("rib fracture")
    page.keyboard.press("Enter")
    expect(marks(page)).to_have_attribute("data-phrase", "t:rib fracture")
    drag(page, (0.4, 0.4), (0.6, 0.55))
    window = data(page, "window")
    page.wait_for_timeout(800)  # the look is kept a moment after the hand rests

    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="About this explorer")).to_be_visible()
    page.go_back()
    visit.settle()
    assert data(page, "window") == window

    page.reload()
    expect(page.locator(".rgx ol.cards").get_by_text("Left effusion is seen.")).to_be_visible()
    visit.settle()
    expect(page.get_by_role("button", name="Remove rib fracture")).to_be_visible()
    assert data(page, "window") == window


def test_the_chosen_sentence_and_the_options_are_kept_over_pages_and_a_reload(
    open_tab: OpenTab,
) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    first, threshold = data(page, "phrase"), data(page, "threshold")
    page.locator(".rgx ol.cards > li button.say").nth(1).click()
    chosen = data(page, "phrase")
    assert chosen != first
    page.get_by_role("button", name="Options").click()
    page.get_by_role("radio", name="Otsu").click()
    expect(marks(page)).not_to_have_attribute("data-threshold", threshold)
    page.keyboard.press("Escape")
    visit.settle()
    threshold = data(page, "threshold")
    page.wait_for_timeout(800)  # the look is kept a moment after the hand rests
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="About this explorer")).to_be_visible()
    page.get_by_role("link", name="Ground").click()
    expect(marks(page)).to_have_attribute("data-phrase", chosen)
    page.reload()
    expect(marks(page)).to_have_attribute("data-threshold", threshold)
    expect(marks(page)).to_have_attribute("data-phrase", chosen)


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


FITS = """() => {
    const root = [...document.querySelectorAll("*")].map(e => e.shadowRoot).find(
        r => r?.querySelector(".rgx .panel"));
    return root && ["canvas.marks", ".rgx .panel"].every(name => {
        const box = root.querySelector(name).getBoundingClientRect();
        return box.top >= 0 && box.bottom <= window.innerHeight;
    });
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (1920, 1080)])
def test_the_whole_film_and_its_report_fit_the_window_without_scrolling(
    open_tab: OpenTab, width: int, height: int
) -> None:
    visit = open_tab(width=width, height=height, scheme="dark")
    visit.settle()
    page = visit.page
    page.wait_for_function(FITS)  # the last styles may come a moment after the maps
    scrolls = page.get_by_test_id("stMain").evaluate("e => e.scrollHeight - e.clientHeight")
    assert scrolls <= 0
    if (width, height) == (1440, 900):
        stage = page.locator(".rgx .stage").bounding_box()
        assert stage is not None
        assert stage["width"] * stage["height"] >= 0.55 * width * height


def test_every_picture_has_words_and_the_image_is_reached_by_keyboard(tab: Visit) -> None:
    tab.settle()
    page = tab.page
    silent = page.locator("img:not([alt]), canvas[role=img]:not([aria-label])")
    assert silent.count() == 0
    reached = set()
    links = page.get_by_test_id("stPageLink-NavLink")
    for _ in range(60):
        page.keyboard.press("Tab")
        if links.nth(1).evaluate("link => link === document.activeElement"):
            expect(links.nth(1)).to_have_css("outline-style", "solid")
            reached.add("a link")
        reached.add(
            page.evaluate(
                """() => { let e = document.activeElement;
                while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
                return e?.className || e?.getAttribute("aria-label") || e?.tagName }"""
            )
        )
        if "marks" in reached:
            break
    assert {"marks", "a link"} <= reached
