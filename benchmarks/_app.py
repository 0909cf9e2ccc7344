"""Shared by benchmarks of the running app: a server, its memory, tabs that open films.

What the page looks like is known here only: the three selectors below and `open_study`.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from _report import ROOT
from playwright.async_api import Browser, FilePayload, Page

from explorer import pipeline

LONGEST_WAIT = 180.0  # seconds
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIDE = 2000  # pixels of a film that is uploaded, like a usual radiograph
FIRST_MAP = "canvas.marks[data-ready='1']:not([data-phrase=''])"
CARD = ".rgx ol.cards > li"
FIELD = "[class*='st-key-drop_a'] input[type=file]"


@dataclass(frozen=True)
class Server:
    """The app in a process of its own."""

    url: str
    pid: int

    def memory_mb(self) -> float:
        """Resident size of the server process without its decoding children, in 10^6 bytes."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        kilobytes = next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS"))
        return round(int(kilobytes) * 1024 / 1e6, 1)


@contextmanager
def running_server(**environment: str) -> Iterator[Server]:
    """Start the app on a free port, wait until it answers, and stop it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true",
         "--server.address=127.0.0.1", f"--server.port={port}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", process.pid)
    try:
        _wait_for(f"{server.url}/_stcore/health", process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"The app did not start within {LONGEST_WAIT:.0f} s.")


def browser_path() -> str:
    """Where Chromium or Chrome is.

    Raises:
        SystemExit: There is none.
    """
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")
    if not found:
        raise SystemExit("This needs Chromium or Chrome, got none. Install one or set CHROMIUM.")
    return found


class Films:
    """Films to upload, each another one: a bundled phantom, shifted and enlarged, as 16-bit PNG."""

    def __init__(self, *, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        studies = [pipeline.load_bundled_study(s.name)[0] for s in pipeline.list_bundled_studies()]
        self._pixels = [study.radiographs[0].pixels for study in studies]
        self._count = 0

    def next(self) -> tuple[bytes, str, str]:
        """A film, a report of six sentences, and a word that only this report holds."""
        number = self._count
        self._count += 1
        shift = self._random.integers(-20, 21, 2)
        pixels = np.roll(self._pixels[number % len(self._pixels)], tuple(shift), (0, 1))
        large = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        levels = (large * 65535).astype(np.uint16)
        done, png = cv2.imencode(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        assert done
        word = f"grade {number + 1000}"
        report = (
            f"Left pleural effusion {word}. There is an opacity in the right lower lobe. "
            "The heart is enlarged. No pneumothorax. Nodule in the left upper lobe. "
            "Mild interstitial thickening."
        )
        return png.tobytes(), report, word


async def new_tab(browser: Browser, server: Server) -> Page:
    """Open the app in a session of its own and wait for its first map."""
    context = await browser.new_context(viewport={"width": 1280, "height": 720})
    page = await context.new_page()
    page.set_default_timeout(LONGEST_WAIT * 1000)
    await page.goto(server.url, wait_until="commit")
    await page.wait_for_selector(FIRST_MAP)
    return page


async def open_study(page: Page, film: bytes, report: str, word: str) -> float:
    """Give a film and its report to a tab at once; seconds from there to the painted map."""
    files = [
        FilePayload(name="film.png", mimeType="image/png", buffer=film),
        FilePayload(name="report.txt", mimeType="text/plain", buffer=report.encode()),
    ]
    start = time.perf_counter()
    await page.locator(FIELD).first.set_input_files(files)
    await page.locator(CARD, has_text=word).first.wait_for()
    await page.wait_for_selector(FIRST_MAP)
    return time.perf_counter() - start


async def settle(seconds: float = 2.0) -> None:
    """Let the server come to rest."""
    await asyncio.sleep(seconds)


async def ask(page: Page, phrase: str) -> float:
    """Type a phrase into a tab that shows a study; seconds from Enter to its painted map."""
    box = page.get_by_placeholder("Ask any phrase")
    await box.fill(phrase)
    start = time.perf_counter()
    await box.press("Enter")
    await page.wait_for_selector(f"canvas.marks[data-ready='1'][data-phrase='t:{phrase}']")
    return time.perf_counter() - start


async def close_tab(page: Page) -> None:
    """Close a tab and end its session."""
    await page.context.close()


def processor_seconds(pid: int) -> float:
    """Processor time of a process, all its threads and its children, so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has ended in the meantime
            continue
        if pid in (int(path.parent.name), int(fields[1])):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
