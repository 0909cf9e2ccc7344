"""What the address of the page asks for, and what is never put into one."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import STUDY, Visit, file
from .test_ground import data, marks

pytestmark = pytest.mark.browser
OpenTab = Callable[..., Visit]


def test_a_copied_link_opens_the_same_study_and_phrase_and_never_names_own_files(
    open_tab: OpenTab, radiograph_png: bytes
) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".rgx ol.cards > li button.say").nth(1).click()
    phrase = data(page, "phrase")
    page.get_by_role("button", name="Copy link").click()
    link = page.evaluate("navigator.clipboard.readText()")
    second = open_tab()
    second.page.goto(link)
    second.settle()
    expect(marks(second.page)).to_have_attribute("data-phrase", phrase)
    visit.open_files(file("film.png", radiograph_png))
    expect(page.get_by_role("button", name="Copy link")).to_be_disabled()


def test_an_address_is_followed_in_a_tab_that_was_used_and_a_reload_keeps_what_came_after(
    open_tab: OpenTab, radiograph_png: bytes
) -> None:
    visit = open_tab()
    visit.settle()
    page = visit.page
    visit.open_files(file("film.png", radiograph_png), file("r.txt", b"Left effusion is seen."))
    cards = page.locator(".rgx ol.cards")
    expect(cards.get_by_text("Left effusion is seen.")).to_be_visible()
    visit.settle()
    page.goto(f"{visit.url}/?study={STUDY.parent.name}&sentence=5&phrase=rib+fracture")
    expect(page.get_by_role("button", name="Remove rib fracture")).to_be_visible()
    visit.settle()
    visit.open_files(file("film.png", radiograph_png), file("r.txt", b"Left effusion is seen."))
    expect(cards.get_by_text("Left effusion is seen.")).to_be_visible()
    visit.settle()
    page.reload()
    expect(cards.get_by_text("Left effusion is seen.")).to_be_visible()
