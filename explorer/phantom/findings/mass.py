"""Lung mass: a round or lobulated opacity larger than 3 cm."""

import numpy as np

from explorer.phantom.findings._base import (
    Card,
    Inserted,
    lobe_at,
    severity_of,
)
from explorer.phantom.findings._round import Margin, draw_margin, lesion, make_seen
from explorer.phantom.places import draw_place, draw_radius_mm
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

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
        "mild": ("rounded",),
        "moderate": ("sizable",),
        "severe": ("large", "bulky"),
    },
    templates=(
        "{size} mass in the {side} {zone}",
        "mass in the {side} {zone} suspicious for malignancy",
        "large masslike opacity in the {side} {zone}",
        "{side} {zone} mass concerning for neoplasm",
        "{side} {zone} mass measuring {size}",
        "mass in the {side} {zone} due to metastatic disease",
    ),
    absent=("No lung mass.", "No suspicious mass.", "There is no mass lesion."),
    labels=("Mass", "Nodule/Mass"),
)

_MARGINS: dict[Margin, tuple[str, ...]] = {
    "smooth": ("well-circumscribed mass in the {side} {zone}", "smooth {side} {zone} mass"),
    "lobulated": ("lobulated mass in the {side} {zone}", "{side} {zone} lobulated mass"),
    "spiculated": (
        "spiculated mass in the {side} {zone}",
        "{side} {zone} mass with spiculated margins",
    ),
}


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """One mass of 3 to 8 cm."""
    clear = rng.random() < 0.75  # the rest hides behind heart or spine
    place = draw_place("mass", scene, rng, depth_mm=2, clear=clear)
    if place is None:
        return None
    x, y, side, zone = place.x, place.y, place.side, place.zone
    radius = draw_radius_mm("mass", scene, rng, share=0.9, within=(15, 40))
    margin = draw_margin(rng, shares=(0.25, 0.4, 0.35))
    added, mask = lesion(scene, rng, x=x, y=y, radius_mm=radius, margin=margin)
    hazy = rng.uniform(0.5, 2.5) if margin != "smooth" and rng.random() < 0.4 else 0.0
    added = blur(added, hazy * scene.px_per_mm)
    lung = scene.lungs[side]
    mask &= lung.thickness > 0.3
    if mask.sum() < 40:
        return None
    # Lung can only hold so much: the chord stops at the lung's own depth.
    added = np.minimum(added, 0.3 + lung.thickness)
    added *= lung.thickness > 0.1
    wanted = rng.uniform(0.8, 1.4) if rng.random() < 0.1 else rng.uniform(1.6, 4.0)
    scene.extra += make_seen(scene, added, mask, wanted=wanted, limits=(0.5, 1.2))
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity_of(2 * radius, 42, 60),
        lobe=lobe_at(scene, side, x, y),
        size_mm=2 * radius,
        templates=_MARGINS[margin],
    )
