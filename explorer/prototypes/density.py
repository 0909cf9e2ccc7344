"""How many points lie where on a map: what is drawn of more points than a browser can show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32

CELLS = 160  # a side


@dataclass(frozen=True, slots=True)
class Density:
    """Counts of points on cells of a map.

    Attributes:
        x: (C,) middles of the columns.
        y: (R,) middles of the rows.
        counts: (R, C) points of each cell; they sum to the number of points.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    counts: NDArray[np.int64]


def density(plane: Float32, *, cells: int = CELLS) -> Density:
    """Count the points (N, 2) of a map on `cells` x `cells` cells over all of it."""
    counts, x, y = np.histogram2d(plane[:, 0], plane[:, 1], bins=cells)
    return Density((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2, counts.T.astype(np.int64))
