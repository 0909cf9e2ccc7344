"""How long does the first opening of the Prototypes page take?

Run: python benchmarks/prototypes_page.py [--starts 3]
Needs Chromium or Chrome: on the PATH, or named in CHROMIUM.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Coroutine
from typing import Any

from _app import SWITCHES, browser_path, close_tab, new_tab, running_server
from _report import write_report
from playwright.async_api import Browser, async_playwright

ROOM = ".st-key-rooms [class*='st-key-open_'] button"
MAP = ".st-key-plane .js-plotly-plot canvas"
LOOKED = 15.0  # seconds on Ground before the page is opened
PROTOCOL = (
    "A fresh server each time, with the bundled index. Seconds from pressing Prototypes to the "
    "first room with its pictures, and to the map; medians of all starts. At once: pressed as soon "
    f"as Ground shows its first map. Later: after {LOOKED:.0f} seconds there. Again: left for "
    "Ground and opened once more."
)


def main() -> None:
    """Open the page in fresh servers and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=3)
    starts = parser.parse_args().starts
    write_report(
        "prototypes_page", protocol=PROTOCOL, seed=None, results=asyncio.run(_measure(starts))
    )


async def _measure(starts: int) -> dict[str, dict[str, float]]:
    times: dict[str, list[tuple[float, float]]] = {"at_once": [], "later": [], "again": []}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=browser_path(), args=list(SWITCHES)
        )
        for _ in range(starts):
            times["at_once"].append((await _open(browser, waits=0))[0])
            later, again = await _open(browser, waits=LOOKED)
            times["later"].append(later)
            times["again"].append(again)
        await browser.close()
    return {
        name: {
            "room_s": round(statistics.median(room for room, _ in found), 2),
            "map_s": round(statistics.median(drawn for _, drawn in found), 2),
        }
        for name, found in times.items()
    }


async def _open(browser: Browser, *, waits: float) -> tuple[tuple[float, float], ...]:
    """Seconds to the first room and to the map, at the first opening and at the second."""
    found = []
    with running_server() as server:
        page = await new_tab(browser, server)
        await asyncio.sleep(waits)
        for _ in range(2):
            start = time.perf_counter()
            await page.get_by_role("link", name="Prototypes").click()
            marks = [page.locator(place).first.wait_for() for place in (ROOM, MAP)]
            room, drawn = await asyncio.gather(*(_after(start, mark) for mark in marks))
            found.append((room, drawn))
            await asyncio.sleep(2)
            await page.get_by_role("link", name="Ground").click()
            await asyncio.sleep(2)
        await close_tab(page)
    return tuple(found)


async def _after(start: float, mark: Coroutine[Any, Any, None]) -> float:
    await mark
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
