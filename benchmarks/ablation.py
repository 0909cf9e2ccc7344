"""What matters in training: phantoms or real boxes, tuned or frozen, resolution, pooling, masks?

usage: python benchmarks/ablation.py --phantoms DIR --trunk FILE --work DIR [--data ../shared/data]
       [--steps 150] [--threads N] [--only CELL ...]

Every cell trains an image tower from ImageNet weights with the text tower of the bundled
checkpoint, for the same number of steps and images, and differs from the first cell in one thing.
A cell that is in WORK already is not trained again, one that was stopped goes on. Writes
benchmarks/results/ablation.json and docs/ablation.md from the cells that are done.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from _report import DATA, ROOT, write_report

from explorer import pipeline
from explorer.corpora import boxed_csv, phantom_shards
from explorer.training.checkpoint import load_start, write_checkpoint
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools
from explorer.training.loop import train
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.pools import make_pools
from explorer.training.samples import from_phantom
from explorer.training.towers import assemble

SEED = 0
IMAGES = 12
CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "both": ("real boxes, labels and phantoms; 224 px; tuned; log-sum-exp", {}),
    "phantoms only": ("no real image", {"boxed": 0, "weak": 0, "phantoms": 12}),
    "real only": ("no phantom", {"boxed": 8, "weak": 4, "phantoms": 0}),
    "frozen trunk": ("ImageNet weights stay as they are", {"trunk_rate": 0.0}),
    "320 px": ("", {"image_size": 320}),
    "448 px": ("", {"image_size": 448}),
    "max pooling": ("score of an image = its best region", {"pooling": "max"}),
    "attention pooling": ("softmax-weighted mean", {"pooling": "attention"}),
    "no masks": ("boxes and masks count as image-level labels", {"options": {"supervision": 0.0}}),
}
METRICS = (("pointing", "pointing game"), ("cnr", "CNR"), ("miou", "mIoU(.1-.5)"))
PROTOCOL = (
    "explorer evaluate grounding, protocol nih_boxes/1, split val, on checkpoints trained for "
    "{steps} steps of {images} images each from ImageNet weights with the same text tower, seed 0, "
    "one run a cell. Intervals: 95 % bootstrap by patient; they hold no spread between runs."
)


def main() -> None:
    """Train what is missing, measure, write the JSON and the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--phantoms", type=Path, required=True)
    parser.add_argument("--trunk", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--only", nargs="*", choices=list(CELLS), default=list(CELLS))
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    images = boxed_csv.read(options.data / "radiographs.csv", options.data / "boxes.csv")
    frontal = [p for p in phantom_shards.read(options.phantoms) if p.view in ("PA", "AP")]
    pools = make_pools(
        [i for i in images if i.split == "train"], [from_phantom(p) for p in frontal]
    )
    results: dict[str, Any] = {}
    for name in CELLS:
        folder = options.work / name.replace(" ", "-")
        done = folder / "figures.json"
        if name in options.only and not done.exists():
            figures = run_cell(name, pools, options, folder=folder)
            done.write_text(json.dumps(figures), encoding="utf-8")
        if done.exists():
            results[name] = json.loads(done.read_text(encoding="utf-8"))
    protocol = PROTOCOL.format(steps=options.steps, images=IMAGES)
    write_report("ablation", protocol=protocol, seed=SEED, results=results)
    page = ROOT / "docs" / "ablation.md"
    page.write_text(render(results, protocol=protocol), encoding="utf-8")


def run_cell(
    name: str, pools: Pools, options: argparse.Namespace, *, folder: Path
) -> dict[str, Any]:
    """Train one cell, write its checkpoint and evaluate it."""
    base = TrainingConfig(
        image_size=224,
        warm_share=0.0,
        steps=options.steps,
        boxed=5,
        weak=3,
        phantoms=4,
        warm_up=options.steps // 10,
        ema=0.98,
        place_labels_at=1.0,
        statements=0,
        both_views=False,
        save_every=25,
        seed=SEED,
    )
    config = replace(base, **CELLS[name][1])
    taught, tokenizer = load_start(Path(_bundled()))
    torch.manual_seed(SEED)
    model = assemble(config, taught.text_encoder, options.trunk)
    memory = PhraseMemory(model.text_encoder, tokenizer)
    started = time.process_time()

    def report(step: int, figures: dict[str, float]) -> None:
        print(name, step, {k: round(v, 3) for k, v in figures.items()}, flush=True)

    train(model, pools, config, memory=memory, folder=folder, report=report)
    spent = time.process_time() - started
    checkpoint = folder / "checkpoint"
    card = {"licence": "-", "training_data": "-", "calibration": _NO_CALIBRATION}
    write_checkpoint(checkpoint, model, tokenizer, config=config, card=card)
    engine = pipeline.open_engine(str(checkpoint))
    tables = {n: options.data / f"{n}.csv" for n in ("radiographs", "boxes")}
    measured: dict[str, Any] = pipeline.evaluate_grounding(
        engine, images=tables["radiographs"], boxes=tables["boxes"], split="val"
    )
    return {
        "changes": CELLS[name][1],
        "processor_s": round(spent),
        "macro": measured["macro"],
        "intervals": measured["intervals"]["macro"],
    }


_NO_CALIBRATION = {"threshold": 0.25}


def _bundled() -> str:
    cards = (ROOT / "assets" / "checkpoints").glob("*/card.json")
    return str(next(c.parent for c in sorted(cards) if json.loads(c.read_text()).get("default")))


def render(results: dict[str, Any], *, protocol: str) -> str:
    """The page docs/ablation.md."""
    prior = next(iter(results.values()))
    lines = [
        "# What matters in training",
        "",
        "Written by `benchmarks/ablation.py` from",
        "[ablation.json](../benchmarks/results/ablation.json); do not edit by hand.",
        "",
        *_wrapped(protocol),
        "",
        "The first row is the base; every other differs from it in one thing. The budget is far",
        "below that of a real training: read the differences, not the levels.",
        "",
        f"| cell | phrases | {' | '.join(title for _, title in METRICS)} | processor time |",
        "|---|---|---|---|---|---|",
    ]
    for name, cell in results.items():
        for kind in ("plain", "located"):
            spent = f"{cell['processor_s'] / results['both']['processor_s']:.1f} x"
            said = f"**{name}** {CELLS[name][0]}".strip() if kind == "plain" else ""
            lines.append(f"| {said} | {kind} | {_cells(cell, kind)} | {spent} |")
    lines += [f"| location prior | | {_cells(prior, 'prior')} | |", ""]
    return "\n".join(lines)


def _cells(cell: dict[str, Any], kind: str) -> str:
    shown = []
    for metric, _ in METRICS:
        low, high = cell["intervals"][kind][metric]
        shown.append(f"{cell['macro'][kind][metric]:.2f} [{low:.2f}, {high:.2f}]")
    return " | ".join(shown)


def _wrapped(text: str) -> Sequence[str]:
    import textwrap

    return textwrap.wrap(text, 100)


if __name__ == "__main__":
    main()
