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
