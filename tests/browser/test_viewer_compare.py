"""Several panes against one another: difference, numbers, boxes of a file, figure."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from .panes import (
    LEFT,
    RIGHT,
    TWO_OF_ONE_FILM,
    data,
    drag,
    marks,
    open_viewer,
    place,
    readouts,
    settle,
    show,
)

pytestmark = pytest.mark.browser

TWO = TWO_OF_ONE_FILM[:2]
BOX_ROUND_LEFT = {"label": "left", "box": [128, 400, 256, 560], "sentence": 0}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from open_viewer(browser)


def toggle_difference(page: Page) -> None:
    page.get_by_role("button", name="Difference of two panes").click()
    settle(page)
    settle(page)


def tint_at(page: Page, index: int, x: float, y: float) -> list[int]:
    """Red, green and blue of the picture at a point of the image."""
    sx, sy = place(page, index, x, y)
    found = page.evaluate(
        """([index, sx, sy]) => {
          const { image, ratio } = window.viewer.panes[index];
          const edge = image.getBoundingClientRect();
          const [x, y] = [(sx - edge.left) * ratio, (sy - edge.top) * ratio];
          return [...image.getContext('2d').getImageData(x, y, 1, 1).data];
        }""",
        [index, sx, sy],
    )
    return [int(value) for value in found[:3]]


def test_the_difference_is_a_pane_of_its_own_and_goes_as_it_came(page: Page) -> None:
    show(page, TWO)
    toggle_difference(page)
    assert page.locator(".pane").count() == 3
    orange, purple = tint_at(page, 2, 0.3, 0.6), tint_at(page, 2, 0.7, 0.3)
    assert orange[0] > orange[2] + 20  # A is higher on the left
    assert purple[2] > purple[1] + 20
    grey = tint_at(page, 2, 0.1, 0.05)
    assert max(grey) - min(grey) == 0  # nothing is tinted where they agree
    page.mouse.move(*place(page, 2, 0.3, 0.6))
    one, two, both = readouts(page)
    scores = [float(text.rsplit("score", 1)[1]) for text in (one, two)]
    assert float(both.rsplit("score", 1)[1]) == pytest.approx(scores[0] - scores[1], abs=0.002)
    page.get_by_role("button", name="Close the difference").click()
    settle(page)
    assert page.locator(".pane").count() == 2


@pytest.mark.parametrize("span", [(0, 1), (-1, 1)])
def test_a_map_of_another_source_has_the_colours_of_its_bar(
    page: Page, span: tuple[int, int]
) -> None:
    source = {"extra": {"source": "attention", "range": span, "note": "", "threshold": 0.5}}
    show(page, [{"film": "a", "title": "one", "maps": [{"x": 0.5, "y": 0.5, "peak": 1} | source]}])
    page.get_by_role("slider", name="Opacity").fill("1")
    settle(page)
    ramp = page.locator(".colour-bar .ramp").evaluate("ramp => ramp.style.getPropertyValue('--up')")
    stops = [[int(part) for part in stop.split()] for stop in re.findall(r"rgb\(([^)]*)\)", ramp)]
    value = page.evaluate("window.viewer.pane.map.valueAt('score', 320, 400)")
    at = (value - span[0]) / (span[1] - span[0]) * (len(stops) - 1)
    near = [stops[int(at)], stops[min(int(at) + 1, len(stops) - 1)]]
    shown = tint_at(page, 0, 0.5, 0.5)
    assert value > 0.8
    for channel, number in enumerate(shown):
        low, high = sorted(stop[channel] for stop in near)
        assert low - 8 <= number <= high + 8


def test_the_difference_follows_view_window_and_phrase(page: Page) -> None:
    both = [
        {"film": "a", "title": "one", "maps": [LEFT, RIGHT]},
        {"film": "a", "title": "two", "maps": [RIGHT, RIGHT]},
    ]
    show(page, both)
    marks(page, 0).focus()
    page.keyboard.press("d")
    settle(page)
    settle(page)
    page.mouse.move(*place(page, 2, 0.5, 0.5))
    page.mouse.wheel(0, -400)
    page.keyboard.press("i")
    assert data(page, 2, "zoom") == data(page, 0, "zoom")
    assert data(page, 2, "window") == data(page, 0, "window")
    assert data(page, 2, "inverted") == data(page, 0, "inverted") == "1"
    apart = page.evaluate("window.viewer.panes[2].map.limit")
    page.keyboard.press("]")
    settle(page)
    assert page.evaluate("window.viewer.panes[2].map.limit") < apart


def test_panes_of_two_films_have_no_difference_and_say_so(page: Page) -> None:
    show(page, [TWO_OF_ONE_FILM[0], TWO_OF_ONE_FILM[2]])
    toggle_difference(page)
    assert "different films" in page.locator(".pane").nth(2).inner_text()


def test_numbers_by_pane_pair_and_known_box(page: Page) -> None:
    known = [spec | {"reference": [BOX_ROUND_LEFT]} for spec in TWO]
    show(page, known)
    page.get_by_role("tab", name="Compare").click()
    settle(page)
    tables = page.locator(".numbers table")
    panes, pairs, phrases = (tables.nth(k).inner_text() for k in range(3))
    assert "hit ★" in panes
    assert "miss" in panes
    assert "A, B" in pairs
    assert "0.00" in pairs  # two bumps apart
    assert "Sentence 0." in phrases
    page.get_by_role("button", name="A \u2212 B").click()
    settle(page)
    assert page.locator(".pane").count() == 3
    page.get_by_role("slider", name="Threshold").fill("0.02")
    settle(page)
    assert "0.00" not in tables.nth(1).inner_text()  # both mark everything now


def test_boxes_of_a_file_become_references_and_problems_are_said(page: Page) -> None:
    show(page, TWO)
    page.get_by_role("tab", name="Compare").click()
    text = (
        "phrase,x_min,y_min,x_max,y_max\nSentence 0.,128,400,256,560\nrib fracture,1,1,9,9\n"
        "Sentence 0.,0,0,900,9\n"
    )
    chooser = page.get_by_label("File with boxes")
    chooser.set_input_files({"name": "boxes.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Forget them").wait_for()
    said = page.locator(".boxes-said").inner_text()
    assert "1 of 3 boxes" in said
    assert "outside the film of 640 x 800" in said
    assert "“rib fracture” is no phrase on screen" in said
    assert "hit ★" in page.locator(".numbers table").first.inner_text()
    page.get_by_role("button", name="Forget them").click()
    settle(page)
    assert "hit" not in page.locator(".numbers table").first.inner_text()


def test_a_box_by_hand_is_drawn_and_measured_on_all_panes(page: Page) -> None:
    show(page, TWO)
    page.get_by_role("tab", name="Compare").click()
    marks(page, 0).focus()
    page.keyboard.press("b")
    drag(page, 0, (0.2, 0.5), (0.4, 0.7))
    table = page.locator(".numbers table").first.inner_text()
    assert "hit ★" in table
    assert "miss" in table


def test_the_figure_has_labels_bars_and_notice_as_png_and_svg(page: Page, tmp_path: Path) -> None:
    show(page, TWO)
    toggle_difference(page)
    page.get_by_role("tab", name="Compare").click()
    for kind in ("PNG", "SVG"):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Figure {kind}").click()
        saved.value.save_as(tmp_path / f"figure.{kind.lower()}")
    root = ElementTree.fromstring((tmp_path / "figure.svg").read_text("utf-8"))
    said = " ".join(
        "".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")
    )
    for words in ("A  one", "B  two", "A \u2212 B", "Sentence 0.", "not for diagnosis", "Δ score"):
        assert words in said
    assert len(list(root.iter("{http://www.w3.org/2000/svg}image"))) == 3
    assert len(list(root.iter("{http://www.w3.org/2000/svg}linearGradient"))) == 3
    picture = cv2.imread(str(tmp_path / "figure.png"))
    assert picture is not None
    assert picture.shape[1] == 2 * round(float(root.attrib["width"]))
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert np.ptp(picture.astype(int), axis=2).max() > 60  # there is colour in it
