"""Pleural thickening: a band of soft tissue along the ribs or over the apex."""

import numpy as np

from explorer.entities import Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    outer_distance_mm,
    severity_of,
    sides_of,
    visible,
)
from explorer.phantom.places import UNIFORM, draw_centre, draw_side
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, smooth_noise

CARD = Card(
    name="pleural thickening",
    kind="finding",
    frequency=(0.5, 0.3),
    nouns=(
        "pleural thickening",
        "thickening of the pleura",
        "pleural scarring",
        "pleural plaque",
    ),
    place="side",
    adjectives={"mild": ("mild", "minimal"), "moderate": ("moderate",), "severe": ("marked",)},
    absent=("No pleural thickening.",),
    labels=("Pleural_Thickening", "Pleural thickening"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Apical caps or a band along the ribs: what the height of an annotated box says."""
    centre = float(draw_centre("pleural_thickening", rng)[1])
    if rng.random() < UNIFORM:
        centre = rng.uniform(0, 0.85)
    apical = centre < 0.3
    side = draw_side("pleural_thickening", rng, both=apical)
    thick = rng.uniform(4, 14)
    added = np.zeros(scene.shape, np.float32)
    for one in sides_of(side):
        lung = scene.lungs[one]
        where = (
            np.clip(1 - lung.height / rng.uniform(0.1, 0.2), 0, 1)
            if apical
            else np.clip(1 - ((lung.height - min(centre, 0.9)) / 0.3) ** 2, 0, 1)
        )
        ragged = 1 + 0.35 * smooth_noise(rng, scene.shape, cell=14 * scene.px_per_mm)
        band = (thick * where * ragged - outer_distance_mm(scene, one)) / 2.0
        added += np.clip(band, 0, 1) * lung.aerated
    added = blur(added * np.float32(rng.uniform(0.6, 1.8)), 0.8 * scene.px_per_mm)
    mask = visible(added)
    if mask.sum() < 12:
        return None
    scene.extra += added
    place = "apical" if apical else "lateral"
    templates = (
        f"{{side}} {place} pleural thickening",
        f"{place} pleural thickening on the {{side}}",
        *(("{side} apical scarring", "{side} apical pleural cap") if apical else ()),
    )
    zone: Zone = "upper" if apical else "mid" if centre < 0.6 else "lower"
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity_of(thick, 7, 11),
        templates=templates,
    )
