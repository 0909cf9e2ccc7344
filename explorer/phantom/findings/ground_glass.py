"""Ground-glass or hazy opacity: a faint, even veil over part of one lung or of both."""

import numpy as np

from explorer.entities import Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    severity_of,
    sides_of,
)
from explorer.phantom.findings._opacity import add_opacity, patch
from explorer.phantom.places import draw_place, draw_radius_mm, draw_side
from explorer.phantom.scene import Scene

CARD = Card(
    name="hazy opacity",
    kind="finding",
    frequency=(0.5, 0.6),
    nouns=(
        "hazy opacity",
        "ground-glass opacity",
        "haziness",
        "veiling opacity",
        "infiltrate",
        "hazy density",
        "hazy airspace opacity",
    ),
    place="zone",
    plural="hazy opacities",
    countable=True,
    adjectives={
        "mild": ("faint", "subtle", "mild"),
        "moderate": ("diffuse", "moderate"),
        "severe": ("extensive", "diffuse"),
    },
    templates=("hazy increased density over the {side} {zone}",),
    qualities=("vague",),
    absent=("No hazy opacity.", "There are no ground-glass opacities."),
    labels=("Infiltration", "Lung Opacity"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Veil one zone, or a zone of each lung."""
    side = draw_side("ground_glass", rng)
    zones: set[Zone] = set()
    total = np.zeros(scene.shape, np.float32)
    fill = rng.uniform(0.12, 0.3)
    for one in sides_of(side):
        place = draw_place("ground_glass", scene, rng, side=one, clear=rng.random() < 0.8)
        if place is None:
            return None
        radius = draw_radius_mm("ground_glass", scene, rng, share=1 / 1.3, within=(15, 55))
        total += patch(
            scene, rng, place=place, radius_mm=radius, fill=fill, grain=rng.uniform(0.1, 0.5)
        )
        zones.add(place.zone)
    mask = add_opacity(scene, total)
    if mask is None:
        return None
    return Inserted(
        mask=mask,
        side=side,
        zone=zones.pop() if len(zones) == 1 else None,
        severity=severity_of(float(total.max()), 1.2, 2.2),
    )
