"""The viewer's controls: reset, saved files, memory, colour bar, names, sizes and contrast."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
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
    settle,
    show,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from open_viewer(browser)


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
    # The name of a window, however long, ends before the scale bar.
    name = "fitted to the pixel values of the film"
    page.evaluate("name => { window.viewer.panes[0].presets[0].name = name }", name)
    page.evaluate("window.viewer.schedule()")
    settle(page)
    assert name in page.locator(".corner.window").inner_text()
    written, scale = (page.locator(f".corner.{k}").bounding_box() for k in ("window", "scale-bar"))
    assert written is not None
    assert scale is not None
    assert written["x"] + written["width"] <= scale["x"]
    # A raised badge hides the map: nothing moves, and the bar says why it is pale.
    show(page, RAISED)
    settle(page)
    assert page.locator(".film").bounding_box() == film
    assert page.locator(".colour-bar").bounding_box() == bar
    assert page.locator(".bar-title").inner_text().split() == ["map", "hidden"]
    page.get_by_role("button", name="Show anyway").click()
    settle(page)
    assert page.locator(".bar-title").inner_text() == "score"


def test_one_key_resets_everything_but_what_was_drawn(page: Page) -> None:
    show(page, [{"film": "a", "maps": [LEFT]}])
    names = ("zoom", "window", "inverted", "threshold", "opacity", "quantity", "tool")
    first = [data(page, 0, name) for name in names]
    marks(page, 0).focus()
    page.keyboard.press("b")
    drag(page, 0, (0.2, 0.2), (0.5, 0.5))
    for key in ("i", "3", "+", "t", "r", "m"):
        page.keyboard.press(key)
    page.get_by_role("tab", name="Display").click()
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


def test_the_whole_screen_and_back(page: Page) -> None:
    show(page, [{"film": "a", "maps": [LEFT]}])
    full = "document.fullscreenElement === window.viewer.root"
    marks(page, 0).focus()
    page.keyboard.press("f")
    page.wait_for_function(full)
    assert float(data(page, 0, "zoom")) > 0
    page.keyboard.press("f")
    page.wait_for_function(f"!({full})")


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
          .filter((node) => node.checkVisibility())
          .map((node) => {
            const target = node.type === 'checkbox' ? node.closest('label')
              : node.matches('.say') ? node.closest('.card') : node;  // all of a card is pressed
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
      && !node.closest('dialog, .status, option, :disabled, [type=range], [type=checkbox]');
  });
  return nodes.map((node) => {
    const back = behind(node);
    const [a, b] = [light(back), light(over(getComputedStyle(node).color, back))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return { contrast, icon: node.matches('svg'), text: node.textContent || node.value,
             of: node.className.baseVal ?? node.className };
  });
}"""
