"""Quick hands: whatever is opened when, film, cards, map and details are of one study or nothing.

Several sessions open study after study without waiting, on an engine that is slower than they are.
Every film has a report with a word of its own. A sampler in the page looks at each frame.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from explorer import pipeline
from explorer.ui.components.viewer import image_id

from .conftest import STUDY, Server, Visit, file, open_visit, serve

pytestmark = pytest.mark.browser
SEED = 20261125
SAMPLER = """() => {
  window.seen = new Map();
  const roots = () => [...document.querySelectorAll("*")].map((e) => e.shadowRoot);
  // After the frames of the page and before the paint: what is looked at is what is seen.
  const beat = document.body.appendChild(document.createElement("div"));
  beat.style.cssText = "position:fixed;height:0;width:1px";
  new ResizeObserver(() => look()).observe(beat);
  const tick = () => {
    beat.style.width = beat.style.width === "1px" ? "2px" : "1px";
    requestAnimationFrame(tick);
  };
  const look = () => {
    const root = roots().find((each) => each?.querySelector(".rgx"));
    const canvas = root?.querySelector("canvas.marks");
    const shown = (node) => Boolean(node) && getComputedStyle(node).visibility === "visible";
    if (!shown(canvas)) return;
    const { film, study, mapStudy, run, phrase } = canvas.dataset;
    const said = (all) => [...root.querySelectorAll(all)].filter(shown).map((e) => e.textContent);
    const cards = said("ol.cards > li .text");
    const state = { film, study, mapStudy, run, phrase, cards, details: said(".details h3") };
    window.seen.set(JSON.stringify(state), state);
  };
  tick();
}"""


class Films:
    """Small radiographs that differ, each with a report that has a word of its own."""

    def __init__(self) -> None:
        [film] = pipeline.read_study([STUDY.read_bytes()]).radiographs
        height, width = film.shape
        size = (320, round(320 * height / width))
        self._pixels = cv2.resize(film.pixels, size, interpolation=cv2.INTER_AREA)
        self.word_of: dict[str, str] = {}

    def make(self, number: int) -> tuple[bytes, bytes]:
        """Return film and report number `number`."""
        pixels = (self._pixels * 255).astype(np.uint8)
        pixels[4 : 5 + number % 16, 4 : 5 + number // 16] = 255
        done, encoded = cv2.imencode(".png", pixels)
        assert done
        word = f"unique{number:03d}"
        [film] = pipeline.read_study([encoded.tobytes()]).radiographs
        self.word_of[image_id(film)] = word
        report = f"Left lower lobe opacity {word}. Small right effusion {word}. No nodule {word}."
        return encoded.tobytes(), report.encode()


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with a slow engine, in a process of its own."""
    yield from serve(tmp_path_factory, Path(__file__).with_name("slow_app.py"))


def open_quickly(page: Page, number: int, films: Films) -> None:
    film, report = films.make(number)
    page.get_by_role("button", name="Open study").click()
    page.locator("#own-files").set_input_files([file("film.png", film), file("r.txt", report)])


def check(page: Page, films: Films) -> int:
    """Check every state that was seen; returns how many films were seen with maps."""
    mapped = set()
    for state in page.evaluate("[...window.seen.values()]"):
        word = films.word_of.get(state["film"])
        if state["mapStudy"]:
            assert state["mapStudy"] == state["study"]
        for text in (*state["cards"], *state["details"]):
            if "unique" in text:
                assert word is not None, state
                assert word in text, state
        if word and state["run"] and state["cards"]:
            mapped.add(state["film"])
    return len(mapped)


def race(server: Server, browser: Browser, *, sessions: int, openings: int) -> None:
    films, chance = Films(), random.Random(SEED)
    visits = [open_visit(server, browser, width=1280, height=800) for _ in range(sessions)]
    for visit in visits:
        visit.settle()
        visit.page.get_by_role("tab", name=chance.choice(["Report", "Details"])).click()
        visit.page.evaluate(SAMPLER)
    number = 0
    for _ in range(openings):
        for visit in visits:
            open_quickly(visit.page, number, films)
            number += 1
            pause = chance.choice([0, 0, 60, 250, 900])
            if pause == 900:  # as soon as the map appears
                visit.page.locator("canvas.marks:not([data-run=''])").first.wait_for()
            else:
                visit.page.wait_for_timeout(pause)
    for index, visit in enumerate(visits):
        last = f"unique{number - len(visits) + index:03d}"
        settle_on(visit, last)
        assert check(visit.page, films) >= 1
        visit.page.context.close()


def settle_on(visit: Visit, word: str) -> None:
    """The last study that was opened is the one that stays."""
    page = visit.page
    page.get_by_role("tab", name="Report").click()
    expect(page.locator("ol.cards > li .text").filter(has_text=word)).to_have_count(3)
    visit.settle()
    expect(page.locator("ol.cards > li")).to_have_count(3)
    assert page.locator("canvas.marks").get_attribute("data-ready") == "1"


def test_two_sessions_that_open_study_after_study_never_see_one_on_another(
    slow_server: Server, browser: Browser
) -> None:
    race(slow_server, browser, sessions=2, openings=4)


@pytest.mark.slow
def test_a_hundred_quick_openings_over_four_sessions(slow_server: Server, browser: Browser) -> None:
    race(slow_server, browser, sessions=4, openings=25)
