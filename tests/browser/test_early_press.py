"""A press on a link to another page holds, however early it comes."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Server, open_visit

# The drawer reads the tab's name right before it tells it: the worst moment for a press.
PRESS_THEN = """
const read = Storage.prototype.getItem;
Storage.prototype.getItem = function (key) {
  if (key === "radiograph-explorer-tab" && !window.pressed) {
    const links = [...document.querySelectorAll('[data-testid="stPageLink"] a')];
    const link = links.find((each) => each.getAttribute("href") === "retrieve");
    window.pressed = Boolean(link);
    link?.click();
  }
  return read.call(this, key);
};
"""


def test_a_press_holds_while_the_first_page_is_still_coming(
    server: Server, browser: Browser
) -> None:
    visit = open_visit(server, browser, script=PRESS_THEN)
    words = visit.page.get_by_role("textbox", name="Phrase, sentences or a whole report")
    expect(words).to_be_visible()
    assert visit.page.evaluate("window.pressed")
    expect(visit.page).to_have_url(f"{server.url}/retrieve")
    visit.page.get_by_role("link", name="Ground").click()
    expect(visit.page.get_by_role("button", name="Open study")).to_be_visible()
    visit.page.context.close()
