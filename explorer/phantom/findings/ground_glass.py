"""Ground-glass or hazy opacity: a faint, even veil over part of one lung or of both."""

import numpy as np

from explorer.entities import Side
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    pick_side,
    pick_zone,
    severity_of,
    sides_of,
)
from explorer.phantom.findings._opacity import add_opacity, patch
from explorer.phantom.scene import Scene

CARD = Card(
    name="hazy opacity",
    kind="finding",
    frequency=(0.5, 0.6),
    nouns=("hazy opacity", "ground-glass opacity", "haziness", "veiling opacity", "infiltrate"),
    place="zone",
    plural="hazy opacities",
    countable=True,
    adjectives={
        "mild": ("faint", "subtle", "mild"),
        "moderate": ("diffuse", "moderate"),
        "severe": ("extensive", "diffuse"),
    },
    templates=("hazy increased density over the {side} {zone}",),
    absent=("No hazy opacity.", "There are no ground-glass opacities."),
    labels=("Infiltration", "Lung Opacity"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Veil one zone, or the same zone of both lungs."""
    side: Side = "bilateral" if rng.random() < 0.35 else pick_side(rng)
    zone = pick_zone(rng, (0.2, 0.4, 0.4))
    total = np.zeros(scene.shape, np.float32)
    fill = rng.uniform(0.12, 0.3)
    for one in sides_of(side):
        result = patch(
            scene, rng, side=one, zone=zone, radius_mm=(25, 55), fill=fill,
            grain=rng.uniform(0.1, 0.5),
        )  # fmt: skip
        if result is None:
            return None
        total += result[0]
    mask = add_opacity(scene, total)
    if mask is None:
        return None
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity_of(float(total.max()), 1.2, 2.2),
    )
