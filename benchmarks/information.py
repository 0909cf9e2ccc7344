"""How much do regions and phrases tell of each other in a checkpoint, and what do its vectors know?

usage: python benchmarks/information.py --phantoms FOLDER [--films 200] [--checkpoint NAME]
           [--probe --work FOLDER]

`explorer information`, and with --probe `explorer evaluate probe`, on phantoms of a training seed;
every fifth is measured. Writes benchmarks/results/information.json.
"""

import argparse
from pathlib import Path

import torch
from _report import RESULTS, write_report

from explorer import pipeline

PROTOCOL = (
    "explorer information of the checkpoint {name} on {films} phantoms that it was not trained on, "
    "every fifth measured (docs/information.md); under 'probe', where it is there, explorer "
    "evaluate probe (docs/command_line.md). One thread."
)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--phantoms", type=Path, required=True)
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--checkpoint")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    engine = pipeline.open_engine(options.checkpoint, device="cpu")
    films = pipeline.few_of_each(pipeline.known_films(phantoms=options.phantoms), options.films)
    found = pipeline.measure_information(engine, films)
    if options.probe:
        found["probe"] = pipeline.evaluate_probe(engine, films, work=options.work)
    protocol = PROTOCOL.format(name=engine.card.name, films=len(films))
    write_report("information", protocol=protocol, seed=0, results=found, folder=options.out)


if __name__ == "__main__":
    main()
