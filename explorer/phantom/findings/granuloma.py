"""Calcified granuloma: a very small, very dense round spot."""

import numpy as np

from explorer.phantom.findings._base import (
    Card,
    Inserted,
    lobe_at,
)
from explorer.phantom.findings._round import ball
from explorer.phantom.places import draw_place, draw_radius_mm
from explorer.phantom.scene import Scene

CARD = Card(
    name="calcified granuloma",
    kind="finding",
    frequency=(0.6, 0.2),
    nouns=(
        "calcified granuloma",
        "granuloma",
        "calcified nodule",
        "calcified pulmonary nodule",
        "calcified granulomatous nodule",
        "healed granuloma",
    ),
    place="zone",
    plural="calcified granulomas",
    countable=True,
    adjectives={"mild": ("small", "tiny"), "moderate": ("dense",), "severe": ("dense",)},
    templates=(
        "calcified granuloma of the {side} {zone}, unchanged",
        "sequela of old granulomatous disease in the {side} {zone}",
        "{side} {zone} granuloma from prior granulomatous infection",
    ),
    qualities=(
        "old",
        "healed",
        "stable",
        "typical",
    ),
    absent=("No calcified granuloma.",),
    labels=("Calcified granuloma", "Calcification"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """One spot of 5 to 10 mm with the density of bone."""
    clear = rng.random() < 0.85  # the rest hides behind heart or spine
    place = draw_place("granuloma", scene, rng, depth_mm=4, clear=clear)
    if place is None:
        return None
    x, y, side, zone = place.x, place.y, place.side, place.zone
    # Boxes of calcification are drawn wide: half their radius is the spot's.
    radius = draw_radius_mm("granuloma", scene, rng, share=0.5, within=(2.5, 5.0))
    added, mask = ball(
        scene, rng, x=x, y=y, radius_mm=radius, lumps=0.05, edge_mm=rng.uniform(0.2, 0.5)
    )
    if mask.sum() < 3:
        return None
    scene.extra += added * rng.uniform(2.5, 4.5)
    return Inserted(
        mask=mask, side=side, zone=zone, severity="mild", lobe=lobe_at(scene, side, x, y),
        size_mm=2 * radius,
    )  # fmt: skip
