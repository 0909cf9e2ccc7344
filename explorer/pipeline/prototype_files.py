"""Prototypes as plain values for files and commands: no patient data, boxes in original pixels."""

import csv
import io
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np

from explorer.entities import Box
from explorer.prototypes.records import Clustering, Points, Prototype, Use
from explorer.retrieval.proposals import box_of_mask

PROTOTYPES_SCHEMA = "radiograph-prototypes/1"


def prototypes_document(
    clustering: Clustering, points: Points, *, with_points: bool = False
) -> dict[str, Any]:
    """Prototypes with names, measures and exemplars.

    Args:
        clustering: Prototypes.
        points: What they were made of.
        with_points: Whether to add the prototype of every point.
    """
    names = {p.id: p.name for p in clustering.prototypes}
    document: dict[str, Any] = {
        "schema": PROTOTYPES_SCHEMA,
        "notice": "Research use, not for diagnosis.",
        "method": clustering.method,
        "level": clustering.level,
        "parameters": dict(clustering.parameters),
        "seed": clustering.seed,
        "checkpoint_sha256": clustering.space_id,
        "points": len(points),
        "in_no_prototype": int((clustering.assignments < 0).sum()),
        "stability": clustering.stability,
        "edited": clustering.before is not None,
        "prototypes": [_prototype(p, points, names) for p in clustering.prototypes],
    }
    if with_points:
        pairs = zip(points.ids, clustering.assignments.tolist(), strict=True)
        document["assignments"] = dict(pairs)
    return document


def prototypes_csv(clustering: Clustering, points: Points) -> str:
    """One line a prototype."""
    columns = ["id", "name", "size", "tightness", "concentration", "position_share"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, "finding", "finding_share", "finding_base", "hidden", "exemplars"])
    for room in prototypes_document(clustering, points)["prototypes"]:
        purity = room["purity"] or {"finding": "", "share": "", "base": ""}
        exemplars = "|".join(exemplar["id"] for exemplar in room["exemplars"])
        values = [_cell(room[name]) for name in columns]
        writer.writerow([*values, *purity.values(), room["hidden"], exemplars])
    return text.getvalue()


def use_boxes(use: Use) -> tuple[Box, ...]:
    """Boxes of the parts of a radiograph that look like a prototype, the largest part first."""
    above = (use.likeness >= use.threshold).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    order = sorted(range(1, count), key=lambda k: -int(stats[k, cv2.CC_STAT_AREA]))
    return tuple(box_of_mask(labels == k, use.frame) for k in order)


def use_document(use: Use) -> dict[str, Any]:
    """Where a radiograph uses a prototype."""
    return {
        "id": use.id,
        "peak": use.peak,
        "threshold": use.threshold,
        "share": use.share,
        "boxes_xyxy": [_edges(box) for box in use_boxes(use)],
    }


def _prototype(prototype: Prototype, points: Points, names: dict[int, str]) -> dict[str, Any]:
    return {
        "id": prototype.id,
        "name": prototype.name,
        "named_by_a_person": prototype.named,
        "hidden": prototype.hidden,
        "size": prototype.size,
        "tightness": prototype.tightness,
        "concentration": prototype.concentration,
        "position_share": prototype.position_share,
        "purity": None if prototype.purity is None else asdict(prototype.purity),
        "neighbours": [{"id": n, "name": names[n]} for n in prototype.neighbours],
        "exemplars": [_exemplar(row, points) for row in prototype.exemplars],
    }


def _exemplar(row: int, points: Points) -> dict[str, Any]:
    box = points.boxes[row]
    return {
        "id": points.ids[row],
        "film": points.films[row],
        "box_xyxy": None if box is None else _edges(box),
        "text": points.texts[row],
    }


def _edges(box: Box) -> list[float]:
    return [box.x_min, box.y_min, box.x_max, box.y_max]


def _cell(value: object) -> object:
    """A name that begins like a formula must not become one in a spreadsheet."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
