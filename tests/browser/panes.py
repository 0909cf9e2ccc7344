"""The viewer's modules on an empty page: shown with any panes, and asked what is drawn."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Route

from .conftest import ROOT

COMPONENTS = ROOT / "explorer" / "ui" / "components"
VIEWER = COMPONENTS / "viewer"
PAGE = ROOT / "tests" / "viewer" / "page"
ADDRESS = "http://viewer.test"
KINDS = {".js": "text/javascript", ".html": "text/html"}
LEFT, RIGHT = {"x": 0.3, "y": 0.6}, {"x": 0.7, "y": 0.3}
TWO_OF_ONE_FILM = [
    {"film": "a", "title": "one", "maps": [LEFT]},
    {"film": "a", "title": "two", "maps": [RIGHT]},
    {"film": "b", "title": "one", "maps": [LEFT]},
]
RAISED = [{"film": "a", "title": "one", "maps": [LEFT | {"abstain": True}, RIGHT]}]


def open_viewer(browser: Browser) -> Iterator[Page]:
    """The viewer's own modules on an empty page; errors fail the test."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route(f"{ADDRESS}/**", _serve)
    page.goto(f"{ADDRESS}/page/harness.html")
    for sheet in sorted((VIEWER / "css").glob("*.css")):
        page.add_style_tag(content=sheet.read_text("utf-8"))
    page.wait_for_function("window.ready")
    yield page
    page.close()
    assert errors == []


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(ADDRESS)
    folder = PAGE.parent if path.startswith("/page/") else COMPONENTS.parent
    file = folder / path.lstrip("/")
    if file.suffix in KINDS and file.is_file():
        route.fulfill(body=file.read_text("utf-8"), content_type=KINDS[file.suffix])
    else:
        route.fulfill(status=204)


def show(page: Page, panes: list[dict[str, Any]]) -> None:
    page.evaluate("panes => window.show(panes)", panes)


def settle(page: Page) -> None:
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def marks(page: Page, index: int) -> Locator:
    return page.locator("canvas.marks").nth(index)


def data(page: Page, index: int, name: str) -> str:
    settle(page)
    return marks(page, index).get_attribute(f"data-{name}") or ""


def place(page: Page, index: int, x: float, y: float) -> tuple[float, float]:
    """A point of the image, as shares of its width and height, on the screen."""
    point = page.evaluate(
        """([index, x, y]) => {
          const { view, size, info, marks } = window.viewer.panes[index];
          const edge = marks.getBoundingClientRect();
          return [edge.left + size.width / 2 + (x * info.width - view.x) * view.scale,
                  edge.top + size.height / 2 + (y * info.height - view.y) * view.scale];
        }""",
        [index, x, y],
    )
    return point[0], point[1]


def drag(page: Page, index: int, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, index, *start))
    page.mouse.down()
    page.mouse.move(*place(page, index, *end), steps=6)
    page.mouse.up()
    settle(page)


def pixels(page: Page, index: int, colour: str) -> int:
    """How many pixels of the marks have nearly this colour."""
    count = page.evaluate(
        """([index, colour]) => {
          const { marks } = window.viewer.panes[index];
          const value = parseInt(colour.slice(1), 16);
          const want = [value >> 16, (value >> 8) & 255, value & 255];
          const found = marks.getContext('2d').getImageData(0, 0, marks.width, marks.height).data;
          let count = 0;
          for (let at = 0; at < found.length; at += 4)
            count += found[at + 3] > 200 && want.every((v, k) => Math.abs(v - found[at + k]) < 24);
          return count;
        }""",
        [index, colour],
    )
    return int(count)


def readouts(page: Page) -> list[str]:
    settle(page)
    settle(page)
    return page.locator(".corner.readout").all_inner_texts()
