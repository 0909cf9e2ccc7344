"""The Prototypes page in a real browser: map and gallery know of each other, on a phone as well."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from explorer import pipeline

from .conftest import Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(pipeline.bundled_index() is None, reason="no index is bundled"),
]

# Whether the map has points of their own, larger than the others, for the prototype of a name.
LIT = """name => [...document.querySelectorAll(".st-key-plane .js-plotly-plot")].some(
    plot => (plot.data ?? []).some(points => points.name === name && points.marker.size === 8))"""

MARKED = """() => [...document.querySelectorAll(".st-key-plane .js-plotly-plot")].some(
    plot => (plot.data ?? []).some(points => points.selectedpoints?.length > 0))"""


def cards(page: Page) -> Locator:
    return page.locator(".st-key-rooms [class*='st-key-open_'] button:visible")


def open_page(visit: Visit) -> Page:
    open_page_again(visit.page)
    return visit.page


def open_page_again(page: Page) -> None:
    # The last card is drawn after the others; before, a press may meet a card that still moves.
    page.get_by_role("link", name="Prototypes").click()
    expect(page.get_by_role("button", name="Prototypes as CSV")).to_be_visible()


def test_a_card_opens_the_room_of_its_name_and_lights_up_its_points(
    open_tab: Callable[..., Visit],
) -> None:
    page = open_page(open_tab())
    name = cards(page).first.inner_text()
    cards(page).first.click()
    expect(page.locator(".st-key-rooms h3")).to_have_text(name)
    page.wait_for_function(LIT, arg=name)
    page.get_by_role("button", name="All prototypes").click()
    expect(cards(page).first).to_have_text(name)


def test_points_that_are_drawn_round_decide_the_gallery(open_tab: Callable[..., Visit]) -> None:
    page = open_page(open_tab())
    box = page.locator(".st-key-plane .draglayer").first.bounding_box()
    assert box is not None
    corners = [(0.5, 0.1), (0.95, 0.1), (0.95, 0.9), (0.5, 0.9), (0.5, 0.1)]
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()
    told = page.get_by_text("picked on the map")
    expect(told).to_be_visible()
    said = told.inner_text()
    page.get_by_role("link", name="About").click()
    page.get_by_role("heading", name="About").first.wait_for()
    open_page_again(page)
    expect(told).to_have_text(said)  # and they are marked on the map, which was drawn anew
    page.wait_for_function(MARKED)
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_text("picked on the map")).to_have_count(0)


def test_on_a_phone_nothing_is_wider_than_the_screen(open_tab: Callable[..., Visit]) -> None:
    page = open_page(open_tab(width=420, height=900, scheme="dark"))
    wide = page.evaluate("document.querySelector('.stMain').scrollWidth")
    assert wide <= 420
    cards(page).first.click()
    expect(page.get_by_role("button", name="All prototypes")).to_be_visible()


def test_a_room_is_seen_from_its_top_and_left_to_its_card_and_exemplar(
    open_tab: Callable[..., Visit],
) -> None:
    page = open_page(open_tab(width=1280, height=720))
    last = cards(page).last
    name = last.inner_text()
    last.click()
    expect(page.locator(".st-key-rooms h3")).to_have_text(name)
    expect(page.get_by_role("button", name="All prototypes")).to_be_in_viewport()
    exemplar = page.locator(".st-key-exemplar_5")
    exemplar.get_by_role("button", name="Open in Ground").click()
    page.locator("canvas.marks[data-ready='1']").first.wait_for()
    open_page_again(page)
    expect(exemplar).to_be_in_viewport(ratio=0.5)
    page.get_by_role("button", name="All prototypes").click()
    expect(cards(page).filter(has_text=name)).to_be_in_viewport()
    page.get_by_role("button", name="Show in Ground").click()
    marks = page.locator("canvas.marks")
    expect(marks).to_have_attribute("data-phrase", re.compile("^p:Prototype "))
    expect(page.locator(".bar-title")).to_have_text("cosine")
