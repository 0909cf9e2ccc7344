"""Protocol "biovil": MS-CXR as BioViL and hi-ml's published engine lead to it.

* Sample: one image and phrase, its boxes merged.
* Frame: pixels of the original. The cosines of the patch grid are smoothed by a Gaussian of 1.5
  patches (borders reflected, cut at 4 sigmas) and spread bilinearly; outside of the model's crop
  there is no value. (hi-ml, `ImageTextInferenceEngine`; its default interpolation is "nearest",
  its notebook uses bilinear.)
* |CNR|: |mean inside - mean outside| / sqrt(variance inside + variance outside), population
  variances, over seen pixels; CNR is the same with its sign.
* mIoU: mean over thresholds .1, .2, .3, .4, .5 of the IoU of the place with the pixels whose
  cosine is above the threshold; the cosine is not rescaled.
* Microsoft published no evaluation code. The absolute value, the thresholds on the raw cosine, and
  that a part of the place outside the crop counts as missed are read from the paper by others, not
  checked against its full text. Intervals here are by patient; the paper's are not stated.
"""

import numpy as np

from explorer.evaluation.asked import THRESHOLDS, Asked, Floats, Metric, share
from explorer.evaluation.surface import contrast, surface

ID = "biovil/1"
TITLE = "BioViL / hi-ml"
METRICS = {
    "abs_cnr": Metric("|CNR|", "absolute contrast-to-noise ratio of the smoothed cosine", 2),
    "cnr": Metric("CNR", "the same, signed", 2),
    "miou": Metric("mIoU(.1-.5)", "of the smoothed cosine, not rescaled"),
}
SIGMA = 1.5


def measure(asked: Asked) -> dict[str, Floats]:
    """(P,) figures by metric."""
    found = surface(asked.smoothed(SIGMA), asked.frame, asked.cases)
    cnr = np.where(asked.placed, contrast(found.moments()), np.nan)
    total, inside = found.above(np.tile(THRESHOLDS, (len(asked.cases), 1)))
    overlap = np.nan_to_num(share(inside, total + found.place[:, None] - inside))
    miou = np.where(asked.placed, overlap.mean(axis=1), np.nan)
    return {"abs_cnr": np.abs(cnr), "cnr": cnr, "miou": miou}
