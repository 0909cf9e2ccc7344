"""Lung mass: a round or lobulated opacity larger than 3 cm."""

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
    name="mass",
    kind="finding",
    frequency=(1.1, 0.6),
    nouns=(
        "mass",
        "lung mass",
        "pulmonary mass",
        "mass lesion",
        "masslike opacity",
        "neoplasm",
        "rounded mass",
    ),
    place="zone",
    plural="lung masses",
    countable=True,
    adjectives={
        "mild": ("rounded", "well-circumscribed"),
        "moderate": ("lobulated", "spiculated"),
        "severe": ("large", "bulky"),
    },
    templates=(
        "{size} mass in the {side} {zone}",
        "mass in the {side} {zone} suspicious for malignancy",
        "large masslike opacity in the {side} {zone}",
        "{side} {zone} mass concerning for neoplasm",
    ),
    absent=("No lung mass.", "No suspicious mass.", "There is no mass lesion."),
    labels=("Mass", "Nodule/Mass"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """One mass of 3 to 8 cm."""
    clear = rng.random() < 0.75  # the rest hides behind heart or spine
    place = draw_place("mass", scene, rng, depth_mm=2, clear=clear)
    if place is None:
        return None
    x, y, side, zone = place.x, place.y, place.side, place.zone
    radius = float(np.clip(0.9 * draw_radius_mm("mass", scene, rng), 15, 40))
    added, mask = ball(
        scene, rng, x=x, y=y, radius_mm=radius, lumps=rng.uniform(0.04, 0.2),
        edge_mm=rng.uniform(0.6, 3.0),
    )  # fmt: skip
    lung = scene.lungs[side]
    mask &= lung.thickness > 0.3
    if mask.sum() < 40:
        return None
    # Lung can only hold so much: the chord stops at the lung's own depth.
    added = np.minimum(added, 0.3 + lung.thickness)
    scene.extra += added * rng.uniform(0.55, 1.05) * (lung.thickness > 0.1)
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity_of(2 * radius, 42, 60),
        lobe=lobe_at(scene, side, x, y),
        size_mm=2 * radius,
    )
