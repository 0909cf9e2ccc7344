"""Protocol "chexlocalize": masks of findings against maps split by Otsu's threshold.

* Sample: one film and finding.
* Frame: pixels of the truth; the map is spread bilinearly, rescaled to 0 ... 255 over the film,
  rounded down, and split where Otsu's method says. Pixels that the model did not see count as the
  lowest.
* mIoU, true positives: over samples with a true and a predicted mask; the others are dropped
  (their default).
* mIoU: over all samples with a true mask; without a predicted one it is 0.
* Hit rate: the maximum lies in the true mask, over samples with one.
* A finding is predicted when its pooled score is at least .5; without calibrated scores, always.
  (Theirs comes from a classifier whose cut is tuned on the validation films: our choice.)
* Read from rajpurkarlab/cheXlocalize, `eval.py`, `heatmap_to_segmentation.py`. Their intervals
  draw films; ours draw patients.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.evaluation.asked import Asked, Floats, Metric
from explorer.evaluation.surface import place_mask
from explorer.grounding.geometry import map_to_image

ID = "chexlocalize/1"
TITLE = "CheXlocalize"
METRICS = {
    "iou_true_positives": Metric("mIoU, true pos.", "over samples with a predicted mask"),
    "iou": Metric("mIoU", "over all samples with a true mask"),
    "hit": Metric("hit rate", "share of maps whose maximum lies in the mask"),
}
_PREDICTED_FROM = 0.5


def measure(asked: Asked) -> dict[str, Floats]:
    """(P,) figures by metric."""
    figures = {name: np.full(len(asked.cases), np.nan) for name in METRICS}
    maps = asked.smoothed()
    for number in np.flatnonzero(asked.placed).tolist():
        truth = place_mask(asked.cases[number])
        image = map_to_image(maps[number], asked.frame)
        if not np.isfinite(image).any():
            continue
        image = np.nan_to_num(image, nan=float(np.nanmin(image)))
        predicted = otsu_mask(image)
        if _says_absent(asked, number):
            predicted = np.zeros_like(truth)
        overlap = (predicted & truth).sum() / (predicted | truth).sum()
        figures["iou"][number] = overlap
        if predicted.any():
            figures["iou_true_positives"][number] = overlap
        figures["hit"][number] = truth.flat[int(image.argmax())]
    return figures


def otsu_mask(image: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(H, W) pixels above Otsu's threshold of the rescaled map; none of a constant one."""
    low, high = float(image.min()), float(image.max())
    if high <= low:
        return np.zeros(image.shape, dtype=np.bool_)
    levels = (255 * ((image - low) / (high - low))).astype(np.uint8)
    return cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)[1] > 0


def _says_absent(asked: Asked, number: int) -> bool:
    if asked.cut is None or asked.said is None:
        return False
    return bool(asked.said[number] < _PREDICTED_FROM)
