"""Which way of learning is best at equal cost? Every objective, one small tower, the same phantoms.

usage: python benchmarks/methods.py --work FOLDER [--phantoms FOLDER] [--held-out FOLDER]
           [--steps 300] [--start-steps 0] [--seeds 0 1 2] [--only METHOD ...]

Renders and trains what is missing, measures, and writes benchmarks/results/methods.json and
docs/results_methods.md after every run; one that was stopped goes on where it was. Small
checkpoints lie in FOLDER/<method>/<seed>/checkpoint.
"""

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _methods_measures import encode, grounding, paired_p, probe, regions, retrieval
from _methods_page import FIGURES, render
from _report import RESULTS, ROOT, write_report

from explorer import pipeline
from explorer.corpora import phantom_shards
from explorer.corpora.phantom_shards import PhantomImage
from explorer.methods import list_methods
from explorer.methods._base import Method
from explorer.text import side_swapped
from explorer.training import recipe
from explorer.training.checkpoint import load_start
from explorer.training.config import SMALL, TrainingConfig
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.samples import from_phantom
from explorer.training.told import told
from explorer.training.towers import RunInputs

SHORT = ("plain", "sided", "zoned", "described")  # phrases that dense_grounding draws
TRAINED, TRAINING_SEED, HELD_OUT, SIDE = 2400, 61, 300, 160
# Variants beside the defaults, for orderings that papers claim.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "mil, mean": ("mil", {"pooling": "mean"}),
    "mil, max": ("mil", {"pooling": "max"}),
    "gloria, all sentences": ("gloria", {"sentences": 0}),
}
# (claim, figure, better, worse)
ORDERINGS = (
    ("local above global, pointing", "pointing", "local_mi", "convirt"),
    ("local above global, pointing", "pointing", "mil", "convirt"),
    ("LSE above mean, pointing", "pointing", "mil", "mil, mean"),
    ("LSE above max, pointing", "pointing", "mil", "mil, max"),
    ("prototypes above instances, NMI", "region_nmi", "pcl", "convirt"),
    ("sampling above whole reports, R@10", "image_to_report_recall_at_10", "sentence_sampling",
     "convirt"),
)  # fmt: skip
PROTOCOL = (
    "{begins} Each objective with its default options trains the same small tower (.8 million "
    "numbers, 128 px, grid 16 x 16) for {steps} steps of 32 of 2,400 phantoms (seed 61, 160 px), "
    "on sentences of their reports that assert a finding (dense_grounding: phrases with masks; all "
    "sentences where a report asserts none), with frozen vectors of one text "
    "tower; AdamW {rate}, one thread. Measured on the first {held_out} studies of PhantomCXR-v1 "
    "rendered at 160 px: located phrase of every finding against its exact mask (80 x 80); reports "
    "found by the mean of their sentences' pooled logits, standardised over images; linear probe "
    "on mean and maximum of the features, macro AUROC over findings; NMI of k-means on mean patch "
    "embeddings inside masks; InfoNCE with 64 pairs of region and phrase (at most 4.16 nats). "
    "s a step is processor time; memory is what the run added. Tests: sign flips of whole studies, "
    "values averaged over the seeds that both have."
)
PAGE = ROOT / "docs" / "results_methods.md"


def main() -> None:
    """Render, train and measure what is missing, write after every run."""
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    for folder, words in (
        (options.phantoms, ["--studies", str(TRAINED), "--seed", str(TRAINING_SEED)]),
        (options.held_out, ["--studies", str(HELD_OUT), "--benchmark"]),
    ):
        _render(folder, words)
    cells = _cells(options.only)
    missing = [
        (name, seed)
        for seed in options.seeds
        for name in cells
        if not (_folder(options.work, name, seed) / "figures.json").exists()
    ]
    if missing:
        data = Data(options)
        if options.start_steps:
            learn_start(data, options)
        for name, seed in missing:
            run_apart(name, cells[name], seed, data, options)
            write(options)
    write(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--phantoms", type=Path)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--start-steps", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    options.phantoms = options.phantoms or options.work / "phantoms"
    options.held_out = options.held_out or options.work / "held_out"
    return options


def _render(folder: Path, words: list[str]) -> None:
    if not list(folder.glob("phantoms-*.npz")):
        command = [sys.executable, "-m", "explorer", "phantom", "render", "--size", str(SIDE)]
        subprocess.run([*command, *words, "--out", str(folder)], check=True)


def _cells(only: list[str] | None) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name -> method and options; as asked, or the defaults of all objectives and then variants."""
    known = {
        name: kind
        for name, kind in list_methods().items()
        if issubclass(kind, Method) and kind.card.kind == "objective"
    }
    cells: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in known}
    cells |= {name: cell for name, cell in VARIANTS.items() if cell[0] in known}
    return {name: cells[name] for name in only or cells if name in cells}


def _folder(work: Path, name: str, seed: int) -> Path:
    return work / name.replace(", ", "-") / str(seed)


def _short(phantom: PhantomImage) -> PhantomImage:
    """Phrases of findings without whole sentences and typing errors: fewer to encode."""
    findings = tuple(
        replace(f, phrases={k: v for k, v in f.phrases.items() if k in SHORT})
        for f in phantom.findings
    )
    return replace(phantom, findings=findings)


class Data:
    """Phantoms in memory, read once; every run is a fork that shares them."""

    def __init__(self, options: argparse.Namespace) -> None:
        read = phantom_shards.read(options.phantoms)
        self.trained = [from_phantom(_short(p)) for p in read if p.view in ("PA", "AP")]
        held = phantom_shards.read(options.held_out, to_learn=False)
        self.phantoms = [p for p in held if p.view in ("PA", "AP")]
        self.held = [from_phantom(p) for p in self.phantoms]
        self.text = pipeline.list_checkpoints()[0].folder
        self.vectors = options.work / "text.safetensors"
        model, tokenizer = load_start(self.text)
        memory = PhraseMemory(model.text_encoder, tokenizer, kept=self.vectors)
        texts = [s.text for study in (*self.trained, *self.held) for s in told(study.report)]
        texts += [t for study in self.trained for target in study.targets for t in target.texts]
        texts += [t for study in self.trained for t in study.denials]
        memory.learn([*texts, *(side_swapped(t) or t for t in texts)])
        memory.save()

    @property
    def inputs(self) -> RunInputs:
        """What a run starts from."""
        return RunInputs(
            minilm=None,
            trunk=None,
            images=(),
            phantoms=self.trained,
            laterals=(),
            strange=(),
            sentences=(),
            language=(),
            text=self.text,
            text_memory=self.vectors,
        )


def _rate(options: argparse.Namespace) -> float:
    """Peak learning rate: a quarter where there is something to keep."""
    return 5e-4 if options.start_steps else 2e-3


def _start(work: Path) -> Path:
    return work / "start" / "checkpoint"


def learn_start(data: Data, options: argparse.Namespace) -> None:
    """The checkpoint that all runs start from: one that learned phrases with their places."""
    if _start(options.work).exists():
        return
    settings = SMALL | {"name": "start", "title": "Common start", "seed": 0}
    config = TrainingConfig(
        **settings | {"steps": options.start_steps, "method": "dense_grounding"},
        extra={"licence": pipeline.training.PHANTOM_LICENCE}
        | {"training_data": pipeline.training.PHANTOM_DATA},
    )
    work = options.work / "start" / "work"
    recipe.run(config, data.inputs, work=work, out=_start(options.work))


def run_apart(
    name: str, cell: tuple[str, dict[str, Any]], seed: int, data: Data, options: argparse.Namespace
) -> None:
    """One run in a process of its own: its memory is its own, and its end ends nothing else."""
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(name, cell, seed, data, options)
    )
    process.start()
    process.join()


def _run(
    name: str, cell: tuple[str, dict[str, Any]], seed: int, data: Data, options: argparse.Namespace
) -> None:
    folder = _folder(options.work, name, seed)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        figures, samples = _trained_and_measured(name, cell, seed, data, options, folder=folder)
    except Exception:  # noqa: BLE001 - the other runs go on
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        print(name, seed, "failed", traceback.format_exc().splitlines()[-1], flush=True)
        return
    np.savez_compressed(folder / "samples.npz", **samples)
    (folder / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print(name, seed, {k: round(v, 3) for k, v in figures.items()}, flush=True)


def _trained_and_measured(
    name: str,
    cell: tuple[str, dict[str, Any]],
    seed: int,
    data: Data,
    options: argparse.Namespace,
    *,
    folder: Path,
) -> tuple[dict[str, float], dict[str, Any]]:
    method, chosen = cell
    title = list_methods()[method].card.title
    settings = SMALL | {"name": name, "title": f"{title}, small, on phantoms", "seed": seed}
    config = TrainingConfig(
        **settings
        | {"steps": options.steps, "told": "findings", "method": method, "options": chosen}
        | {"rate": _rate(options), "trunk_rate": _rate(options)},
        extra={"licence": pipeline.training.PHANTOM_LICENCE}
        | {"training_data": pipeline.training.PHANTOM_DATA},
    )
    common = _start(options.work) if options.start_steps else None
    start = replace(data.inputs, checkpoint=common)
    before, began = _memory_mb(), time.process_time()
    spent: dict[str, float] = {}

    def progress(stage: str, done: int, _: int) -> None:
        if stage == "Towers":
            spent["step_s"] = (time.process_time() - began) / max(done, 1)

    recipe.run(config, start, work=folder / "work", out=folder / "checkpoint", progress=progress)
    spent["memory_mb"] = _memory_mb() - before
    model, tokenizer = load_start(folder / "checkpoint")
    model.eval()
    memory = PhraseMemory(model.text_encoder, tokenizer, kept=data.vectors)
    held, taught = encode(model, data.held), encode(model, data.trained)
    samples = grounding(model, memory, data.phantoms, held)
    labels, truth = (
        np.stack([study.label_row() for study in s]) for s in (data.trained, data.held)
    )
    figures = {k: float(np.nanmean(samples[k])) for k in ("pointing", "miou", "cnr")}
    found = retrieval(model, memory, data.held, held)
    figures |= {name: float(values.mean()) for name, values in found.items()}
    samples |= found
    figures |= probe(taught, labels, held, truth, seed=seed)
    figures |= regions(model, memory, data.held, held)
    return figures | spent, samples


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(options: argparse.Namespace) -> None:
    """The JSON and the page, of all runs that are done."""
    found: dict[str, dict[str, Any]] = {}
    for name in (*list_methods(), *VARIANTS):
        runs = {
            seed: json.loads(path.read_text(encoding="utf-8"))
            for seed in range(10)
            if (path := _folder(options.work, name, seed) / "figures.json").exists()
        }
        if runs:
            found[name] = {
                figure: {
                    "mean": round(float(np.mean([r[figure] for r in runs.values()])), 4),
                    "spread": round(float(np.std([r[figure] for r in runs.values()])), 4),
                }
                for figure in FIGURES
            } | {"seeds": sorted(runs)}
    results = {
        "steps": options.steps,
        "start_steps": options.start_steps,
        "held_out": HELD_OUT,
        "methods": found,
        "orderings": [_ordering(row, found, options.work) for row in ORDERINGS],
    }
    results["orderings"] = [row for row in results["orderings"] if row]
    begins = (
        f"All start from one checkpoint, {options.start_steps} steps of dense_grounding, which has "
        "masks: pointing says what an objective keeps or adds, not what it learns from pairs alone."
        if options.start_steps
        else "All start from nothing."
    )
    protocol = PROTOCOL.format(
        begins=begins, steps=options.steps, rate=_rate(options), held_out=HELD_OUT
    )
    write_report("methods", protocol=protocol, seed=0, results=results, folder=options.out)
    options.page.write_text(render(results, protocol=protocol), encoding="utf-8")


def _ordering(
    row: tuple[str, str, str, str], found: dict[str, dict[str, Any]], work: Path
) -> dict[str, Any] | None:
    """A claim with both figures; p where the figure has a value for every phrase."""
    claim, figure, better, worse = row
    if better not in found or worse not in found:
        return None
    said = {"claim": claim, "figure": figure, "better": better, "worse": worse}
    means = {k: found[n][figure]["mean"] for k, n in (("first", better), ("second", worse))}
    seeds = sorted(set(found[better]["seeds"]) & set(found[worse]["seeds"]))
    p = None
    files = {
        n: [np.load(_folder(work, n, s) / "samples.npz") for s in seeds] for n in (better, worse)
    }
    if seeds and all(figure in file for each in files.values() for file in each):
        values = [np.mean([file[figure] for file in each], axis=0) for each in files.values()]
        placed = len(values[0]) == len(files[better][0]["study"])  # a value a phrase, not a study
        study = files[better][0]["study"] if placed else np.arange(len(values[0]))
        p = round(paired_p(values[0], values[1], study), 4)
    return said | means | {"p": p, "holds": means["first"] > means["second"]}


if __name__ == "__main__":
    main()
