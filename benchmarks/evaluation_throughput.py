"""What does an evaluation cost over the bare encoder, and does its memory stay flat?

usage: python benchmarks/evaluation_throughput.py [--data ../shared/data] [--images 1000]

Blocks of images are encoded alone and evaluated with 8 phrases each, in turn, at the same batch
size; then one run of all images streams while its memory is watched. Writes
benchmarks/results/evaluation_throughput.json.
"""

import argparse
import csv
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _report import DATA, write_report

from explorer import pipeline
from explorer.corpora import read_pixels
from explorer.entities import Box
from explorer.placed import PlacedCorpus, PlacedPhrase

PROTOCOL = (
    "Films of ../shared/data (JPEG, 512 px), 8 phrases an image, each with one or two boxes, "
    "batches of 8 (an evaluation has two under way), protocols original_pixels and phrase_trust. "
    "Bare: embed_images of inputs that are in memory. Evaluation: reading, resampling, encoding, "
    "maps, figures and writing; rows that look at no image are measured once a data set and not "
    "counted. Blocks alternate; ratios are medians over blocks. Share of metrics: of the time of "
    "both threads that read, encode and measure. Memory: resident set of the process in one run "
    "of all images."
)
PHRASES = (
    "left pleural effusion", "right pleural effusion", "cardiomegaly", "right upper lung mass",
    "atelectasis", "pneumothorax", "left lower lung pneumonia", "nodule",
)  # fmt: skip
PROTOCOLS = ("original_pixels", "phrase_trust")
BATCH, BLOCK, BLOCKS = 8, 40, 4


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--checkpoint")
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    engine = pipeline.open_engine(options.checkpoint)
    paths = image_paths(options.data)[: options.images]
    blocks = [measure_block(engine, paths[i * BLOCK : (i + 1) * BLOCK]) for i in range(BLOCKS + 1)]
    blocks = blocks[1:]  # the first one warms up
    results: dict[str, Any] = {
        "checkpoint": pipeline.describe_engine(engine),
        "bare_ms_per_image": statistics.median(b["bare"] for b in blocks),
        "evaluation_ms_per_image": statistics.median(b["evaluation"] for b in blocks),
        "throughput_over_bare": statistics.median(b["bare"] / b["evaluation"] for b in blocks),
        "metrics_share": statistics.median(b["metrics"] for b in blocks),
        "memory": watch_memory(engine, paths),
    }
    write_report("evaluation_throughput", protocol=PROTOCOL, seed=0, results=results)


def image_paths(data: Path) -> list[Path]:
    """Every film of the table, in its order."""
    with (data / "radiographs.csv").open(encoding="utf-8", newline="") as file:
        return [data / row["path"] for row in csv.DictReader(file)]


def corpus_of(paths: list[Path]) -> PlacedCorpus:
    """Eight phrases an image, with boxes that are no truth."""
    rng = np.random.default_rng(0)
    phrases = []
    for path in paths:
        for number, phrase in enumerate(PHRASES):
            corners = rng.uniform(0, 300, (1 + number % 2, 2))
            boxes = tuple(Box(x, y, x + 160, y + 140) for x, y in corners.tolist())
            phrases.append(
                PlacedPhrase(path, (512, 512), phrase, phrase, path.stem[:8], boxes=boxes)
            )
    return PlacedCorpus("plain_csv", "throughput", "none", tuple(phrases))


def measure_block(engine: Any, paths: list[Path]) -> dict[str, float]:
    """Milliseconds an image of both ways, and the share of the time in metrics."""
    images = [np.asarray(read_pixels(path), np.float32) / np.float32(255) for path in paths]
    frames = [engine.frame_of(*image.shape) for image in images]
    inputs = [engine.model_input(i, frame=f) for i, f in zip(images, frames, strict=True)]
    start = time.perf_counter()
    for first in range(0, len(inputs), BATCH):
        part = slice(first, first + BATCH)
        engine.embed_images(inputs[part], frames=frames[part])
    bare = time.perf_counter() - start
    square = [p for p, image in zip(paths, images, strict=True) if image.shape == (512, 512)]
    with tempfile.TemporaryDirectory() as folder:
        run = pipeline.start_evaluation(
            engine,
            corpus_of(square),
            folder=Path(folder) / "run",
            protocols=PROTOCOLS,
            batch=2 * BATCH,
        )
        for _ in run.steps():
            pass
    spent = run.seconds
    return {
        "bare": 1000 * bare / len(inputs),
        "evaluation": 1000 * spent.total / len(square),
        "metrics": spent.metrics / (spent.reading + spent.encoder + spent.metrics),
    }


def watch_memory(engine: Any, paths: list[Path]) -> dict[str, float]:
    """Resident megabytes after a tenth and after all images of one run."""
    square = [path for path in paths if read_pixels(path).shape == (512, 512)]
    with tempfile.TemporaryDirectory() as folder:
        run = pipeline.start_evaluation(
            engine,
            corpus_of(square),
            folder=Path(folder) / "run",
            protocols=PROTOCOLS,
            batch=2 * BATCH,
        )
        early = late = 0.0
        for state in run.steps():
            if state.done <= max(2 * BATCH, len(square) // 10):
                early = resident_mb()
            late = resident_mb()
    return {"images": len(square), "after_a_tenth_mb": early, "after_all_mb": late}


def resident_mb() -> float:
    """Resident set of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * 4096 / 1e6, 1)


if __name__ == "__main__":
    main()
