"""Protocol "afloc": MS-CXR as AFLoc's released scorer measures it.

* Sample: one image and phrase (in small letters), its boxes merged.
* Frame: the image resized to a longer side of 224 and padded to a square, boxes rounded down to
  its pixels; only the central 196 x 196 is scored (their margin of 448 / 512).
* Map: cosines smoothed by a Gaussian of 1.5 patches, bilinear; then rescaled, image by image, to
  [-1, 1] over the scored pixels.
* IoU: of the place with the pixels above .1, .2, .3, .4, .5, mean over thresholds. A sample
  without a predicted or a true pixel in the scored part is dropped, not 0.
* CNR: (mean inside - mean outside) / sqrt(variance inside + variance outside), signed (their
  docstring says absolute); 0 when both variances are 0.
* Not measured: a constant map, and places that are masks.
* Read from YH0517/AFLoc, `eval/metric.py`, `eval/common.py`, `eval/box_transfer.py` at 76a309f.
  They average a threshold at a time, which is the same where no sample drops out at one threshold
  only. Their intervals draw samples; ours draw patients.
"""

from explorer.evaluation.asked import Asked, Floats, Metric
from explorer.evaluation.protocols._letterbox import measure_in_square

ID = "afloc/1"
TITLE = "AFLoc"
METRICS = {
    "cnr": Metric("CNR", "signed, of the rescaled map", 2),
    "miou": Metric("mIoU(.1-.5)", "of the map rescaled to [-1, 1]"),
}
SIDE = 224


def measure(asked: Asked) -> dict[str, Floats]:
    """(P,) figures by metric."""
    found = measure_in_square(asked, side=SIDE)
    return {"cnr": found.cnr, "miou": found.iou}
