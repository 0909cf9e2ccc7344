"""Does the memory of one process stay bounded over hundreds of uploads?

Run: python benchmarks/memory_uploads.py [--uploads 200] [--each 10]
Needs Chromium or Chrome: on the PATH, or named in CHROMIUM.
"""

import argparse
import asyncio
from typing import Any

from _app import SWITCHES, Films, browser_path, close_tab, new_tab, open_study, running_server
from _report import write_report
from playwright.async_api import async_playwright

SEED = 11
STEP = 20  # uploads between two readings
PROTOCOL = (
    "One server process. A tab opens one study after the other (a bundled phantom, shifted and "
    "enlarged to 2,000 x 2,000, 16-bit PNG, another one each time, with a report of six "
    "sentences), waits for each map, and is closed after `uploads_each_tab` uploads, when a new "
    "tab in a new session takes over. Resident size of the server process without its decoding "
    "children after every 20 uploads; growth over the second half is the last reading less the "
    "one in the middle."
)


def main() -> None:
    """Upload, read the resident size on the way, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--each", type=int, default=10)
    options = parser.parse_args()
    asyncio.run(measure(options.uploads, options.each))


async def measure(uploads: int, each: int) -> None:
    """Read the resident size every 20 uploads and write what is known so far."""
    films = Films(seed=SEED)
    readings: dict[str, float] = {}
    with running_server() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=browser_path(), args=SWITCHES
            )
            tab = await new_tab(browser, server)
            readings["0"] = server.memory_mb()
            for number in range(1, uploads + 1):
                await open_study(tab, *films.next())
                if number % STEP == 0:
                    readings[str(number)] = server.memory_mb()
                    results = {"uploads_each_tab": each, **summary(readings)}
                    write_report("memory_uploads", protocol=PROTOCOL, seed=SEED, results=results)
                if number % each == 0 and number < uploads:
                    await close_tab(tab)
                    tab = await new_tab(browser, server)
            await browser.close()


def summary(readings: dict[str, float]) -> dict[str, Any]:
    """The readings with the largest and the growth over the second half."""
    sizes = list(readings.values())
    return {
        "uploads": max(map(int, readings)),
        "resident_mb": readings,
        "largest_mb": max(sizes),
        "growth_of_second_half_mb": round(sizes[-1] - sizes[len(sizes) // 2], 1),
    }


if __name__ == "__main__":
    main()
