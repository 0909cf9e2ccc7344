"""What does an image encode cost beside other work, as threads that wait spin long or shortly?

Run: python benchmarks/waiting_threads.py [--seconds 8]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from _inputs import bundled_radiograph, distinct_phrases
from _report import write_report

BUSY = (0, 1, 2)  # other processes that compute without a pause
SPINS = {"libgomp's own": "300000", "the program's": "10000"}
PROTOCOL = (
    "A process that encodes the first bundled film and grounds one further phrase in turn, beside "
    "0, 1 or 2 processes that count without a pause, with GOMP_SPINCOUNT as libgomp has it and as "
    "the program sets it, in turn. Medians, milliseconds."
)


def main() -> None:
    """Measure in processes of their own, since the setting is read when torch is loaded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        sys.stdout.write(json.dumps(inside(options.seconds)))
        return
    results = {
        f"{busy} busy processes": {
            name: beside(busy, spins, seconds=options.seconds) for name, spins in SPINS.items()
        }
        for busy in BUSY
    }
    write_report("waiting_threads", protocol=PROTOCOL, seed=None, results=results)


def beside(busy: int, spins: str, *, seconds: float) -> dict[str, Any]:
    """What a process measures of itself beside some that are busy."""
    command = [sys.executable, __file__, "--inside", "--seconds", f"{seconds}"]
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        done = subprocess.run(
            command, env=os.environ | {"GOMP_SPINCOUNT": spins}, stdout=subprocess.PIPE, check=True
        )
    finally:
        for other in others:
            other.kill()
            other.wait()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def inside(seconds: float) -> dict[str, Any]:
    """Medians of image encodes and of further phrases, for some seconds."""
    from explorer import pipeline

    engine = pipeline.open_engine(device="cpu")
    film = bundled_radiograph()
    seen = pipeline.embed(engine, film)
    pipeline.ground(engine, seen, ["warm up"])
    encode, phrase = [], []
    end = time.perf_counter() + seconds
    for text in distinct_phrases(144):
        start = time.perf_counter()
        pipeline.embed(engine, film)
        middle = time.perf_counter()
        pipeline.ground(engine, seen, [text])
        encode.append(1000 * (middle - start))
        phrase.append(1000 * (time.perf_counter() - middle))
        if time.perf_counter() > end:
            break
    return {
        "encodes": len(encode),
        "encode_ms": round(statistics.median(encode), 1),
        "phrase_ms": round(statistics.median(phrase), 1),
    }


if __name__ == "__main__":
    main()
