"""Build the index that ships with the app anew, for a new default checkpoint.

usage: python benchmarks/bundle_index.py --folder DIR [--checkpoint NAME] [--studies 200]

DIR lies outside the tree and keeps the rendered phantoms. Writes assets/index.
"""

import argparse
import shutil
import sys
from pathlib import Path

from _report import ROOT

from explorer import pipeline

PLACE = ROOT / "assets" / "index"
SEED = 7301
LOCK = ".writer.lock"  # of the writer that built it; nobody writes to what ships


def main() -> None:
    """Render, build beside the old one, and put it in its place."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--checkpoint")
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--ct-wheel", type=Path)
    options = parser.parse_args()
    corpus = options.folder / f"phantoms-{SEED}"
    pipeline.render_phantoms(
        corpus, studies=options.studies, seed=SEED, formats=("dicom",), ct=options.ct_wheel
    )
    engine = pipeline.open_engine(options.checkpoint)
    built = options.folder / f"{engine.card.name}.bundled.index"
    shutil.rmtree(built, ignore_errors=True)
    report = pipeline.build_index(
        corpus / "dicom", str(built), engine=engine, batch=options.studies
    )
    (built / LOCK).unlink(missing_ok=True)
    shutil.rmtree(PLACE, ignore_errors=True)
    shutil.copytree(built, PLACE)
    size = sum(file.stat().st_size for file in PLACE.rglob("*") if file.is_file())
    sys.stdout.write(f"{report.added} studies, {size / 1e6:.1f} MB in {PLACE.relative_to(ROOT)}\n")
    for path, why in report.left_out:
        sys.stdout.write(f"left out: {path}: {why}\n")


if __name__ == "__main__":
    main()
