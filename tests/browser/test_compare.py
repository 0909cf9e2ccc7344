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


@pytest.mark.slow
def test_faithfulness_of_both_panes_is_drawn_and_goes_as_it_came(
    open_tab: Callable[..., Visit],
) -> None:
    visit = open_tab()
    page = visit.page
    open_compare(visit)
    # The quickest there are: each check encodes some hundred inputs.
    for letter, name in (("A", "small-dense-grounding"), ("B", "small-convirt")):
        page.get_by_role("combobox", name=f"Checkpoint, pane {letter}").select_option(name)
        visit.settle()
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.get_by_role("button", name="Check faithfulness").click()
    part = page.locator(".st-key-trust")
    expect(part.locator(".js-plotly-plot")).to_have_count(2)
    rows = part.get_by_test_id("stTable").locator("tbody tr")
    expect(rows).to_have_count(2)
    for row, named in zip(rows.all(), ("A, similarity", "B, similarity"), strict=True):
        name, *areas = row.locator("td, th").all_inner_texts()
        assert name == named
        assert all(0 <= float(area) <= 1 for area in areas)
        assert len(areas) == 4
    chosen = page.locator("canvas.marks").first.get_attribute("data-phrase") or ""
    assert chosen  # what is drawn is of the phrase on screen
    page.get_by_role("button", name="Close", exact=True).click()
    expect(part).to_have_count(0)
    expect(page.locator(".pane")).to_have_count(2)
