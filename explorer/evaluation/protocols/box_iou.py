"""Protocol "box_iou": boxes that were predicted for phrases, against the boxes that are known.

* Sample: one image and phrase; all known boxes are one place, all predicted boxes one prediction.
* Frame: pixels of the image that the truth is in, every pixel that a box touches.
* IoU: of both unions. Unconditional: a phrase without a predicted box is 0. If any: the mean over
  phrases with one.
* Answered: share of phrases that are there with at least one predicted box.
* Quiet: of phrases that are not there, the share without one.
* A phrase that is not in the file of predictions counts as one without a box. Our definition; the
  figures of MAIRA-2 and CheXagent were not checked against it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from explorer.entities import Box
from explorer.evaluation.asked import Floats, Metric
from explorer.evaluation.spread import Rectangle, rectangles
from explorer.evaluation.surface import place_mask
from explorer.placed import PlacedPhrase

ID = "box_iou/1"
TITLE = "Predicted boxes"
METRICS = {
    "iou": Metric("IoU", "of both unions; no prediction is 0"),
    "iou_if_any": Metric("IoU, if any", "over phrases with a predicted box"),
    "answered": Metric("answered", "share of present phrases with a box"),
    "quiet": Metric("quiet", "share of absent phrases without one"),
}


def measure_boxes(
    cases: Sequence[PlacedPhrase], predicted: Mapping[str, tuple[Box, ...]]
) -> dict[str, Floats]:
    """(P,) figures by metric; predicted boxes by `PlacedPhrase.key`, in pixels of the truth."""
    figures = {name: np.full(len(cases), np.nan) for name in METRICS}
    for number, case in enumerate(cases):
        boxes = predicted.get(case.key, ())
        if not case.present:
            figures["quiet"][number] = not boxes
            continue
        figures["answered"][number] = bool(boxes)
        if case.placed:
            iou = union_iou(case, boxes)
            figures["iou"][number] = iou
            if boxes:
                figures["iou_if_any"][number] = iou
    return figures


def union_iou(case: PlacedPhrase, boxes: Sequence[Box]) -> float:
    """IoU of the place of a phrase with the union of boxes."""
    mine = rectangles(boxes, case.image_shape)
    if case.mask is not None:
        truth = place_mask(case)
        area = int(truth.sum())
        shared = sum(int(truth[a:b, c:d].sum()) for a, b, c, d in mine)
    else:
        theirs = rectangles(case.boxes, case.image_shape)
        area = sum(map(_area, theirs))
        shared = sum(_area(_common(one, other)) for one in mine for other in theirs)
    union = area + sum(map(_area, mine)) - shared
    return shared / union if union else 0.0


def _common(one: Rectangle, other: Rectangle) -> Rectangle:
    return (
        max(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        min(one[3], other[3]),
    )


def _area(rectangle: Rectangle) -> int:
    first, end, left, right = rectangle
    return max(end - first, 0) * max(right - left, 0)
