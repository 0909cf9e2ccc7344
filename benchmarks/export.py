"""What does an OpenVINO export of the default checkpoint win in time, and cost in accuracy?

usage: python benchmarks/export.py [--data ../shared/data] [--rounds 15] [--val]

Needs the extra openvino. Exports in bfloat16 and int8 into a folder that is thrown away, then lets
the original in float32 and in bfloat16 (eager PyTorch) and both exports take turns on one film.
Grounding of all but eager bfloat16: the bundled phantoms, a dozen phrases, or with --val the split
val of --data, which takes some minutes each. Writes benchmarks/results/export.json.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from _report import DATA, write_report

from explorer import pipeline
from explorer.pipeline.export import BOX_PROTOCOL, PHANTOM_PROTOCOL, grounding_of

ORIGINALS = ("float32", "bfloat16")
EXPORTS = ("bfloat16", "int8")
PHRASES = ("right upper lobe mass", "left pleural effusion", "cardiomegaly", "no pneumothorax")


def main() -> None:
    """Export, time, ground, and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--val", action="store_true")
    options = parser.parse_args()
    images, boxes = (options.data / name for name in ("radiographs.csv", "boxes.csv"))
    with tempfile.TemporaryDirectory() as shelf:
        engines = open_all(Path(shelf), images=images if images.is_file() else None)
        times = take_turns(engines, rounds=options.rounds)
        tables = {"images": images, "boxes": boxes} if options.val else {}
        asked = {name: engine for name, engine in engines.items() if name != "eager bfloat16"}
        grounding = {name: grounding_of(engine, **tables) for name, engine in asked.items()}
    fastest = {name: {what: min(t) for what, t in found.items()} for name, found in times.items()}
    grounded_by = BOX_PROTOCOL if options.val else PHANTOM_PROTOCOL
    write_report(
        "export",
        protocol=f"{', '.join(engines)} take turns, {options.rounds} rounds of one film (network "
        f"and what surrounds it, {torch.get_num_threads()} thread) and of {len(PHRASES)} phrases "
        "in one batch; least and median time. times_quicker: least time of the original in that "
        f"precision over least time here. Grounding: {grounded_by}; int8 was "
        "weighed on 96 films of the split train.",
        seed=0,
        results={
            "checkpoint": pipeline.describe_engine(engines["eager float32"])["name"],
            "threads": torch.get_num_threads(),
            "engines": {
                name: {
                    "film_ms": round(fastest[name]["film"], 2),
                    "film_median_ms": round(statistics.median(times[name]["film"]), 2),
                    "phrases_ms": round(fastest[name]["phrases"], 2),
                    "film_times_quicker": quicker(fastest, name, "film"),
                    "phrases_times_quicker": quicker(fastest, name, "phrases"),
                    **({"grounding": grounding[name]} if name in grounding else {}),
                }
                for name in engines
            },
        },
    )


def open_all(shelf: Path, *, images: Path | None) -> dict[str, Any]:
    """The original in two precisions and its exports."""
    found: dict[str, Any] = {
        f"eager {precision}": pipeline.open_engine(None, device="cpu", precision=precision)
        for precision in ORIGINALS
    }
    for precision in EXPORTS if images else EXPORTS[:1]:  # int8 needs films
        card = pipeline.export_checkpoint(precision=precision, images=images, shelf=shelf)
        found[f"openvino {precision}"] = pipeline.open_engine(str(card.folder), device="cpu")
    return found


def take_turns(engines: dict[str, Any], *, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of a film and of a batch of phrases, every engine once a round."""
    study, _ = pipeline.load_bundled_study("right-upper-mass")
    pixels = study.radiographs[0].pixels
    times: dict[str, dict[str, list[float]]] = {n: {"film": [], "phrases": []} for n in engines}
    for _ in range(rounds + 1):
        for name, engine in engines.items():
            frame = engine.frame_of(*pixels.shape)
            inside = engine.model_input(pixels, frame=frame)
            start = time.perf_counter()
            engine.embed_image(inside, frame=frame)
            between = time.perf_counter()
            engine.embed_text(PHRASES)
            times[name]["film"].append(1000 * (between - start))
            times[name]["phrases"].append(1000 * (time.perf_counter() - between))
    return {n: {what: t[1:] for what, t in found.items()} for n, found in times.items()}  # warm


def quicker(fastest: dict[str, dict[str, float]], name: str, what: str) -> dict[str, float]:
    """How many times quicker than the original in each precision."""
    return {
        precision: round(fastest[f"eager {precision}"][what] / fastest[name][what], 2)
        for precision in ORIGINALS
    }


if __name__ == "__main__":
    main()
