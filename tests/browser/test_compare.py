"""The Compare page in a browser: a hand on linked panes asks the server for nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import Visit

pytestmark = pytest.mark.browser


def open_compare(visit: Visit) -> None:
    visit.settle()
    visit.page.get_by_role("link", name="Compare").click()
    expect(visit.page.locator(".pane")).to_have_count(2)
    visit.settle()


def test_a_hand_on_linked_panes_sends_nothing(open_tab: Callable[..., Visit]) -> None:
    visit = open_tab()
    page = visit.page
    open_compare(visit)
    # Another source would ask for the map of each phrase that is chosen.
    page.get_by_role("combobox", name="Maps from, pane B").select_option("similarity")
    visit.settle()
    page.get_by_role("button", name="Add a pane").click()
    expect(page.locator(".pane")).to_have_count(3)
    visit.settle()
    page.get_by_role("button", name="Difference of two panes").click()
    page.get_by_role("tab", name="Compare", exact=True).click()
    expect(page.locator(".numbers table")).not_to_have_count(0)
    visit.sent.clear()
    film = page.locator("canvas.marks").first
    area = film.bounding_box()
    assert area is not None
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    film.focus()
    for key in ("w", "b"):
        page.keyboard.press(key)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 40, steps=12)
        page.mouse.up()
    page.mouse.wheel(0, -300)
    for key in ("i", "h", "r", "]", "]", "[", "t", "d", "d"):
        page.keyboard.press(key)
    zooms = {m.get_attribute("data-zoom") for m in page.locator("canvas.marks").all()}
    assert len(zooms) == 1  # four panes of one size and film
    page.wait_for_timeout(700)
    assert visit.sent == []


def test_panes_lie_below_one_another_on_a_phone(open_tab: Callable[..., Visit]) -> None:
    visit = open_tab(width=420, height=900, scheme="dark")
    open_compare(visit)
    first, second = (visit.page.locator(".pane").nth(k).bounding_box() for k in (0, 1))
    assert first is not None
    assert second is not None
    assert second["y"] >= first["y"] + first["height"]
    assert first["width"] > 400
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 420
