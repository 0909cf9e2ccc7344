"""How well do phrases alone find what is on the validation films?

usage: python benchmarks/findings_val.py [--data ../shared/data] [--checkpoint NAME]

Scores every film of the validation split for the 14 labels of NIH ChestX-ray14, with the plain name
of each label and with four wordings of it. Writes benchmarks/results/findings_val.json.
"""

import argparse
from pathlib import Path
from typing import Any

from _report import DATA, write_report

from explorer import pipeline

PROTOCOL = (
    "explorer evaluate findings, split val of ../shared/data (patients not in training), labels of "
    "NIH; zero-shot, nothing fitted; 1,000 bootstrap replicates by patient. Plain: the usual "
    "name of each label. Ensemble: four wordings, mean of their logits. Checked here only on NIH "
    "films, whose kind the checkpoint was trained on."
)


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    engine = pipeline.open_engine(options.checkpoint)
    films = pipeline.read_labelled(options.data / "radiographs.csv", split="val")
    results: dict[str, Any] = {}
    for name, templates in (("plain", pipeline.TEMPLATES), ("ensemble", pipeline.ENSEMBLE)):
        prompts = pipeline.prompts_of(films.findings, templates=templates)
        results[name] = pipeline.evaluate_findings(engine, films, prompts=prompts)
    write_report("findings_val", protocol=PROTOCOL, seed=0, results=results)


if __name__ == "__main__":
    main()
