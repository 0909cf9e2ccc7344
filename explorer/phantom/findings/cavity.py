"""Cavitary lesion: a round opacity with an air-filled centre."""

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
    name="cavitary lesion",
    kind="finding",
    frequency=(0.35, 0.25),
    nouns=("cavitary lesion", "cavity", "cavitary mass", "thick-walled cavity", "cavitation"),
    place="zone",
    plural="cavitary lesions",
    countable=True,
    adjectives={"mild": ("small",), "moderate": ("thick-walled",), "severe": ("large",)},
    templates=("cavitary lesion with an air-fluid level in the {side} {zone}",),
    absent=("No cavitary lesion.", "There is no cavitation."),
    labels=("Cavitation", "Lung cavity"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """One cavity where masses lie (no source marks cavities), half of them in the upper lungs."""
    high = rng.random() < 0.6
    clear = rng.random() < 0.9  # the rest hides behind heart or spine
    place = draw_place("mass", scene, rng, depth_mm=6, clear=clear)
    if place is None or (high and place.zone != "upper"):
        return None
    x, y, side, zone = place.x, place.y, place.side, place.zone
    radius = draw_radius_mm("mass", scene, rng, share=0.75, within=(10, 30))
    added, mask = ball(
        scene, rng, x=x, y=y, radius_mm=radius, lumps=rng.uniform(0.03, 0.12),
        edge_mm=rng.uniform(0.4, 1.2), hollow=rng.uniform(0.5, 0.8),
    )  # fmt: skip
    lung = scene.lungs[side]
    mask &= lung.thickness > 0.3
    if mask.sum() < 20:
        return None
    scene.extra += np.minimum(added, 0.3 + lung.thickness) * rng.uniform(0.9, 1.3)
    return Inserted(
        mask=mask, side=side, zone=zone, severity=severity_of(radius, 15, 23),
        lobe=lobe_at(scene, side, x, y), size_mm=2 * radius,
    )  # fmt: skip
