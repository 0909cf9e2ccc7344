"""A film set right on request: bright and dark exchanged, or turned upright."""

from dataclasses import replace

import numpy as np

from explorer.entities import Radiograph, Spacing
from explorer.reading.notes import DARK_NOTE, INVERTED_NOTE, TURNED_NOTE
from explorer.reading.study import pixel_digest
from explorer.reading.windows import show


def suggests_inversion(radiograph: Radiograph) -> bool:
    """Whether the file itself says that bone is dark in it; see also the image check."""
    return DARK_NOTE in radiograph.notes


def invert(radiograph: Radiograph) -> Radiograph:
    """The radiograph with bright and dark exchanged: a film of its own, with its own digest.

    Padding stays black, and a note says that it was done. Inverting twice gives the first one back.
    """
    inverted = not radiograph.inverted
    pixels = show(
        radiograph.levels,
        radiograph.windows[0],
        slope=radiograph.level_slope,
        intercept=radiograph.level_intercept,
        inverted=inverted,
        valid=radiograph.valid,
    )
    was_asked = INVERTED_NOTE in radiograph.notes
    kept = tuple(n for n in radiograph.notes if n not in (DARK_NOTE, INVERTED_NOTE))
    return replace(
        radiograph,
        pixels=pixels,
        inverted=inverted,
        digest=pixel_digest(pixels),
        notes=kept if was_asked else (*kept, INVERTED_NOTE),
    )


def turn(radiograph: Radiograph, *, quarters: int) -> Radiograph:
    """The radiograph turned to the right by quarters: a film of its own, with its own digest.

    Boxes refer to the turned film. After half a turn the patient's side at the left edge is the
    other one; after a quarter it is no longer known.
    """
    quarters %= 4
    if quarters == 0:
        return radiograph

    def turned(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(values, -quarters))

    pixels = turned(radiograph.pixels)
    spacing = radiograph.spacing
    if spacing is not None and quarters % 2:
        spacing = Spacing(spacing.column_mm, spacing.row_mm, spacing.source)
    swap = {"R": "L", "L": "R"} if quarters == 2 else {}
    return replace(
        radiograph,
        pixels=pixels,
        levels=turned(radiograph.levels),
        valid=None if radiograph.valid is None else turned(radiograph.valid),
        spacing=spacing,
        laterality=swap.get(radiograph.laterality or ""),
        digest=pixel_digest(pixels),
        notes=(*(n for n in radiograph.notes if n != TURNED_NOTE), TURNED_NOTE),
    )
