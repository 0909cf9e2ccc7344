"""How long does one frame of the viewer take while a hand works on 2048 x 2048 radiographs?

Run: python benchmarks/viewer_frames.py [--steps 60]
Four panes: benchmarks/compare_panes.py.
Needs Chromium or Chrome: on the PATH, or named in CHROMIUM.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _report import write_report
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
VIEWPORT = {"width": 1400, "height": 1000}
PROTOCOL = (
    "Headless Chromium without GPU, window 1400 x 1000 filled by the viewer with its panel, panes "
    "with a synthetic 2048 x 2048 12-bit radiograph, 32 x 32 maps of 12 sentences in each, "
    "overlay, contours and region on. Each action is done in small steps, one an animation frame, "
    "after a warm-up round of the same. cpu = processor time of the animation frame's callbacks on "
    "the page's main thread, from Chromium's trace: it hardly depends on what else the machine "
    "does. main_thread = processor time of the whole main thread a step: input, script, style, "
    "layout, paint, commit. wall = clock time from the start of the viewer's callback to its last "
    "canvas call; frame = clock time between animation frames, which the display holds at 16.7 ms "
    "or more. Websocket frames are those in both directions during all actions. phrase = the next "
    "sentence in all panes; difference = the same with the difference of two panes shown."
)

# One step per animation frame; returns paint times and frame gaps. `step(i)` acts, then waits.
DRIVER = """
async ([action, steps]) => {
  const deep = (root) => [...root.querySelectorAll('*')].flatMap(
    (node) => [node, ...(node.shadowRoot ? deep(node.shadowRoot) : [])]);
  const all = deep(document);
  const canvas = all.find((node) => node.matches('canvas.marks'));
  const sliders = all.filter((node) => node.matches('input[type=range]'));
  const edge = canvas.getBoundingClientRect();
  const point = (x, y) => ({
    clientX: edge.left + x, clientY: edge.top + y,
    pointerId: 1, pointerType: 'mouse', bubbles: true, composed: true, cancelable: true });
  const slide = (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const wave = (i) => 0.5 + 0.45 * Math.sin(i / 9);
  const middle = [edge.width / 2, edge.height / 2];
  const round = (i) => point(middle[0] + 200 * Math.sin(i / 9), middle[1] + 120 * Math.cos(i / 7));
  const move = (i) => canvas.dispatchEvent(new PointerEvent('pointermove', round(i)));
  const acts = {
    window: move, pan: move, box: move, hover: move,
    zoom: (i) => canvas.dispatchEvent(
      new WheelEvent('wheel', { ...point(...middle), deltaY: Math.sin(i / 9) > 0 ? -60 : 60 })),
    opacity: (i) => slide(sliders[0], wave(i)),
    threshold: (i) => slide(sliders[1], wave(i)),
    phrase: () => canvas.dispatchEvent(
      new KeyboardEvent('keydown', { key: ']', bubbles: true, composed: true })),
  };
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const clock = action === 'hover' ? 'hoverMs' : 'frameMs';
  const paints = [], gaps = [];
  let before = await frame();
  for (let i = 0; i < steps; i++) {
    delete canvas.dataset[clock];
    acts[action](i);
    const now = await frame();
    gaps.push(now - before);
    before = now;
    // The viewer's own callback of this frame ran before ours or runs now: look one task later.
    await new Promise((done) => setTimeout(done));
    if (canvas.dataset[clock]) paints.push(Number(canvas.dataset[clock]));
  }
  return { paints, gaps };
}
"""
TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
KEYS = {"window": "w", "pan": "p", "box": "b"}
ACTIONS = ("window", "zoom", "pan", "opacity", "threshold", "hover", "box", "phrase")


def main() -> None:
    """Start server and browser, work the viewer, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    run("viewer_frames", steps=parser.parse_args().steps, panes=1)


def run(name: str, *, steps: int, panes: int) -> None:
    """Work the viewer with some panes and write the figures under a name."""
    with _server(panes) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_browser(), args=SWITCHES)
        page = browser.new_page(viewport=VIEWPORT)  # type: ignore[arg-type]
        results = measure(page, address, steps=steps, panes=panes)
        browser.close()
    write_report(name, protocol=PROTOCOL, seed=7, results=results)


def measure(page: Page, address: str, *, steps: int, panes: int) -> dict[str, Any]:
    """Figures of every action, and what crossed the websocket meanwhile."""
    traffic: list[int] = []
    page.on("websocket", lambda socket: _listen(socket, traffic))
    page.goto(address)
    canvas = page.locator("canvas.marks[data-ready='1']:not([data-phrase=''])").first
    canvas.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)
    received = sum(traffic)
    traffic.clear()
    results: dict[str, Any] = {
        "image": [2048, 2048],
        "panes": panes,
        "first_page_websocket_mb": received / 1e6,
    }
    for action in ACTIONS:
        results[action] = _act(page, action, steps=steps)
        sys.stdout.write(f"{action}: {results[action]}\n")
    if panes > 1:
        page.keyboard.press("d")
        page.wait_for_timeout(500)
        results["difference"] = _act(page, "phrase", steps=steps)
        sys.stdout.write(f"difference: {results['difference']}\n")
    page.wait_for_timeout(500)
    results["websocket_frames_during_actions"] = len(traffic)
    return results


def _act(page: Page, action: str, *, steps: int) -> Any:
    """Do one action `steps` times after as many rounds of warm-up; a held drag is cancelled."""
    canvas = page.locator("canvas.marks").first
    canvas.focus()
    held = action in KEYS
    if held:
        page.keyboard.press(KEYS[action])
        area = canvas.bounding_box()
        assert area is not None
        page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
        page.mouse.down()
    page.evaluate(DRIVER, [action, steps])
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=TRACED)
    timed = page.evaluate(DRIVER, [action, steps])
    trace = json.loads(browser.stop_tracing())["traceEvents"]
    if held:
        # A finished box would be told to Python; here only the way there is measured.
        canvas.dispatch_event("pointercancel", {"pointerId": 1, "bubbles": True})
        page.mouse.up()
        canvas.focus()
        page.keyboard.press(" ")
    return _figures(timed, trace, steps=steps)


def _figures(timed: dict[str, list[float]], trace: list[dict[str, Any]], *, steps: int) -> Any:
    walls, gaps = sorted(timed["paints"]), sorted(timed["gaps"])
    frames = [event for event in trace if event["name"] == "FireAnimationFrame"]
    page_thread = Counter((event["pid"], event["tid"]) for event in frames).most_common(1)[0][0]
    # The driver asks for frames too, at next to no cost: the longest callbacks are the viewer's.
    cpu = sorted(event.get("tdur", 0) / 1000 for event in frames)[-steps:]
    tasks = [
        event.get("tdur", 0) / 1000
        for event in trace
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) == page_thread
    ]
    return {
        "steps": steps,
        "cpu_median_ms": round(statistics.median(cpu), 2),
        "cpu_p95_ms": round(_quantile(cpu, 0.95), 2),
        "cpu_max_ms": round(cpu[-1], 2),
        "main_thread_mean_ms": round(sum(tasks) / steps, 2),
        "wall_min_ms": round(walls[0], 2),
        "wall_median_ms": round(statistics.median(walls), 2),
        "frame_median_ms": round(statistics.median(gaps), 2),
    }


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _listen(socket: Any, traffic: list[int]) -> None:
    for event in ("framereceived", "framesent"):
        socket.on(event, lambda data: traffic.append(len(data)))


@contextmanager
def _server(panes: int) -> Iterator[str]:
    """Serve the app on a free port until the block ends."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(HERE / "_viewer_app.py")]
    command += ["--server.port", str(port), "--server.headless", "true"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PANES": str(panes)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        _wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(address: str, *, longest: float = 60.0) -> None:
    end = time.monotonic() + longest
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _browser() -> str:
    for name in (os.environ.get("CHROMIUM", ""), *BROWSERS):
        if name and (path := shutil.which(name)):
            return path
    raise SystemExit("No Chromium or Chrome found. Install one or name it in CHROMIUM.")


if __name__ == "__main__":
    main()
