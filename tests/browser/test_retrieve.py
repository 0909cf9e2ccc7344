"""The Retrieve page in a real browser: to Compare with a hit, and back to where it stood."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from explorer import pipeline

from .conftest import Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(pipeline.bundled_index() is None, reason="no index is bundled"),
]


def test_a_hit_lies_beside_the_study_in_compare_and_is_come_back_to(
    open_tab: Callable[..., Visit],
) -> None:
    visit = open_tab()
    page = visit.page
    visit.settle()
    before = page.locator("canvas.marks").get_attribute("data-film")
    page.get_by_role("link", name="Retrieve").click()
    page.locator("[class*='st-key-find_'] button").first.click()
    far = page.get_by_role("button", name="Show hit 20 beside the film on screen in Compare")
    far.click()
    expect(page.locator(".pane")).to_have_count(2)
    visit.settle()
    films = [film.get_attribute("data-film") for film in page.locator("canvas.marks").all()]
    assert films[0] == before != films[1]
    page.get_by_role("link", name="Retrieve").click()
    expect(far).to_be_in_viewport()


def test_a_box_drawn_on_ground_is_searched_for_and_no_tool_is_left_changed(
    open_tab: Callable[..., Visit],
) -> None:
    visit = open_tab()
    page = visit.page
    visit.settle()
    film = page.locator("canvas.marks")
    film.focus()
    page.keyboard.press("b")
    page.keyboard.press("Enter")  # a box in the middle
    page.keyboard.press("w")
    expect(film).to_have_attribute("data-tool", "window")
    page.wait_for_timeout(800)  # the look is kept a moment after the hand rests
    page.get_by_role("link", name="Retrieve").click()
    page.get_by_role("radio", name="A region").click()
    expect(page.get_by_text("The newest box on the film is searched for.")).to_be_visible()
    expect(film).to_have_attribute("data-tool", "box")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("regions", exact=False).first).to_be_visible()
    expect(page.locator("li.hit").first).to_be_visible()
    page.get_by_role("radio", name="Its reports").click()
    expect(film).to_have_attribute("data-tool", "window")
    page.get_by_role("radio", name="A region").click()
    expect(film).to_have_attribute("data-tool", "box")
    page.get_by_role("link", name="Ground").click()
    visit.settle()
    expect(film).to_have_attribute("data-tool", "window")


def test_further_hits_are_read_from_the_first_and_a_judgement_moves_nothing(
    open_tab: Callable[..., Visit],
) -> None:
    visit = open_tab(width=390, height=844)
    page = visit.page
    page.get_by_role("link", name="Retrieve").click()
    page.get_by_role("textbox", name="Phrase, sentences or a whole report").fill("effusion")
    page.get_by_role("button", name="Search", exact=True).click()
    counted = page.locator(".hits header strong")
    expect(counted).to_have_text("1 to 24 of 198 studies")
    expect(counted).to_be_in_viewport()  # the form above it fills the screen of a phone
    page.locator(".hits footer").get_by_role("button", name="Next").click()
    expect(counted).to_have_text("25 to 48 of 198 studies")
    expect(counted).to_be_in_viewport()
    page.evaluate(
        """() => { window.kept = [...document.querySelectorAll('*')].map((e) => e.shadowRoot)
          .find((root) => root?.querySelector('li.hit')).querySelector('li.hit img'); }"""
    )
    page.get_by_role("button", name="Hit 30 is right").click()
    page.wait_for_timeout(1500)
    assert page.evaluate("window.kept.isConnected && window.kept.naturalWidth > 0")
    expect(page.get_by_role("button", name="Hit 30 is right")).to_be_in_viewport()


def test_a_reload_keeps_the_hits_and_the_words_they_are_for(
    open_tab: Callable[..., Visit],
) -> None:
    visit = open_tab()
    page = visit.page
    page.get_by_role("link", name="Retrieve").click()
    words = page.get_by_role("textbox", name="Phrase, sentences or a whole report")
    words.fill("left pleural effusion")
    page.get_by_role("textbox", name="Filter").fill("view=AP")
    page.get_by_role("button", name="Search", exact=True).click()
    hit = page.get_by_role("button", name="Show hit 1 beside the film on screen in Compare")
    expect(hit).to_be_visible()
    page.reload()
    expect(hit).to_be_visible()
    expect(words).to_have_value("left pleural effusion")
    expect(page.get_by_role("textbox", name="Filter")).to_have_value("view=AP")
    # Streamlit looks for itself below the address of a page before it asks at the top.
    visit.complaints[:] = [said for said in visit.complaints if "404" not in said]
