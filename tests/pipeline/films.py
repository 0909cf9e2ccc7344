"""Known films for tests: half of them show a bright square, which is their only finding."""

import numpy as np

from explorer.pipeline.films_known import KnownFilm, PlacedFinding
from tests import tiny_model

CELLS = slice(20, 50)  # of 80, rows and columns of the square


def film(number: int, *, findings: frozenset[str] | None) -> KnownFilm:
    """Smooth noise of its own; a "mass" is a bright square with its mask."""
    pixels = np.round(tiny_model.pixels(seed=number) * 120).astype(np.uint8)
    placed = []
    if findings and "mass" in findings:
        edge = slice(*(round(c * tiny_model.SIDE / 80) for c in (CELLS.start, CELLS.stop)))
        pixels[edge, edge] = 250
        mask = np.zeros((80, 80), np.float32)
        mask[CELLS, CELLS] = 1.0
        placed.append(PlacedFinding("mass", ("mass", "left mass"), mask))
    return KnownFilm(
        id=f"film-{number}",
        load=lambda: pixels,
        patient=f"patient-{number // 2}",
        split="val" if number % 3 == 2 else "train",
        findings=findings,
        doubted=frozenset(),
        placed=tuple(placed),
        words={"mass": "mass"} if placed else {},
    )


def made_films(count: int = 36) -> list[KnownFilm]:
    """Every second film has the mass; one film of eight says nothing."""
    return [
        film(k, findings=None if k % 8 == 7 else frozenset({"mass"} if k % 2 else ()))
        for k in range(count)
    ]
