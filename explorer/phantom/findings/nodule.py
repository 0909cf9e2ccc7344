"""Pulmonary nodule: a round opacity up to 3 cm."""

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
        "nodular lesion",
        "round nodule",
        "noncalcified nodule",
    ),
    place="zone",
    plural="pulmonary nodules",
    countable=True,
    adjectives={
        "mild": ("small", "tiny", "subcentimeter"),
        "moderate": ("rounded",),
        "severe": ("large", "dominant"),
    },
    templates=(
        "{size} nodule in the {side} {zone}",
        "{size} {side} {zone} nodule",
        "nodular opacity projecting over the {side} {zone}",
        "{side} {zone} nodule measuring {size}",
        "nodule overlying the {side} {zone} measuring approximately {size}",
    ),
    absent=(
        "No pulmonary nodule.",
        "No suspicious nodules or masses.",
        "There are no lung nodules or masses.",
        "No nodule is identified.",
    ),
    labels=("Nodule", "Nodule/Mass"),
)

_MARGINS: dict[Margin, tuple[str, ...]] = {
    "smooth": ("well-defined nodule in the {side} {zone}", "smooth {side} {zone} nodule"),
    "lobulated": ("lobulated nodule in the {side} {zone}", "{side} {zone} lobulated nodule"),
    "spiculated": (
        "spiculated nodule in the {side} {zone}",
        "{side} {zone} nodule with spiculated margins",
    ),
}
_PART_SOLID = (
    "part-solid nodule in the {side} {zone}",
    "{side} {zone} nodule with a solid component",
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """One nodule of 9 to 30 mm; small ones are dense enough to be seen."""
    clear = rng.random() < 0.88  # the rest hides behind heart or spine
    place = draw_place("nodule", scene, rng, depth_mm=5, clear=clear)
    if place is None:
        return None
    x, y, side, zone = place.x, place.y, place.side, place.zone
    radius = draw_radius_mm("nodule", scene, rng, share=0.9, within=(4.5, 15.0))
    margin = draw_margin(rng, shares=(0.45, 0.3, 0.25) if radius > 5 else (0.85, 0.15, 0.0))
    part_solid = bool(radius > 6 and rng.random() < 0.15)
    added, mask = lesion(
        scene, rng, x=x, y=y, radius_mm=radius, margin=margin, part_solid=part_solid
    )
    if mask.sum() < 6:
        return None
    # One in seven is as hard to see as many real ones are.
    wanted = rng.uniform(0.6, 1.2) if rng.random() < 0.15 else rng.uniform(1.8, 3.4)
    scene.extra += make_seen(scene, added, mask, wanted=wanted, limits=(0.8, 3.2))
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity_of(2 * radius, 11, 22),
        lobe=lobe_at(scene, side, x, y),
        size_mm=2 * radius,
        templates=(*_PART_SOLID, *_MARGINS[margin]) if part_solid else _MARGINS[margin],
    )
