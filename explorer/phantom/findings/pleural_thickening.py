"""Pleural thickening: a band of soft tissue along the ribs or over the apex."""

import numpy as np

from explorer.entities import Side, Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    outer_distance_mm,
    pick_side,
    severity_of,
    sides_of,
    visible,
)
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, smooth_noise

CARD = Card(
    name="pleural thickening",
    kind="finding",
    frequency=(0.5, 0.3),
    nouns=("pleural thickening", "thickening of the pleura", "pleural scarring", "pleural plaque"),
    place="side",
    adjectives={"mild": ("mild", "minimal"), "moderate": ("moderate",), "severe": ("marked",)},
    absent=("No pleural thickening.",),
    labels=("Pleural_Thickening", "Pleural thickening"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Apical caps (half of them) or a band along the ribs."""
    apical = rng.random() < 0.5
    side: Side = "bilateral" if apical and rng.random() < 0.4 else pick_side(rng)
    thick = rng.uniform(4, 14)
    added = np.zeros(scene.shape, np.float32)
    for one in sides_of(side):
        lung = scene.lungs[one]
        where = (
            np.clip(1 - lung.height / rng.uniform(0.1, 0.2), 0, 1)
            if apical
            else np.clip(1 - ((lung.height - rng.uniform(0.5, 0.85)) / 0.3) ** 2, 0, 1)
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
    zone: Zone = "upper" if apical else "lower"
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity_of(thick, 7, 11),
        templates=templates,
    )
