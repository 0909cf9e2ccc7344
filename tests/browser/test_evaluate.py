"""The Evaluate page in a browser: a run that is cancelled."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def open_evaluate(visit: Visit) -> Page:
    visit.settle()
    visit.page.get_by_role("link", name="Evaluate").click()
    visit.page.get_by_role("button", name="Run", exact=True).wait_for()
    return visit.page


def test_a_run_is_cancelled_between_two_pieces_and_the_page_goes_on(
    open_tab: Callable[..., Visit],
) -> None:
    page = open_evaluate(open_tab())
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
