"""Take the small checkpoints that `benchmarks/methods.py` made into the shelf of the app.

usage: python benchmarks/bundle_methods.py --work FOLDER [--out assets/checkpoints]

FOLDER is that of the comparison. One checkpoint an objective goes in, of seed 0, with the figures
of its row in the card; variants stay out, and so do those that no longer point at what they name.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from _report import ROOT, commit

from explorer.methods import list_methods

LEAST_POINTING = 0.3
FIGURES = (
    "pointing",
    "miou",
    "cnr",
    "image_to_report_recall_at_10",
    "report_to_image_recall_at_10",
    "region_nmi",
    "information_nats",
)


def main() -> None:
    """Copy, and say what was."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "checkpoints")
    options = parser.parse_args()
    results = json.loads((options.work / "methods.json").read_text(encoding="utf-8"))
    for method in list_methods():
        source = options.work / method / "0"
        row = results["results"]["methods"].get(method)
        if row and row["pointing"]["mean"] >= LEAST_POINTING:
            print(bundle(method, source, options.out, results=results["results"]))


def bundle(method: str, source: Path, out: Path, *, results: dict[str, Any]) -> Path:
    """Copy one run to `out/small-METHOD` and complete its card."""
    place = out / f"small-{method.replace('_', '-')}"
    shutil.copytree(source / "checkpoint", place, dirs_exist_ok=True)
    for file in place.iterdir():
        file.chmod(0o644)
    figures = json.loads((source / "figures.json").read_text(encoding="utf-8"))
    path = place / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["title"] = f"Small: {list_methods()[method].card.title}"
    begins = results["start_steps"]
    start = f"{begins} steps of dense_grounding, then " if begins else ""
    card["history"] = f"{start}{results['steps']} steps of {method}, 32 phantoms a step, seed 0."
    card["intended_use"] = (
        "To compare ways of learning at equal cost on phantoms. Not for real films: see "
        "docs/results_methods.md. Research use, not for diagnosis."
    )
    card["metrics"] = {
        "methods at equal cost": {"commit": commit()}
        | {name: round(figures[name], 4) for name in FIGURES}
    }
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return place


if __name__ == "__main__":
    main()
