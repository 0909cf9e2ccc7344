"""Protocol "phrase_trust": does a map depend on its phrase, and on the side that the phrase names?

* Sample: one image and phrase that is there.
* Nonsense: Pearson correlation over the patches of the map with that of a phrase without meaning.
  Sensitivity is 1 minus its positive part: 0 = any phrase gives the same map.
* Named side: for phrases that name right or left alone, the maximum over the patches lies in that
  half of the image. The patient's right is at the left of the image.
* Swap moves: with right and left exchanged in the words, the maximum lies in the other half, and
  before it lay in the named one.
* Maps are those that the app shows. Nothing is asked of rows that read no phrase.
"""

import re

import numpy as np
from numpy.typing import NDArray

from explorer.evaluation.asked import Asked, Floats, Metric
from explorer.grounding.geometry import grid_to_image
from explorer.grounding.similarity import smooth

ID = "phrase_trust/1"
TITLE = "Phrase trust"
METRICS = {
    "nonsense": Metric("r nonsense", "correlation with the map of nonsense", 2),
    "sensitivity": Metric("sensitivity", "1 - its positive part", 2),
    "named_side": Metric("named side", "maximum on the side that the phrase names"),
    "swap_moves": Metric("swap moves", "and on the other side when the words swap sides"),
}
_SIDE = re.compile(r"\b(right|left)\b", re.IGNORECASE)


def measure(asked: Asked) -> dict[str, Floats]:
    """(P,) figures by metric."""
    figures = {name: np.full(len(asked.cases), np.nan) for name in METRICS}
    if asked.nonsense is None or asked.swapped is None:
        return figures
    maps = asked.smoothed()
    nonsense = smooth(asked.nonsense, sigma=asked.smoothing)
    for number in np.flatnonzero(~asked.absent).tolist():
        r = _correlation(maps[number], nonsense)
        figures["nonsense"][number] = r
        figures["sensitivity"][number] = 1 - max(0.0, r)
        other = asked.swapped[number]
        named = _SIDE.search(asked.cases[number].phrase)
        if named is not None and np.isfinite(other).all():
            right = named[1].lower() == "right"
            here = _on_right(maps[number], asked) == right
            there = _on_right(smooth(other, sigma=asked.smoothing), asked) == right
            figures["named_side"][number] = here
            figures["swap_moves"][number] = here and not there
    return figures


def _correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    a, b = (np.asarray(m, np.float64).ravel() - np.mean(m) for m in (one, other))
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 1.0


def _on_right(map: NDArray[np.floating], asked: Asked) -> bool:
    """Whether the maximum lies in the patient's right half: at the left of the image."""
    column = int(map.argmax()) % map.shape[1]
    x = grid_to_image([column + 0.5, 0.5], asked.frame)[0]
    return bool(x < asked.frame.image_shape[1] / 2)
