"""The viewer with one to four panes, without Python behind it: what a hand does on each of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route

from .conftest import ROOT

pytestmark = pytest.mark.browser
COMPONENTS = ROOT / "explorer" / "ui" / "components"
VIEWER = COMPONENTS / "viewer"
PAGE = ROOT / "tests" / "viewer" / "page"
ADDRESS = "http://viewer.test"
KINDS = {".js": "text/javascript", ".html": "text/html"}
LEFT, RIGHT = {"x": 0.3, "y": 0.6}, {"x": 0.7, "y": 0.3}
TWO_OF_ONE_FILM = [
    {"film": "a", "title": "one", "maps": [LEFT]},
    {"film": "a", "title": "two", "maps": [RIGHT]},
    {"film": "b", "title": "one", "maps": [LEFT]},
]
RAISED = [{"film": "a", "title": "one", "maps": [LEFT | {"abstain": True}, RIGHT]}]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The viewer's own modules on an empty page; errors fail the test."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route(f"{ADDRESS}/**", _serve)
    page.goto(f"{ADDRESS}/page/harness.html")
    for sheet in sorted((VIEWER / "css").glob("*.css")):
        page.add_style_tag(content=sheet.read_text("utf-8"))
    page.wait_for_function("window.ready")
    yield page
    page.close()
    assert errors == []


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(ADDRESS)
    folder = PAGE.parent if path.startswith("/page/") else COMPONENTS.parent
    file = folder / path.lstrip("/")
    if file.suffix in KINDS and file.is_file():
        route.fulfill(body=file.read_text("utf-8"), content_type=KINDS[file.suffix])
    else:
        route.fulfill(status=204)


def show(page: Page, panes: list[dict[str, Any]]) -> None:
    page.evaluate("panes => window.show(panes)", panes)


def settle(page: Page) -> None:
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def marks(page: Page, index: int) -> Locator:
    return page.locator("canvas.marks").nth(index)


def data(page: Page, index: int, name: str) -> str:
    settle(page)
    return marks(page, index).get_attribute(f"data-{name}") or ""


def place(page: Page, index: int, x: float, y: float) -> tuple[float, float]:
    """A point of the image, as shares of its width and height, on the screen."""
    point = page.evaluate(
        """([index, x, y]) => {
          const { view, size, info, marks } = window.viewer.panes[index];
          const edge = marks.getBoundingClientRect();
          return [edge.left + size.width / 2 + (x * info.width - view.x) * view.scale,
                  edge.top + size.height / 2 + (y * info.height - view.y) * view.scale];
        }""",
        [index, x, y],
    )
    return point[0], point[1]


def drag(page: Page, index: int, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, index, *start))
    page.mouse.down()
    page.mouse.move(*place(page, index, *end), steps=6)
    page.mouse.up()
    settle(page)


def pixels(page: Page, index: int, colour: str) -> int:
    """How many pixels of the marks have nearly this colour."""
    count = page.evaluate(
        """([index, colour]) => {
          const { marks } = window.viewer.panes[index];
          const value = parseInt(colour.slice(1), 16);
          const want = [value >> 16, (value >> 8) & 255, value & 255];
          const found = marks.getContext('2d').getImageData(0, 0, marks.width, marks.height).data;
          let count = 0;
          for (let at = 0; at < found.length; at += 4)
            count += found[at + 3] > 200 && want.every((v, k) => Math.abs(v - found[at + k]) < 24);
          return count;
        }""",
        [index, colour],
    )
    return int(count)


def readouts(page: Page) -> list[str]:
    settle(page)
    settle(page)
    return page.locator(".corner.readout").all_inner_texts()


def test_hovering_reads_the_maps_of_the_pane_under_the_cursor(page: Page) -> None:
    show(page, TWO_OF_ONE_FILM)
    read = []
    for index in (0, 1):
        page.mouse.move(*place(page, index, 0.3, 0.6))
        texts = readouts(page)
        read.append(page.evaluate("window.viewer.cards.hoverValues?.[0]"))
        assert f"score +{read[-1]:.3f}".replace("+", "") in texts[index].replace("+", "")
    assert read[0] > 0.9 > 0.5 > read[1]


def test_readouts_are_of_the_same_film_only(page: Page) -> None:
    show(page, TWO_OF_ONE_FILM)
    page.mouse.move(*place(page, 0, 160.5 / 640, 200.5 / 800))
    one, two, other = readouts(page)
    assert one.split("\n")[:2] == two.split("\n")[:2]
    assert "x 160  y 200" in one
    assert other == ""


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


@pytest.mark.parametrize("width", [420, 900, 1300])
def test_the_colour_bar_lies_beside_or_below_the_film(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    show(page, [{"film": "a", "maps": [LEFT]}])
    film, bar = (page.locator(name).bounding_box() for name in (".film", ".colour-bar"))
    assert film is not None
    assert bar is not None
    beside = bar["x"] >= film["x"] + film["width"] - 0.5
    below = bar["y"] >= film["y"] + film["height"] - 0.5
    assert beside or below
    assert film["width"] * film["height"] > 4 * bar["width"] * bar["height"]


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

    before = page.evaluate("window.viewer.panes[1].marks.toDataURL()")
    page.mouse.move(*place(page, 1, 0.5, 0.5))
    page.keyboard.down("g")
    settle(page)
    assert page.evaluate("window.viewer.panes[1].marks.toDataURL()") != before
    page.keyboard.up("g")
    settle(page)
    assert page.evaluate("window.viewer.panes[1].marks.toDataURL()") == before


def test_one_key_resets_everything_but_what_was_drawn(page: Page) -> None:
    show(page, [{"film": "a", "maps": [LEFT]}])
    names = ("zoom", "window", "inverted", "threshold", "opacity", "quantity", "tool")
    first = [data(page, 0, name) for name in names]
    marks(page, 0).focus()
    page.keyboard.press("b")
    drag(page, 0, (0.2, 0.2), (0.5, 0.5))
    for key in ("i", "3", "+", "t", "r", "m"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Cosine").click()
    assert all(data(page, 0, name) != value for name, value in zip(names, first, strict=True)
               if name != "opacity")  # fmt: skip
    marks(page, 0).focus()
    page.keyboard.press("Space")
    assert [data(page, 0, name) for name in names] == first
    assert pixels(page, 0, "#ffe14d") > 50


def test_the_picture_is_saved_as_seen_with_its_legend(page: Page, tmp_path: Path) -> None:
    show(page, [*RAISED, {"film": "b", "title": "two", "maps": [LEFT, RIGHT]}])
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save picture").click()
    assert waiting.value.suggested_filename == "radiograph-with-map.png"
    waiting.value.save_as(tmp_path / "picture.png")
    picture = cv2.imread(str(tmp_path / "picture.png"))
    assert picture is not None
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    assert picture.shape[1] == round(stage["width"])
    assert picture.shape[0] > stage["height"] + 40  # the legend below
    legend = picture[round(stage["height"]) + 2 :]
    assert (legend.max(axis=2) > 150).sum() > 300
    # The film as on screen: the grey of its middle.
    shot = cv2.imdecode(
        np.frombuffer(page.locator(".stage").screenshot(), np.uint8), cv2.IMREAD_COLOR
    )
    assert shot is not None
    middle = (slice(200, 260), slice(200, 260))
    np.testing.assert_allclose(picture[middle], shot[middle], atol=2)


def test_measurements_are_saved_in_pixels_of_the_original(page: Page, tmp_path: Path) -> None:
    show(page, [{"film": "a", "title": "one", "maps": [LEFT]}])
    marks(page, 0).focus()
    page.keyboard.press("b")
    drag(page, 0, (0.25, 0.5), (0.5, 0.75))
    page.keyboard.press("m")
    drag(page, 0, (0.1, 0.1), (0.6, 0.1))
    page.keyboard.press("t")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save measurements").click()
    waiting.value.save_as(tmp_path / "measurements.json")
    saved = json.loads((tmp_path / "measurements.json").read_text())
    assert "not for diagnosis" in saved["notice"]
    [pane] = saved["panes"]
    np.testing.assert_allclose(pane["boxes"][0]["box"], [160, 400, 320, 600], atol=2)
    [ruler] = pane["measures"]
    assert ruler["px"] == pytest.approx(320, abs=2)
    assert ruler["mm"] == pytest.approx(80, abs=0.6)  # columns are 0.25 mm apart
    assert "calibrated" in ruler["source"]
    assert pane["map"]["threshold"] == pytest.approx(0.52)
    assert pane["map"]["agreement"]["pointing"] is True
    assert pane["window"]["center"] == 2048
    assert pane["checkpoint"] == "one"
    assert page.evaluate("window.told.map(([what]) => what)") == ["boxes"]


def test_a_snapshot_brings_back_what_was_set_and_drawn(page: Page) -> None:
    show(page, TWO_OF_ONE_FILM)
    marks(page, 0).focus()
    page.keyboard.press("b")
    drag(page, 0, (0.2, 0.2), (0.5, 0.5))
    for key in ("3", "h", "+", "t"):
        page.keyboard.press(key)
    names = ("zoom", "window", "threshold", "tool")
    before = [data(page, 0, name) for name in names]
    kept = page.evaluate("JSON.stringify(window.viewer.snapshot())")

    page.evaluate("() => { window.viewer.close(); delete window.viewer }")
    show(page, TWO_OF_ONE_FILM)
    assert [data(page, 0, name) for name in names] != before
    page.evaluate("kept => window.viewer.restore(JSON.parse(kept))", kept)
    assert [data(page, 0, name) for name in names] == before
    assert pixels(page, 0, "#ffe14d") > 50
    assert pixels(page, 2, "#ffe14d") == 0


def test_controls_have_names_and_are_large_enough(page: Page) -> None:
    show(page, RAISED)
    found = page.evaluate(
        """() => [...document.querySelectorAll('.rgx :is(button, select, input, summary)')]
          .filter((node) => node.checkVisibility() && !node.closest('.panel'))
          .map((node) => {
            const target = node.type === 'checkbox' ? node.closest('label') : node;
            const { width, height } = target.getBoundingClientRect();
            const label = node.closest('label')?.textContent ?? '';
            const name = node.getAttribute('aria-label') || node.textContent.trim() || label.trim();
            return { name, width, height };
          })"""
    )
    assert len(found) > 20
    assert [item for item in found if not item["name"]] == []
    assert [item for item in found if min(item["width"], item["height"]) < 24] == []


@pytest.mark.parametrize("theme", ["", "dark"])
def test_text_and_icons_have_contrast(page: Page, theme: str) -> None:
    page.evaluate("theme => { document.documentElement.className = theme }", theme)
    show(page, RAISED)
    page.evaluate("window.viewer.boxes.put('film-a', [10, 10, 100, 100])")
    page.evaluate("window.viewer.schedule()")
    settle(page)
    found = page.evaluate(CONTRAST)
    assert len(found) > 30
    # Disabled controls are exempt (WCAG 2.2, 1.4.3); icons need 3, text 4.5.
    low = [item for item in found if item["contrast"] < (3 if item["icon"] else 4.5)]
    assert low == []


CONTRAST = """() => {
  const g = Object.assign(document.createElement('canvas'), { width: 1, height: 1 })
    .getContext('2d', { willReadFrequently: true });
  const over = (colour, below) => {
    g.fillStyle = `rgb(${below.join(' ')})`; g.fillRect(0, 0, 1, 1);
    g.fillStyle = colour; g.fillRect(0, 0, 1, 1);
    return [...g.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const light = (rgb) => rgb.map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = (node) => {
    // Text on a film may lie on white.
    if (node.matches('.film')) return [255, 255, 255];
    const parent = node.parentElement ? behind(node.parentElement) : [255, 255, 255];
    return over(getComputedStyle(node).backgroundColor, parent);
  };
  const nodes = [...document.querySelectorAll('.rgx *')].filter((node) => {
    const text = [...node.childNodes].some((kid) => kid.nodeType === 3 && kid.data.trim());
    const shown = node.checkVisibility({ checkVisibilityCSS: true });
    return (text || node.matches('svg, select, input')) && shown
      && !node.closest('dialog, .panel, .status, option, :disabled, [type=range], [type=checkbox]');
  });
  return nodes.map((node) => {
    const back = behind(node);
    const [a, b] = [light(back), light(over(getComputedStyle(node).color, back))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return { contrast, icon: node.matches('svg'), text: node.textContent || node.value,
             of: node.className.baseVal ?? node.className };
  });
}"""
