"""The app in a fresh process and one headless browser for all tests of this folder."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, WebSocket, expect, sync_playwright

from explorer import pipeline

ROOT = Path(__file__).parents[2]
STUDY = min((ROOT / "assets" / "studies").glob("*/image.dcm"), default=Path("missing"))
PATIENCE_MS = 60_000  # a first paint may take seconds on a busy machine
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Server:
    """A running app; `started` is the moment its process was made, in monotonic seconds."""

    url: str
    log: Path
    started: float


@dataclass
class Visit:
    """A tab with what went over its wires.

    Attributes:
        sent: Websocket frames from the browser to the server: every rerun needs one.
        received: Bytes of the frames from the server to the browser.
        abroad: Requests to anything but this machine.
        complaints: Errors on the console and uncaught exceptions.
    """

    page: Page
    url: str
    sent: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open_files(self, *files: FilePayload) -> None:
        """Open files through the drawer, as a person would."""
        self.page.get_by_role("button", name="Open study").click()
        self.page.locator("#own-files").set_input_files(list(files))

    def settle(self) -> None:
        """Wait until the radiograph is drawn with its own maps and the app has come to rest."""
        self.page.locator("canvas.marks[data-ready='1']").first.wait_for()
        expect(self.page.locator("canvas.marks[data-run='']")).to_have_count(0)
        expect(self.page.get_by_test_id("stStatusWidget")).to_have_count(0)
        expect(self.page.locator("[data-stale='true']")).to_have_count(0)


def file(name: str, data: bytes) -> FilePayload:
    """A file as a browser gives it; its type says nothing."""
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=data)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The app did not answer on {url} within {seconds} s.")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the app as a person would, on a free port of this machine."""
    yield from serve(tmp_path_factory, ROOT / "app.py")


def serve(tmp_path_factory: pytest.TempPathFactory, script: Path) -> Iterator[Server]:
    """Serve a script until the caller is done with it."""
    log = tmp_path_factory.mktemp("server") / "log.txt"
    url = f"http://127.0.0.1:{(port := _free_port())}"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true",
             f"--server.port={port}", "--server.address=127.0.0.1"],
            cwd=ROOT,
            # Runs are kept below the home folder: a test leaves none there, and finds none.
            env={**os.environ, "HOME": str(log.parent)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_for(url, process)
            yield Server(url, log, started)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One headless Chromium."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def radiograph_png() -> bytes:
    """The first bundled radiograph as an 8-bit PNG."""
    study = pipeline.read_study([STUDY.read_bytes()])
    pixels = (study.radiographs[0].pixels * 255).astype(np.uint8)
    done, encoded = cv2.imencode(".png", cv2.resize(pixels, None, fx=0.5, fy=0.5))
    assert done
    return encoded.tobytes()


@pytest.fixture
def open_tab(server: Server, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Open the app in a new session; afterwards check that it was quiet and stayed at home."""
    visits: list[Visit] = []

    def start(**look: Any) -> Visit:
        visits.append(open_visit(server, browser, **look))
        return visits[-1]

    yield start
    for visit in visits:
        _close(visit)


@pytest.fixture(scope="module")
def tab(server: Server, browser: Browser) -> Iterator[Visit]:
    """One wide tab that several tests use one after the other, each leaving it usable."""
    visit = open_visit(server, browser)
    yield visit
    _close(visit)


def open_visit(
    server: Server,
    browser: Browser,
    *,
    width: int = 1400,
    height: int = 1000,
    scheme: Literal["light", "dark"] = "light",
    script: str = "",
) -> Visit:
    """Open the app in a new session; `script` runs in the page before anything else does."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(script)
    visit = Visit(page, server.url)
    _record(visit)
    page.goto(server.url)
    return visit


def _close(visit: Visit) -> None:
    visit.page.context.close()
    assert visit.abroad == []
    assert visit.complaints == []


def _record(visit: Visit) -> None:
    def on_request(url: str) -> None:
        if not url.startswith((visit.url, "data:", "blob:")):
            visit.abroad.append(url)

    page = visit.page
    page.on("request", lambda request: on_request(request.url))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            visit.complaints.append(f"{message.text} ({message.location['url']})")
            if message.type == "error"
            else None
        ),
    )

    def on_socket(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: visit.sent.append(len(frame)))
        socket.on("framereceived", lambda frame: visit.received.append(len(frame)))

    page.on("websocket", on_socket)
