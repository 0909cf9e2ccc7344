"""Does the score follow the map? Deletion and insertion curves (Petsiuk et al., RISE, 2018).

Cells of the model input are greyed out (deletion) or brought back into grey (insertion), those
with the highest value of the map first. A map that shows what carries the score lets the deletion
curve fall early and the insertion curve rise early; the same with cells in a random order is the
yardstick. As in RISE, what is deleted becomes uniform grey, here the mean of the film, and what is
inserted comes into a strongly blurred copy of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32

CELLS = 16  # a side: parts of the model input that come and go
STEPS = 10
BLUR = 0.08  # of the input's longer side: width of the Gaussian


@dataclass(frozen=True, slots=True)
class Curve:
    """Scores as cells go or come.

    Attributes:
        shares: (steps + 1,) of cells that are gone or back, from 0 to 1.
        scores: (steps + 1,) of the phrase, [0, 1].
    """

    shares: NDArray[np.float64]
    scores: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve, [0, 1]: low is good for deletion, high for insertion."""
        return float(np.trapezoid(self.scores, self.shares))


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Curves of a map, and of a random order of the same cells."""

    deletion: Curve
    insertion: Curve
    random_deletion: Curve
    random_insertion: Curve


def faithfulness(
    values: Float32,
    image: Float32,
    score: Callable[[Sequence[Float32]], Sequence[float]],
    *,
    seed: int = 0,
) -> Faithfulness:
    """Measure whether a score follows a map.

    Args:
        values: (h, w) map over the model input, of any unit; high = said to matter.
        image: Model input (rows, columns) in [0, 1], NaN = padding, which stays.
        score: Of several images, [0, 1].
        seed: Of the random order.
    """
    order = cell_order(values)
    # The same for every map, so that those of several panes share one yardstick.
    random = np.random.default_rng(seed).permutation(CELLS * CELLS)
    curves = [_curves(image, ranked, score) for ranked in (order, random)]
    (deletion, insertion), (random_deletion, random_insertion) = curves
    return Faithfulness(deletion, insertion, random_deletion, random_insertion)


def cell_order(values: Float32) -> NDArray[np.intp]:
    """Cells (row * CELLS + column), the highest mean value first; equal ones in reading order."""
    cells = cv2.resize(values.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.argsort(-cells.ravel(), kind="stable")


def blur(image: Float32) -> Float32:
    """The film without its detail; padding stays padding and does not bleed in."""
    known = ~np.isnan(image)
    sigma = BLUR * max(image.shape)
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
    mean = cv2.GaussianBlur(np.where(known, image, 0).astype(np.float32), (0, 0), sigma)
    return np.where(known, mean / np.maximum(weight, 1e-6), np.nan).astype(np.float32)


def _curves(
    image: Float32,
    order: NDArray[np.intp],
    score: Callable[[Sequence[Float32]], Sequence[float]],
) -> tuple[Curve, Curve]:
    """Deletion and insertion in one order, all images in one batch."""
    shares = np.linspace(0, 1, STEPS + 1)
    masks = [_mask(order[: round(share * len(order))], image.shape) for share in shares]
    grey = np.where(np.isnan(image), np.nan, np.nanmean(image)).astype(np.float32)
    blurred = blur(image)
    gone = [np.where(mask, grey, image) for mask in masks]
    back = [np.where(mask, image, blurred) for mask in masks]
    scores = np.asarray(score([*gone, *back]), np.float64)
    return Curve(shares, scores[: STEPS + 1]), Curve(shares, scores[STEPS + 1 :])


def _mask(cells: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    small = np.zeros(CELLS * CELLS, np.uint8)
    small[cells] = 1
    size = (shape[1], shape[0])
    grown = cv2.resize(small.reshape(CELLS, CELLS), size, interpolation=cv2.INTER_NEAREST)
    return grown.astype(bool)
