"""Pulmonary nodule: a round opacity up to 3 cm."""

import numpy as np

from explorer.phantom.findings._base import (
    Card,
    Inserted,
    lobe_at,
    severity_of,
)
from explorer.phantom.findings._round import ball
from explorer.phantom.places import draw_place, draw_radius_mm
from explorer.phantom.scene import Scene

CARD = Card(
    name="nodule",
    kind="finding",
    frequency=(1.5, 0.7),
    nouns=(
        "nodule",
        "pulmonary nodule",
        "lung nodule",
        "nodular opacity",
        "rounded opacity",
        "solitary pulmonary nodule",
        "nodular density",
    ),
    place="zone",
    plural="pulmonary nodules",
    countable=True,
    adjectives={
        "mild": ("small", "tiny", "subcentimeter"),
        "moderate": ("well-defined", "rounded"),
        "severe": ("large", "dominant"),
    },
    templates=(
        "{size} nodule in the {side} {zone}",
        "{size} {side} {zone} nodule",
        "nodular opacity projecting over the {side} {zone}",
    ),
    absent=(
        "No pulmonary nodule.",
        "No suspicious nodules or masses.",
        "There are no lung nodules or masses.",
        "No nodule is identified.",
    ),
    labels=("Nodule", "Nodule/Mass"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """One nodule of 6 to 30 mm; small ones are dense enough to be seen."""
    clear = rng.random() < 0.88  # the rest hides behind heart or spine
    place = draw_place("nodule", scene, rng, depth_mm=5, clear=clear)
    if place is None:
        return None
    x, y, side, zone = place.x, place.y, place.side, place.zone
    radius = float(np.clip(0.9 * draw_radius_mm("nodule", scene, rng), 3.2, 15.0))
    added, mask = ball(
        scene, rng, x=x, y=y, radius_mm=radius, lumps=rng.uniform(0.02, 0.16),
        edge_mm=rng.uniform(0.3, 1.4),
    )  # fmt: skip
    if mask.sum() < 6:
        return None
    scene.extra += added * (rng.uniform(0.9, 1.6) if radius > 6 else rng.uniform(1.3, 2.2))
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity_of(2 * radius, 11, 22),
        lobe=lobe_at(scene, side, x, y),
        size_mm=2 * radius,
    )
