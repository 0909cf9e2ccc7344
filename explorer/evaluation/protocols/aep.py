"""Protocol "aep": the AFLoc Evaluation Protocol as KAF-Ground states it.

* Sample: one image and phrase, its boxes merged.
* Frame: the image resized to a longer side of 518 and padded to a square, boxes rounded down to
  its pixels; only the central 453 x 453 is scored.
* Map: cosines smoothed by a Gaussian of 1.5 patches, spread bilinearly; then rescaled, image by
  image, to [-1, 1] over the scored pixels.
* mIoU and Dice: mean over thresholds .1 to .5; a sample without a predicted or a true pixel is
  dropped.
* CNR: signed, of the rescaled map. P@1: the maximum of the scored part lies in a box.
* Not measured: a constant map, and places that are masks.
* Read from tahsirmunna/kaf-ground, `kafground/eval/` and its README at d83afc6. Their intervals
  draw samples, paired; ours draw patients, paired.
"""

from explorer.evaluation.asked import Asked, Floats, Metric
from explorer.evaluation.protocols._letterbox import measure_in_square

ID = "aep/1"
TITLE = "AEP (KAF-Ground)"
METRICS = {
    "miou": Metric("mIoU(.1-.5)", "of the map rescaled to [-1, 1]"),
    "dice": Metric("Dice", "mean over the same thresholds"),
    "cnr": Metric("CNR", "signed, of the rescaled map", 2),
    "pointing": Metric("P@1", "share of maps whose maximum lies in a box"),
}
SIDE = 518


def measure(asked: Asked) -> dict[str, Floats]:
    """(P,) figures by metric."""
    found = measure_in_square(asked, side=SIDE)
    return {
        "miou": found.iou,
        "dice": found.dice,
        "cnr": found.cnr,
        "pointing": found.pointing,
    }
