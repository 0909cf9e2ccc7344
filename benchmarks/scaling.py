"""How do time and memory of encoding grow with the image size and with the number of phrases?

Run: python benchmarks/scaling.py [--rounds 7] [--checkpoint NAME]
Each point is measured in a process of its own, so that no point inherits another's memory.
"""

import argparse
import multiprocessing
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from _chart import line_chart
from _report import RESULTS, write_report

SIDES = (256, 512, 1024, 2048, 3072, 4096)
PHRASE_COUNTS = (1, 2, 5, 10, 20, 50, 100, 144)
PROTOCOL = (
    "The first bundled radiograph resampled to squares; distinct sided phrases. Median of rounds "
    "after one warm-up. Resize = everything of `embed` outside the encoder call. Memory = highest "
    "resident size during the rounds above the resident size just before them, in 10^6 bytes; "
    "null where the system does not tell. Every point in a fresh process."
)


def main() -> None:
    """Measure all points, fit the lines, write JSON and two charts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    shared = {"rounds": options.rounds, "checkpoint": options.checkpoint}
    sizes = [_in_own_process(measure_size, side=side, **shared) for side in SIDES]
    counts = [_in_own_process(measure_phrases, count=count, **shared) for count in PHRASE_COUNTS]
    encode = [point["encode_ms"] for point in sizes]
    slope, start, r_squared = fit_line(PHRASE_COUNTS, [point["ground_ms"] for point in counts])
    write_report(
        "scaling",
        protocol=PROTOCOL,
        seed=None,
        results={
            "by_side": sizes,
            "by_phrase_count": counts,
            "encode_largest_over_smallest": round(max(encode) / min(encode), 3),
            "phrase_slope_ms": round(slope, 3),
            "phrase_start_ms": round(start, 3),
            "phrase_r_squared": round(r_squared, 4),
        },
    )
    line_chart(
        RESULTS / "scaling_image.svg",
        title="One radiograph: time against image size",
        x_title="image side, pixels",
        y_title="milliseconds",
        x=SIDES,
        lines={"image encode": encode, "resize to the model's input": column(sizes, "resize_ms")},
    )
    line_chart(
        RESULTS / "scaling_phrases.svg",
        title="One text batch with all controls: time against phrases",
        x_title="phrases",
        y_title="milliseconds",
        x=PHRASE_COUNTS,
        lines={"ground": column(counts, "ground_ms"), "of it text": column(counts, "text_ms")},
    )


def column(points: list[dict[str, Any]], name: str) -> list[float]:
    """One value of every point."""
    return [point[name] for point in points]


def measure_size(*, side: int, rounds: int, checkpoint: str | None) -> dict[str, Any]:
    """Encode a (side, side) image: milliseconds of encoder and resize, and memory."""
    from _inputs import square_pixels

    from explorer import pipeline

    engine = Timed(pipeline.open_engine(checkpoint))
    pixels = square_pixels(side)
    whole, inside, memory = _rounds(lambda: pipeline.embed_pixels(engine, pixels), engine, rounds)
    return {
        "side": side,
        "encode_ms": inside,
        "resize_ms": round(whole - inside, 3),
        "memory_mb": memory,
    }


def measure_phrases(*, count: int, rounds: int, checkpoint: str | None) -> dict[str, Any]:
    """Ground `count` phrases on one encoded image: milliseconds, of which text, and memory."""
    from _inputs import bundled_radiograph, distinct_phrases

    from explorer import pipeline

    engine = Timed(pipeline.open_engine(checkpoint))
    embeddings = pipeline.embed(engine, bundled_radiograph())
    phrases = distinct_phrases(count)
    whole, inside, memory = _rounds(
        lambda: pipeline.ground(engine, embeddings, phrases), engine, rounds
    )
    return {"phrases": count, "ground_ms": whole, "text_ms": inside, "memory_mb": memory}


class Timed:
    """An engine that adds up the milliseconds spent inside its two encoder calls."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.spent_ms = 0.0

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._engine, name)
        if name not in {"embed_image", "embed_text"}:
            return value

        def timed_call(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            result = value(*args, **options)
            self.spent_ms += (time.perf_counter() - start) * 1000
            return result

        return timed_call


def _rounds(call: Any, engine: Timed, rounds: int) -> tuple[float, float, float | None]:
    """Median milliseconds of the call and of its encoder part, and extra memory in MB."""
    call()
    resident = _status_mb("VmRSS")
    _reset_peak()
    whole, inside = [], []
    for _ in range(rounds):
        engine.spent_ms = 0.0
        start = time.perf_counter()
        call()
        whole.append((time.perf_counter() - start) * 1000)
        inside.append(engine.spent_ms)
    peak = _status_mb("VmHWM")
    extra = None if peak is None or resident is None else round(max(0.0, peak - resident), 1)
    return round(statistics.median(whole), 3), round(statistics.median(inside), 3), extra


def _status_mb(field: str) -> float | None:
    """One memory line of this process in megabytes (Linux); None elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines[field].split()[0]) * 1024 / 1e6


def _reset_peak() -> None:
    """Start a new high-water mark of resident memory (Linux)."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5")


def fit_line(x: tuple[int, ...], y: list[float]) -> tuple[float, float, float]:
    """Least-squares slope, intercept and R squared of y over x."""
    slope, start = np.polyfit(x, y, 1)
    residual = np.asarray(y) - (slope * np.asarray(x) + start)
    return float(slope), float(start), float(1 - residual.var() / np.var(y))


def _in_own_process(work: Any, **options: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, kwds=options)


if __name__ == "__main__":
    main()
