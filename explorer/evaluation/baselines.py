"""Rows of every table that look at no image: the location prior, a constant centre, a random map.

They need boxes and nothing else, so they are measured once a data set, for all checkpoints.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.evaluation.asked import Asked
from explorer.evaluation.location_prior import bundled_prior
from explorer.evaluation.protocols.nih_boxes import NAMES
from explorer.evaluation.spread import rectangles
from explorer.evaluation.surface import place_mask
from explorer.grounding.geometry import fit_frame
from explorer.placed import PlacedPhrase

ROWS = ("location prior", "constant centre", "random map")
CELLS = 64  # cells of the unit image along each axis
CENTRE_WIDTH = 0.25  # of the Gaussian, in shares of each side
RANDOM_CELLS = 16
_NIH_NAMES = {words: finding for finding, words in NAMES.items()}


class LocationPrior:
    """Where a finding usually is: the mean place of its other patients.

    Of phrases that name no finding, all together are one. The patient of a phrase is always left
    out. A finding that no other patient has takes the bundled average of NIH boxes, if that has
    it.
    """

    def __init__(self, phrases: Iterable[PlacedPhrase]) -> None:
        """Learn from all phrases with a place; pixels are never read."""
        self._sums: dict[str, Float32] = defaultdict(_zeros)
        self._counts: dict[str, int] = defaultdict(int)
        self._own: dict[tuple[str, str], list[NDArray[np.uint8]]] = defaultdict(list)
        for phrase in phrases:
            if phrase.present and phrase.placed:
                cells = unit_mask(phrase)
                self._sums[phrase.finding] += cells
                self._counts[phrase.finding] += 1
                self._own[phrase.finding, phrase.patient].append(np.packbits(cells))

    def of(self, phrase: PlacedPhrase) -> Float32 | None:
        """(cells, cells) in [0, 1]; None where nobody else has the finding."""
        own = self._own.get((phrase.finding, phrase.patient), [])
        others = self._counts.get(phrase.finding, 0) - len(own)
        if others < 1:
            return bundled_prior().get(_NIH_NAMES.get(phrase.finding.lower(), phrase.finding))
        total = self._sums[phrase.finding].copy()
        for packed in own:
            total -= np.unpackbits(packed, count=CELLS * CELLS).reshape(CELLS, CELLS)
        return np.asarray(total / others, dtype=np.float32)


def _zeros() -> Float32:
    return np.zeros((CELLS, CELLS), np.float32)


def unit_mask(phrase: PlacedPhrase) -> NDArray[np.bool_]:
    """The place of a phrase on a unit image: cells that boxes touch, centres that a mask holds."""
    height, width = phrase.image_shape
    if phrase.mask is not None:
        rows, columns = (
            ((np.arange(CELLS) + 0.5) * length / CELLS).astype(np.intp)
            for length in (height, width)
        )
        return place_mask(phrase)[np.ix_(rows, columns)]
    mask = np.zeros((CELLS, CELLS), dtype=np.bool_)
    for first, end, left, right in rectangles(phrase.boxes, phrase.image_shape):
        top, bottom = first * CELLS // height, -(-end * CELLS // height)
        mask[top:bottom, left * CELLS // width : -(-right * CELLS // width)] = True
    return mask


def centre_map() -> Float32:
    """(cells, cells) in [0, 1]: a Gaussian in the middle of every image."""
    place = (np.arange(CELLS) + 0.5) / CELLS - 0.5
    fall = np.exp(-0.5 * (place / CENTRE_WIDTH) ** 2)
    return np.outer(fall, fall).astype(np.float32)


def random_map(phrase: PlacedPhrase) -> Float32:
    """(cells, cells) of independent shares in [0, 1), the same whenever it is asked for."""
    rng = np.random.default_rng(int(phrase.key, 16))
    return rng.random((RANDOM_CELLS, RANDOM_CELLS), dtype=np.float32)


def baseline_asked(
    cases: Sequence[PlacedPhrase], prior: LocationPrior
) -> Iterator[tuple[str, Asked]]:
    """What each row that looks at no image says of the phrases of one image."""
    centre = centre_map()
    with_prior = [(case, map) for case in cases if (map := prior.of(case)) is not None]
    # The bundled prior has other cells than one of this data set.
    for side in sorted({map.shape[0] for _, map in with_prior}):
        chosen = [(case, map) for case, map in with_prior if map.shape[0] == side]
        yield ROWS[0], _asked([case for case, _ in chosen], [map for _, map in chosen])
    yield ROWS[1], _asked(cases, [centre] * len(cases))
    yield ROWS[2], _asked(cases, [random_map(case) for case in cases])


def _asked(cases: Sequence[PlacedPhrase], maps: Sequence[Float32]) -> Asked:
    cells = (maps[0].shape[0], maps[0].shape[1])
    frame = fit_frame(cases[0].image_shape, input_shape=cells, grid_shape=cells, mode="squash")
    return Asked(np.stack(maps), frame, tuple(cases), cut=float)
