"""How long from starting the app to the first map in the browser, and what does a phrase cost?

Run: python benchmarks/first_map.py [--starts 3] [--rounds 15] [--checkpoint NAME]
Needs Chromium or Chrome: on the PATH, or named in CHROMIUM.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from _inputs import bundled_radiograph, distinct_phrases
from _report import ROOT, write_report
from playwright.sync_api import Page, sync_playwright

from explorer import pipeline

LONGEST_WAIT = 120.0  # seconds
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SHOWN = "canvas.marks[data-ready='1']:not([data-phrase=''])"
TYPED = "right lower lung pleural effusion"
PROTOCOL = (
    "Start: the browser is open and empty; time runs from the start of the server process until "
    "the viewer says that radiograph and map of the first bundled study are painted. The slowest "
    "of all starts counts. Phrase: median of `ground` for one further phrase with all its "
    "controls on an encoded radiograph, over the median of `embed`, in turn, in one process. "
    "Typed: from pressing Enter to the painted map in the browser."
)


def main() -> None:
    """Start the app several times, then time further phrases, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    starts = browser_starts(options.starts)
    phrase = further_phrase(rounds=options.rounds, checkpoint=options.checkpoint)
    write_report(
        "first_map",
        protocol=PROTOCOL,
        seed=None,
        results={
            "starts": starts,
            "first_map_s": max(start["first_map_s"] for start in starts),
            "first_map_allowed_s": 10.0,
            **phrase,
            "phrase_over_encode_allowed": 0.2,
        },
    )


def browser_starts(count: int) -> list[dict[str, float]]:
    """Start the app `count` times; seconds to its health page, the first map, a typed map."""
    browser_path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")
    if not browser_path:
        raise SystemExit("This needs Chromium or Chrome, got none. Install one or set CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=SWITCHES)
        starts = [_one_start(browser.new_page()) for _ in range(count)]
        browser.close()
    return starts


def _one_start(page: Page) -> dict[str, float]:
    address = f"http://127.0.0.1:{_free_port()}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    start = time.perf_counter()
    server = subprocess.Popen(
        [*command, "--server.address=127.0.0.1", f"--server.port={address.rpartition(':')[2]}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"{address}/_stcore/health", server)
        healthy = time.perf_counter() - start
        page.goto(address, wait_until="commit")
        page.wait_for_selector(SHOWN, timeout=LONGEST_WAIT * 1000)
        first_map = time.perf_counter() - start
        return {
            "healthy_s": round(healthy, 2),
            "first_map_s": round(first_map, 2),
            "typed_s": round(_type_a_phrase(page), 2),
        }
    finally:
        server.terminate()
        server.wait()
        page.close()


def _type_a_phrase(page: Page) -> float:
    """Seconds from Enter until another phrase than the first is painted."""
    shown = page.get_attribute(SHOWN, "data-phrase")
    box = page.get_by_placeholder("Ask a phrase")
    box.fill(TYPED)
    start = time.perf_counter()
    box.press("Enter")
    page.wait_for_selector(f"{SHOWN}:not([data-phrase='{shown}'])", timeout=LONGEST_WAIT * 1000)
    return time.perf_counter() - start


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return as soon as the address answers.

    Raises:
        SystemExit: The server stopped, or did not answer in time.
    """
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit(f"The app did not start within {LONGEST_WAIT:.0f} s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def further_phrase(*, rounds: int, checkpoint: str | None) -> dict[str, Any]:
    """Milliseconds of one image encode and of one further phrase with all its controls."""
    engine = pipeline.open_engine(checkpoint)
    radiograph = bundled_radiograph()
    embeddings = pipeline.embed(engine, radiograph)
    pipeline.ground(engine, embeddings, ["warm up"])
    encode, phrase = [], []
    for text in distinct_phrases(rounds):
        start = time.perf_counter()
        pipeline.embed(engine, radiograph)
        middle = time.perf_counter()
        pipeline.ground(engine, embeddings, [text])
        encode.append((middle - start) * 1000)
        phrase.append((time.perf_counter() - middle) * 1000)
    return {
        "checkpoint": engine.card.name,
        "precision": engine.precision,
        "encode_ms": round(statistics.median(encode), 2),
        "phrase_ms": round(statistics.median(phrase), 2),
        "phrase_over_encode": round(statistics.median(phrase) / statistics.median(encode), 4),
    }


if __name__ == "__main__":
    main()
