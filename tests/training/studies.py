"""Drawn training studies: a dark radiograph with one bright square whose place is known."""

import numpy as np

from explorer.entities import Side, Zone
from explorer.training.phrasing import FINDINGS
from explorer.training.phrasing import related as related_groups
from explorer.training.samples import MASK_SIDE, STORED_SIDE, PhraseTarget, TrainingStudy


def square_study(
    label: str = "Mass",
    *,
    column: int = 64,
    row: int = 160,
    size: int = 96,
    side: Side | None = "right",
    zone: Zone | None = "mid",
    labels: frozenset[str] | None = frozenset({"Mass"}),
    exact: bool = False,
    texts: tuple[str, ...] = (),
) -> TrainingStudy:
    """A study with a square of 255 at (row, column) of the stored frame; 4 pixels a mask cell."""
    pixels = np.full((STORED_SIDE, STORED_SIDE), 40, np.uint8)
    pixels[row : row + size, column : column + size] = 255
    mask = np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
    step = STORED_SIDE // MASK_SIDE
    mask[row // step : (row + size) // step, column // step : (column + size) // step] = 255
    group = FINDINGS[label].group
    target = PhraseTarget(label, group, mask, side, zone, texts=texts, sided_alone=True)
    return TrainingStudy(
        pixels=pixels,
        content=(STORED_SIDE, STORED_SIDE),
        targets=(target,),
        maybe_present=related_groups(group),
        labels=labels,
        exact=exact,
    )


def labelled_study(*labels: str, known: bool = True) -> TrainingStudy:
    """A study with image-level labels and no boxes."""
    pixels = np.random.default_rng(len(labels)).integers(0, 200, (STORED_SIDE, STORED_SIDE))
    groups = [related_groups(FINDINGS[label].group) for label in labels]
    return TrainingStudy(
        pixels=pixels.astype(np.uint8),
        content=(STORED_SIDE, STORED_SIDE),
        targets=(),
        maybe_present=frozenset[str]().union(*groups),
        labels=frozenset(labels) if known else None,
        exact=False,
    )
