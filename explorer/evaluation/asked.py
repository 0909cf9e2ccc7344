"""What a protocol gets of one image: maps of phrases, beside what is known of their places."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.entities import ModelFrame
from explorer.grounding.similarity import smooth
from explorer.placed import PlacedPhrase

Floats = NDArray[np.float64]
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a sample; NaN = not measured.

    Attributes:
        title: Head of its column.
        meaning: One line.
        digits: Shown after the point.
    """

    title: str
    meaning: str
    digits: int = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """P phrases asked of one image by one row: a checkpoint, or a map that looks at nothing.

    Attributes:
        values: (P, h, w) cosines before any smoothing, or shares in [0, 1].
        frame: Places the grid in the pixels that the truth is in.
        cases: What is known of each phrase.
        smoothing: Width of the Gaussian that belongs to the checkpoint, in cells.
        cut: The value that has a calibrated score; None where scores are not calibrated.
        said: (P,) pooled score of each phrase in [0, 1]; NaN where there is none.
        nonsense: (h, w) map of a phrase without meaning; None where nothing was asked.
        swapped: (P, h, w) maps of the phrases with right and left exchanged, NaN where a phrase
            names no single side; None where nothing was asked.
    """

    values: NDArray[np.floating]
    frame: ModelFrame
    cases: tuple[PlacedPhrase, ...]
    smoothing: float = 0.0
    cut: Callable[[float], float] | None = None
    said: Floats | None = None
    nonsense: NDArray[np.floating] | None = None
    swapped: NDArray[np.floating] | None = None

    def smoothed(self, sigma: float | None = None) -> NDArray[np.floating]:
        """(P, h, w) values after a Gaussian; the checkpoint's own when None."""
        width = self.smoothing if sigma is None else sigma
        if width == 0:
            return self.values
        return np.stack([smooth(map, sigma=width) for map in self.values])

    @property
    def placed(self) -> NDArray[np.bool_]:
        """(P,) whether the phrase is there and its place is known."""
        return np.array([case.present and case.placed for case in self.cases])

    @property
    def absent(self) -> NDArray[np.bool_]:
        """(P,) whether the phrase is known not to be there."""
        return np.array([not case.present for case in self.cases])


def share(part: NDArray[np.floating], whole: NDArray[np.floating]) -> Floats:
    """Divide, NaN where the whole is 0."""
    known = np.asarray(whole, np.float64)
    return np.divide(part, known, out=np.full(known.shape, np.nan), where=known > 0)
