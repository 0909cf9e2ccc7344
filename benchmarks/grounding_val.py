"""How well does the bundled checkpoint ground on the validation split of real radiographs?

usage: python benchmarks/grounding_val.py [--data ../shared/data] [--checkpoint NAME]

Runs the pinned protocol of `explorer evaluate grounding`, then asks how far the maps may be
trusted: does the maximum follow when the phrase swaps its side, how like the map of nonsense is
the map of the phrase, and does a stated absence raise the abstain badge? Writes
benchmarks/results/grounding_val.json and the tables of docs/results.md.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _report import DATA, ROOT, write_report

from explorer import pipeline
from explorer.evaluation.protocols import nih_boxes
from explorer.text import side_swapped

PROTOCOL = (
    "explorer evaluate grounding, protocol nih_boxes/1, split val (patients not in training), "
    "plain and located phrases templated from label and box position; 1,000 bootstrap replicates "
    "by patient. Trust: every located phrase of the split with ground(); swap = the maximum lies "
    "in the other half of the image after left and right are swapped; mirror = on the mirrored "
    "image and with swapped sides the maximum lies within a tenth of the width of the mirrored "
    "place."
)


def main() -> None:
    """Measure, write the JSON and the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    engine = pipeline.open_engine(options.checkpoint)
    images, boxes = options.data / "radiographs.csv", options.data / "boxes.csv"
    measured = pipeline.evaluate_grounding(engine, images=images, boxes=boxes, split="val")
    trust = measure_trust(engine, images=images, boxes=boxes)
    results = {"checkpoint": pipeline.describe_engine(engine), **measured, "trust": trust}
    write_report("grounding_val", protocol=PROTOCOL, seed=0, results=results)
    page = ROOT / "docs" / "results.md"
    page.write_text(render(results), encoding="utf-8")


def measure_trust(engine: Any, *, images: Path, boxes: Path) -> dict[str, float]:
    """Shares over the located phrases of the validation split."""
    tables = nih_boxes.read_tables(images, boxes)
    swap, nonsense, abstained, stood, mirror = [], [], [], [], []
    for image in nih_boxes.select_split(tables, "val"):
        data = (images.parent / image.path).read_bytes()
        radiograph = pipeline.read_study([data]).radiographs[0]
        embeddings = pipeline.embed(engine, radiograph)
        samples = nih_boxes.samples_of(image, kind="located")
        texts = [sample.phrase for sample in samples]
        for grounded in pipeline.ground(engine, embeddings, texts):
            nonsense.append(grounded.controls.nonsense)
            stood.append(not grounded.controls.abstain)
            if grounded.controls.swapped is not None:
                swap.append(_follows(engine, embeddings, grounded.phrase))
        turned = np.ascontiguousarray(radiograph.pixels[:, ::-1])
        mirror += _mirrors(engine, embeddings, pipeline.embed_pixels(engine, turned), texts)
        denied = pipeline.ground(engine, embeddings, [f"no {text}" for text in texts])
        abstained += [grounded.controls.abstain for grounded in denied]
    return {
        "phrases": len(nonsense),
        "sided_phrases": len(swap),
        "swap_moves_maximum": float(np.mean(swap)),
        "mirror_follows": float(np.mean(mirror)),
        "nonsense_correlation_mean": float(np.mean(nonsense)),
        "nonsense_correlation_below_0.3": float(np.mean(np.array(nonsense) < 0.3)),
        "negated_abstains": float(np.mean(abstained)),
        "located_phrases_not_abstained": float(np.mean(stood)),
    }


def _follows(engine: Any, embeddings: Any, phrase: str) -> bool:
    """Whether the two maxima lie in the halves that the words right and left name."""
    other = side_swapped(phrase) or phrase
    maps = [item.cosine for item in pipeline.maps_of(engine, embeddings, [phrase, other])]
    columns = [int(np.argmax(m)) % m.shape[1] / m.shape[1] for m in maps]
    first_right = phrase.startswith("right")
    return bool((columns[0] < 0.5) == first_right and (columns[1] < 0.5) != first_right)


def _mirrors(engine: Any, own: Any, turned: Any, phrases: Sequence[str]) -> list[bool]:
    """Whether maxima on the mirrored image, sides swapped, lie at the mirrored places."""
    swapped = [side_swapped(phrase) or phrase for phrase in phrases]
    found = []
    for first, second in zip(
        pipeline.maps_of(engine, own, phrases),
        pipeline.maps_of(engine, turned, swapped),
        strict=True,
    ):
        width = first.cosine.shape[1]
        row, column = divmod(int(np.nanargmax(first.cosine)), width)
        other_row, other = divmod(int(np.nanargmax(second.cosine)), width)
        found.append(bool(np.hypot(row - other_row, column - (width - 1 - other)) <= width / 10))
    return found


def render(results: dict[str, Any]) -> str:
    """The page docs/results.md."""
    name = results["checkpoint"]["name"]
    lines = [
        "# Results on the validation split",
        "",
        f"Checkpoint `{name}`, sha256 `{results['checkpoint']['sha256'][:12]}`. Written by",
        "`benchmarks/grounding_val.py` from",
        "[grounding_val.json](../benchmarks/results/grounding_val.json); do not edit by hand.",
        "",
        "Real NIH ChestX-ray14 radiographs of patients that were not in training. Phrases are",
        "templated from label and box position. The prior row looks at no image: it is the average",
        "of the training boxes of a finding. 95 % intervals by bootstrap over patients. CNR is",
        "signed; mIoU is the mean over thresholds .1 to .5 of the calibrated score.",
        "",
        "| finding | phrases | n | pointing game | CNR | mIoU(.1-.5) |",
        "|---|---|---|---|---|---|",
    ]
    for finding, rows in {**results["findings"], "**macro**": results["macro"]}.items():
        kinds = [kind for kind in ("plain", "located", "prior") if kind in rows]
        lines += [_row(results, finding, kind) for kind in kinds]
    trust = results["trust"]
    lines += [
        "",
        "## How far to trust a map",
        "",
        "| question | share |",
        "|---|---|",
        f"| Swapping right and left moves the maximum to the other lung ({trust['sided_phrases']} "
        f"sided phrases) | {trust['swap_moves_maximum']:.2f} |",
        f"| On the mirrored image, sides swapped, the maximum lies at the mirrored place | "
        f"{trust['mirror_follows']:.2f} |",
        f"| Correlation with the map of nonsense, mean over {trust['phrases']} phrases | "
        f"{trust['nonsense_correlation_mean']:.2f} |",
        f"| ... below .3 | {trust['nonsense_correlation_below_0.3']:.2f} |",
        f'| A stated absence ("no ...") raises the abstain badge | '
        f"{trust['negated_abstains']:.2f} |",
        f"| A located phrase of a boxed finding does not | "
        f"{trust['located_phrases_not_abstained']:.2f} |",
        "",
    ]
    return "\n".join(lines)


def _row(results: dict[str, Any], finding: str, kind: str) -> str:
    plain_name = finding.strip("*")
    source = results["macro"] if plain_name == "macro" else results["findings"][finding]
    spread = results["intervals"]
    spread = spread["macro"] if plain_name == "macro" else spread["findings"][finding]
    cells = [
        f"{source[kind][m]:.2f} [{spread[kind][m][0]:.2f}, {spread[kind][m][1]:.2f}]"
        for m in ("pointing", "cnr", "miou")
    ]
    total = plain_name == "macro"
    counts = results["n"]["samples"] if total else results["n"]["findings"][finding]
    count = counts[kind]
    return f"| {finding} | {kind} | {count} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
