"""How many people can one process serve: from files to map with 1, 4 and 16 sessions at once?

Run: python benchmarks/sessions.py [--sessions 1 4 16] [--rounds 5]
Needs Chromium or Chrome: on the PATH, or named in CHROMIUM.
"""

import argparse
import asyncio
import statistics
import time
from typing import Any

from _app import (
    SWITCHES,
    Films,
    Server,
    ask,
    browser_path,
    close_tab,
    new_tab,
    open_study,
    processor_seconds,
    running_server,
    settle,
)
from _report import write_report
from playwright.async_api import Browser, Page, async_playwright

SEED = 7
LONG_REPORT = 400  # sentences
PROTOCOL = (
    "One server process, one Chromium, each session a browser context of its own with one tab. In "
    "each round all tabs are given a film (a bundled phantom, shifted and enlarged to 2,000 x "
    "2,000, 16-bit PNG, another one each time) and its report of six sentences at the same moment; "
    "time runs from there until the map of the new study is painted in that tab. p50 and p95 over "
    "all tabs and rounds. Memory: resident size of the server process before the tabs are opened, "
    "after the rounds, and after the tabs are closed. The browser draws all tabs on the same "
    "processor cores as the server, so these are upper limits: server_cpu_s is what the server "
    "and its decoding children took of them for one study. Then one tab is given a report of 400 "
    "sentences, and while they are grounded another tab types phrases, one after the other, from "
    "Enter to the painted map; `alone` is the same without the long report."
)


def main() -> None:
    """Measure every number of sessions in one run, the smallest first, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    results = asyncio.run(measure(options.sessions, options.rounds))
    write_report("sessions", protocol=PROTOCOL, seed=SEED, results=results)


async def measure(sessions: list[int], rounds: int) -> dict[str, Any]:
    """Figures by number of sessions, and those beside a long report."""
    films = Films(seed=SEED)
    with running_server() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=browser_path(), args=SWITCHES
            )
            first = await new_tab(browser, server)  # loads what the first visitor waits for
            await open_study(first, *films.next())
            await close_tab(first)
            found = [await at_once(browser, server, films, n, rounds) for n in sessions]
            beside = await beside_a_long_report(browser, server, films)
            await browser.close()
    return {"at_once": found, "beside_a_long_report": beside}


async def at_once(
    browser: Browser, server: Server, films: Films, sessions: int, rounds: int
) -> dict[str, float]:
    """Press-to-map times of so many sessions that press at the same moment."""
    before = server.memory_mb()
    tabs = [await new_tab(browser, server) for _ in range(sessions)]
    times: list[float] = []
    worked = 0.0
    for _ in range(rounds):
        await settle()
        given = [films.next() for _ in tabs]
        start = processor_seconds(server.pid)
        times += await asyncio.gather(
            *(open_study(tab, *study) for tab, study in zip(tabs, given, strict=True))
        )
        worked += processor_seconds(server.pid) - start
    after = server.memory_mb()
    for tab in tabs:
        await close_tab(tab)
    await settle()
    return {
        "sessions": sessions,
        "studies": len(times),
        "press_to_map_p50_s": round(statistics.median(times), 2),
        "press_to_map_p95_s": round(percentile(times, 0.95), 2),
        "server_cpu_s": round(worked / len(times), 2),
        "memory_before_mb": before,
        "memory_after_mb": after,
        "memory_closed_mb": server.memory_mb(),
    }


async def beside_a_long_report(browser: Browser, server: Server, films: Films) -> dict[str, float]:
    """Time of a typed phrase alone and while another session grounds a long report."""
    long, short = await new_tab(browser, server), await new_tab(browser, server)
    await open_study(short, *films.next())
    alone = [await ask(short, f"nodule, number {n}") for n in range(5)]
    film, report, word = films.next()
    more = " ".join(f"Nodule number {n} in the left lung." for n in range(LONG_REPORT - 6))
    started = time.perf_counter()
    ground = asyncio.create_task(long_report(long, film, f"{report} {more}", word))
    await asyncio.sleep(1.0)
    beside: list[float] = []
    while not ground.done():
        beside.append(await ask(short, f"opacity, number {len(beside)}"))
        if len(beside) == 10:  # as many phrases as a session keeps, with the five before
            break
    await ground
    whole = time.perf_counter() - started
    for tab in (long, short):
        await close_tab(tab)
    return {
        "sentences": LONG_REPORT,
        "long_report_s": round(whole, 2),
        "typed_alone_p50_s": round(statistics.median(alone), 2),
        "typed_beside_p50_s": round(statistics.median(beside), 2),
        "typed_beside_longest_s": round(max(beside), 2),
        "typed_beside": len(beside),
    }


async def long_report(tab: Page, film: bytes, report: str, word: str) -> None:
    """Open a study with a long report and wait until its last sentence has a card."""
    await open_study(tab, film, report, word)
    await tab.get_by_text(f"Nodule number {LONG_REPORT - 7} in").first.wait_for(state="attached")


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


if __name__ == "__main__":
    main()
