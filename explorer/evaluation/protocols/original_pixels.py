"""Protocol "original_pixels": the figures of this project, for any phrase with boxes or a mask.

* Sample: one image and phrase; all its boxes are one place.
* Frame: pixels of the image that the truth is in. The map is the one that the app shows, smoothed
  only as its checkpoint's family publishes it, spread linearly between cell centres; pixels that
  the model did not see are no prediction.
* Pointing: the maximum lies in the place; of ties the first in reading order counts.
* CNR: (mean inside - mean outside) / sqrt(variance inside + variance outside) of the cosine,
  population variances, signed; |CNR| is its absolute value. Unseen pixels are left out.
* mIoU: mean over thresholds .1 to .5 of the IoU of the place with the pixels whose calibrated
  score is strictly above the threshold; never rescaled per image. Unconditional: an empty
  prediction is 0, what the model did not see is missed.
* mIoU, if any: the same over those thresholds at which something is predicted.
* Quiet: of phrases that are not there, the share of maps with no pixel above a score of .5.
* Not measured: mIoU and quiet where scores are not calibrated; all but quiet where no place is
  known.
"""

import numpy as np

from explorer.evaluation.asked import THRESHOLDS, Asked, Floats, Metric, share
from explorer.evaluation.surface import contrast, hits, surface

ID = "original_pixels/1"
TITLE = "Original pixels (this project)"
METRICS = {
    "pointing": Metric("pointing", "share of maps whose maximum lies in the place"),
    "cnr": Metric("CNR", "signed contrast-to-noise ratio", 2),
    "abs_cnr": Metric("|CNR|", "its absolute value", 2),
    "miou": Metric("mIoU(.1-.5)", "unconditional, of the calibrated score"),
    "miou_if_any": Metric("mIoU, if any", "over thresholds with a prediction"),
    "quiet": Metric("quiet", "share of absent phrases without a pixel above .5"),
}
_QUIET_BELOW = 0.5


def measure(asked: Asked) -> dict[str, Floats]:
    """(P,) figures by metric."""
    found = surface(asked.smoothed(), asked.frame, asked.cases)
    missing = np.full(len(asked.cases), np.nan)
    placed = asked.placed
    cnr = np.where(placed, contrast(found.moments()), np.nan)
    figures = {
        "pointing": np.where(placed, hits(found, asked.cases), np.nan),
        "cnr": cnr,
        "abs_cnr": np.abs(cnr),
        **dict.fromkeys(("miou", "miou_if_any", "quiet"), missing),
    }
    if asked.cut is None:
        return figures
    limits = np.array([asked.cut(t) for t in THRESHOLDS])
    total, inside = found.above(np.tile(limits, (len(asked.cases), 1)))
    union = total + found.place[:, None] - inside
    overlap = np.nan_to_num(share(inside, union))
    some = total > 0
    conditional = share((overlap * some).sum(axis=1), some.sum(axis=1))
    quiet = found.highest <= asked.cut(_QUIET_BELOW)
    return figures | {
        "miou": np.where(placed, overlap.mean(axis=1), np.nan),
        "miou_if_any": np.where(placed, conditional, np.nan),
        "quiet": np.where(asked.absent, quiet, np.nan),
    }
