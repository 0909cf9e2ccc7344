"""The viewer with one to four panes, without Python behind it: what a hand does on each of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from .panes import (
    LEFT,
    RAISED,
    RIGHT,
    TWO_OF_ONE_FILM,
    data,
    drag,
    marks,
    open_viewer,
    pixels,
    place,
    readouts,
    settle,
    show,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from open_viewer(browser)


def test_hovering_reads_the_maps_of_the_pane_under_the_cursor(page: Page) -> None:
    show(page, TWO_OF_ONE_FILM)
    read = []
    for index in (0, 1):
        page.mouse.move(*place(page, index, 0.3, 0.6))
        texts = readouts(page)
        read.append(page.evaluate("window.viewer.cards.hoverValues?.[0]"))
        assert f"score +{read[-1]:.3f}".replace("+", "") in texts[index].replace("+", "")
    assert read[0] > 0.9 > 0.5 > read[1]


def test_every_pane_reads_its_own_film_in_its_own_pixels(page: Page) -> None:
    show(page, TWO_OF_ONE_FILM)
    page.mouse.move(*place(page, 0, 160.5 / 640, 200.5 / 800))
    one, two, other = readouts(page)
    assert one.split("\n")[:2] == two.split("\n")[:2]
    assert "x 160  y 200" in one
    # 500 x 400 pixels, fitted: a quarter of the way down and left of the middle on the screen.
    at = page.evaluate(
        """() => {
          const { panes } = window.viewer;
          const [x, y] = window.viewer.pointOn(panes[2]);
          const shown = panes[2].cursor.getBoundingClientRect();
          const edge = panes[2].marks.getBoundingClientRect();
          const { view, size } = panes[2];
          const sx = shown.left - edge.left - size.width / 2;
          return { x, y, sx, dx: (x - view.x) * view.scale };
        }"""
    )
    assert f"x {int(at['x'])}  y {int(at['y'])}" in other
    assert at["sx"] == pytest.approx(at["dx"], abs=1)
    page.mouse.move(*place(page, 2, 400.5 / 500, 100.5 / 400))
    one, two, other = readouts(page)
    assert "x 400  y 100" in other
    assert one.split("\n")[0] == two.split("\n")[0] != other.split("\n")[0]


def test_a_card_shows_what_every_pane_makes_of_its_sentence(page: Page) -> None:
    weak = RIGHT | {"abstain": True, "extra": {"score": 0.35, "calibrated": False}}
    show(page, [{"film": "a", "title": "one", "maps": [LEFT]}, {"film": "a", "maps": [weak]}])
    rows = page.locator(".card .pane-row")
    assert rows.count() == 2
    assert [rows.nth(k).locator(".letter").inner_text() for k in (0, 1)] == ["A", "B"]
    assert "0.80" in rows.nth(0).inner_text()
    assert "(0.35)" in rows.nth(1).inner_text()
    assert "doubtful" in rows.nth(1).inner_text()
    page.mouse.move(*place(page, 1, 0.3, 0.6))
    settle(page)
    under = page.locator(".card .under-cursor .number").all_inner_texts()
    assert float(under[0]) > 0.9 > 0.5 > float(under[1])


def test_details_are_those_of_the_chosen_pane(page: Page) -> None:
    weak = RIGHT | {"abstain": True}
    show(page, [{"film": "a", "title": "one", "maps": [LEFT]}, {"film": "a", "maps": [weak]}])
    page.get_by_role("tab", name="Details").click()
    settle(page)
    assert "has a region" in page.locator("div.details .details").inner_text()
    page.get_by_role("button", name="Pane B").click()
    settle(page)
    assert "doubtful" in page.locator("div.details .details").inner_text()
    page.get_by_role("button", name="Leaving each out").click()
    assert page.evaluate("window.viewer.outbox.list.at(-1)")["pane"] == 1


def test_a_pane_that_failed_says_why_and_the_others_stay(page: Page) -> None:
    show(page, [{"film": "a", "maps": [], "failed": "The file is damaged."}, TWO_OF_ONE_FILM[0]])
    assert "The file is damaged." in page.locator(".pane").nth(0).inner_text()
    assert "damaged" not in page.locator(".pane").nth(1).inner_text()
    assert page.locator(".card").count() == 1
    assert pixels(page, 1, "#ff8ad8") > 50


def test_the_window_stays_on_panes_of_another_film(page: Page) -> None:
    show(page, TWO_OF_ONE_FILM)
    before = data(page, 2, "window")
    drag(page, 0, (0.4, 0.4), (0.7, 0.5))
    assert data(page, 0, "window") == data(page, 1, "window") != before
    assert data(page, 2, "window") == before
    page.keyboard.press("i")
    assert [data(page, k, "inverted") for k in range(3)] == ["1", "1", "0"]


def test_a_removed_pane_takes_its_box_along_and_the_keys_still_work(page: Page) -> None:
    show(page, [TWO_OF_ONE_FILM[0], TWO_OF_ONE_FILM[2]])
    marks(page, 1).focus()
    page.keyboard.press("b")
    drag(page, 1, (0.2, 0.2), (0.5, 0.5))
    assert pixels(page, 1, "#ffe14d") > 50
    show(page, TWO_OF_ONE_FILM[:1])
    marks(page, 0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert pixels(page, 0, "#ffe14d") == 0
    show(page, [TWO_OF_ONE_FILM[2]])
    assert pixels(page, 0, "#ffe14d") > 50


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_pane_is_whole_and_the_wheel_goes_no_further(page: Page, count: int) -> None:
    show(page, [{"film": "ab"[k % 2], "maps": [LEFT]} for k in range(count)])
    fitted = [data(page, k, "zoom") for k in range(count)]
    page.mouse.move(*place(page, 0, 0.5, 0.5))
    page.mouse.wheel(0, -400)
    assert all(float(data(page, k, "zoom")) > float(fitted[k]) for k in range(count))
    for _ in range(8):
        page.mouse.wheel(0, 400)
    assert [data(page, k, "zoom") for k in range(count)] == fitted
    assert page.evaluate("window.scrollY") == 0


def test_the_wheel_over_letters_at_the_edge_does_not_scroll_the_page(page: Page) -> None:
    show(page, RAISED)
    page.add_style_tag(content="body { height: 3000px }")
    for name in (".corner.left", ".strip", ".corner.scale-bar"):
        page.locator(name).hover()
        page.mouse.wheel(0, 300)
    page.wait_for_timeout(100)
    assert page.evaluate("window.scrollY") == 0


def test_a_double_click_goes_to_one_to_one_and_back(page: Page) -> None:
    show(page, RAISED)
    page.evaluate("window.viewer.panes[0].info.width")
    fitted = data(page, 0, "zoom")
    page.mouse.dblclick(*place(page, 0, 0.3, 0.3))
    assert float(data(page, 0, "zoom")) == 1.0
    page.mouse.dblclick(*place(page, 0, 0.5, 0.5))
    assert data(page, 0, "zoom") == fitted


def test_a_raised_badge_hides_lines_boxes_and_tint_until_asked(page: Page) -> None:
    colour = "#ff8ad8"
    show(page, RAISED)
    assert data(page, 0, "doubt") == "hidden"
    assert pixels(page, 0, colour) == 0
    plain = page.evaluate("window.viewer.panes[0].image.toDataURL()")
    assert "Weaker than in 62 of 100 normal films." in page.locator(".strip").inner_text()
    words = marks(page, 0).get_attribute("aria-label") or ""
    assert "No region is drawn" in words

    page.get_by_role("button", name="Show anyway").click()
    assert data(page, 0, "doubt") == "shown"
    assert pixels(page, 0, colour) > 200
    assert page.evaluate("window.viewer.panes[0].image.toDataURL()") != plain
    marks(page, 0).focus()
    page.keyboard.press("s")
    assert data(page, 0, "doubt") == "hidden"
    assert pixels(page, 0, colour) == 0
    assert page.evaluate("window.viewer.panes[0].image.toDataURL()") == plain

    page.evaluate("window.viewer.showPhrase('s1')")
    assert data(page, 0, "doubt") == "none"
    assert pixels(page, 0, colour) > 200
    assert page.locator(".strip").is_hidden()


def test_the_threshold_moves_box_line_and_words(page: Page) -> None:
    show(page, [{"film": "a", "maps": [LEFT]}])

    def extent() -> float:
        box = page.evaluate("v => window.viewer.panes[0].map.regionsAt(v)[0].box", float(cut()))
        return float(box[2] - box[0])

    def cut() -> str:
        return data(page, 0, "threshold")

    wide, words = extent(), page.locator(".words").inner_text()
    drawn = pixels(page, 0, "#ff8ad8")
    page.get_by_role("slider", name="Threshold").fill("0.9")
    assert cut() == "0.9"
    assert extent() < wide
    assert pixels(page, 0, "#ff8ad8") < drawn
    assert "above 0.90" in page.locator(".words").inner_text()
    assert "above 0.50" in words


def test_ruler_angle_and_magnifier(page: Page) -> None:
    blue = "#7ee0ff"
    show(page, [{"film": "a", "maps": [LEFT]}, {"film": "b", "maps": [LEFT]}])
    marks(page, 0).focus()
    page.keyboard.press("m")
    drag(page, 0, (0.1, 0.1), (0.6, 0.1))
    assert pixels(page, 0, blue) > 50
    assert pixels(page, 1, blue) == 0
    page.keyboard.press("a")
    drag(page, 1, (0.5, 0.2), (0.2, 0.2))
    drag(page, 1, (0.2, 0.5), (0.2, 0.6))
    measures = page.evaluate("window.viewer.snapshot().measures")
    assert [item["kind"] for item in measures] == ["ruler", "angle"]
    assert len(measures[1]["points"]) == 3
    page.keyboard.press("Backspace")
    assert [m["kind"] for m in page.evaluate("window.viewer.snapshot().measures")] == ["ruler"]

    settle(page)
    before = page.evaluate("window.viewer.panes[1].marks.toDataURL()")
    page.mouse.move(*place(page, 1, 0.5, 0.5))
    page.keyboard.down("g")
    settle(page)
    assert page.evaluate("window.viewer.panes[1].marks.toDataURL()") != before
    page.keyboard.up("g")
    settle(page)
    assert page.evaluate("window.viewer.panes[1].marks.toDataURL()") == before
