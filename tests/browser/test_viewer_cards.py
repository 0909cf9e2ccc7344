"""Cards beside the film: they stay where a hand finds them, and what was chosen stays chosen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from .panes import LEFT, RIGHT, data, open_viewer, place, settle, show

pytestmark = pytest.mark.browser
TWO = [{"film": "a", "maps": [LEFT | {"text": "First."}, RIGHT | {"text": "Second."}]}]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from open_viewer(browser)


def order(page: Page) -> list[str]:
    """The cards as they stand, from top to bottom."""
    found: list[str] = page.locator("li.card").evaluate_all(
        """nodes => nodes.sort((a, b) => a.offsetTop - b.offsetTop)
                         .map((node) => node.querySelector('.text').textContent)"""
    )
    return found


def test_cards_ranked_under_the_cursor_stand_still_for_the_hand_that_goes_there(
    page: Page,
) -> None:
    show(page, TWO)
    page.mouse.move(*place(page, 0, RIGHT["x"], RIGHT["y"]))
    page.wait_for_function("window.viewer.cards.order[0] === 1")
    page.wait_for_function("document.getAnimations().length === 0")  # cards glide to their places
    top = page.locator("li.card", has_text="Second.").bounding_box()
    assert top is not None
    at = top["x"] + top["width"] / 2, top["y"] + 10
    page.mouse.move(*at, steps=4)
    page.wait_for_timeout(900)  # longer than cards wait for a hand on its way
    assert order(page) == ["Second.", "First."]
    page.mouse.down()
    page.mouse.up()
    assert data(page, 0, "phrase") == "s1"
    page.mouse.move(*place(page, 0, 0.5, 1.5))  # away from cards and film
    page.wait_for_function("window.viewer.cards.order[0] === 0")
    assert order(page) == ["First.", "Second."]


def test_a_press_is_not_lost_when_a_further_piece_arrives_in_its_midst(page: Page) -> None:
    show(page, TWO)
    page.locator("li.card", has_text="Second.").hover()
    page.mouse.down()
    page.evaluate("window.viewer.collect()")
    settle(page)
    page.mouse.up()
    assert data(page, 0, "phrase") == "s1"


def test_a_chosen_sentence_is_chosen_again_when_its_new_map_comes(page: Page) -> None:
    show(page, TWO)
    page.locator("li.card", has_text="Second.").click()
    assert data(page, 0, "phrase") == "s1"
    page.evaluate("spec => window.begin(spec)", TWO[0])
    assert data(page, 0, "phrase") == ""  # no map of the new run is there
    page.evaluate("window.finish()")
    assert data(page, 0, "phrase") == "s1"


def test_the_card_of_the_map_that_is_drawn_first_is_in_view(page: Page) -> None:
    weak = [LEFT | {"abstain": True, "text": f"Weak {k}."} for k in range(20)]
    show(page, [{"film": "a", "maps": [*weak, RIGHT | {"text": "Clear."}]}])
    page.evaluate("window.viewer.collect()")  # chooses anew, as a page does
    assert data(page, 0, "phrase") == "s20"
    expect(page.locator("li.card", has_text="Clear.")).to_be_in_viewport(ratio=0.95)


def test_a_lone_card_has_no_empty_line_above_it(page: Page) -> None:
    show(page, [{"film": "a", "maps": [LEFT]}])
    expect(page.locator(".card-head")).to_be_hidden()
    page.mouse.move(*place(page, 0, 0.5, 0.5))
    settle(page)
    expect(page.locator(".card-head")).to_be_hidden()
    show(page, TWO)
    expect(page.locator(".card-head")).to_be_visible()


@pytest.mark.parametrize("width", [400, 900, 1300])
@pytest.mark.parametrize("turns", [0, 1])
def test_a_refusal_leaves_scale_bar_window_and_side_letters_free(
    page: Page, width: int, turns: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    refused = "This does not look like a chest radiograph. " * 3
    show(page, [{"film": "b", "info": {"laterality": "R"}, "maps": [], "refused": refused}])
    for _ in range(turns):
        page.locator("canvas.marks").focus()
        page.keyboard.press("r")
    settle(page)
    covered = page.evaluate(
        """() => {
          const box = document.querySelector('.refusal').getBoundingClientRect();
          return [...document.querySelectorAll('.corner')].filter((node) => node.textContent.trim())
            .filter((node) => {
              const { left, right, top, bottom } = node.getBoundingClientRect();
              return left < box.right && right > box.left && top < box.bottom && bottom > box.top;
            }).map((node) => node.className);
        }"""
    )
    assert covered == []


def test_on_a_narrow_screen_the_viewer_is_as_tall_as_what_is_in_it(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    show(page, TWO)
    root, foot = (page.locator(name).bounding_box() for name in (".rgx", ".rgx .foot"))
    assert root is not None
    assert foot is not None
    # Below the last line there is room for the sign of what is being done, 31 px from the edge.
    assert root["y"] + root["height"] >= foot["y"] + foot["height"] + 34
