"""How much memory of freed films stays with the process, with and without fixed limits?

Run: python benchmarks/memory_allocator.py [--uploads 60]
"""

import argparse
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from _app import Films
from _report import write_report

from explorer import pipeline
from explorer.ui.components.viewer.contract import Desk, ViewerFilm
from explorer.ui.components.viewer.payload import film_message
from explorer.ui.memory import give_back_large_blocks

SEED = 3
STEP = 10  # uploads between two readings
PROTOCOL = (
    "Two processes, one after the other: `as_found` with the allocator as it is, `fixed` after "
    "`give_back_large_blocks`. Each opens films one after the other, as a session of the app does "
    "and without a browser (a bundled phantom, shifted and enlarged to 2,000 x 2,000, 16-bit PNG, "
    "another one each time; a report of six sentences): reading, encoding, grounding and packing "
    "for the viewer in a thread of its own; only the last study is held. Resident size after the "
    "first film and after every ten, in 10^6 bytes. It does not depend on other work of the "
    "machine."
)


def main() -> None:
    """Run both processes and write the result, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=60)
    parser.add_argument("--limits", choices=("as_found", "fixed"))
    options = parser.parse_args()
    if options.limits:
        if options.limits == "fixed":
            give_back_large_blocks()
        print(json.dumps(resident_sizes(options.uploads)))
        return
    results = {limits: _in_a_process(limits, options.uploads) for limits in ("as_found", "fixed")}
    write_report(
        "memory_allocator",
        protocol=PROTOCOL,
        seed=SEED,
        results={"uploads": options.uploads, "resident_mb": results},
    )


def _in_a_process(limits: str, uploads: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--limits", limits, "--uploads", str(uploads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    sizes: dict[str, float] = json.loads(done.stdout)
    return sizes


def resident_sizes(uploads: int) -> dict[str, float]:
    """Open films; the resident size in megabytes by their number."""
    engine, films = pipeline.open_engine(), Films(seed=SEED)
    held: list[Any] = []

    def open_one() -> None:
        data, text, _ = films.next()
        film = pipeline.read_study([data], text)
        embeddings = pipeline.embed(engine, film.radiographs[0])
        assert film.report is not None
        found = pipeline.ground_report(engine, embeddings, film.report)
        shown = [ViewerFilm("study", film.radiographs[0])]
        held[:] = [film, found, film_message(shown, key="viewer", desk=Desk())]

    sizes = {}
    for number in range(1, uploads + 1):
        thread = threading.Thread(target=open_one)
        thread.start()
        thread.join()
        if number == 1 or number % STEP == 0:
            sizes[str(number)] = _resident_mb()
    return sizes


def _resident_mb() -> float:
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return round(int(text.split("VmRSS:")[1].split()[0]) * 1024 / 1e6, 1)


if __name__ == "__main__":
    main()
