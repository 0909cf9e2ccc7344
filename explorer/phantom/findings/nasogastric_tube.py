"""Nasogastric tube: down the esophagus and below the left hemidiaphragm."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted
from explorer.phantom.findings._tube import along, lay_tube
from explorer.phantom.scene import Scene

CARD = Card(
    name="nasogastric tube",
    kind="device",
    frequency=(0.03, 0.9),
    nouns=("nasogastric tube", "NG tube", "enteric tube", "orogastric tube"),
    place="none",
    countable=True,
    templates=(
        "nasogastric tube courses below the diaphragm",
        "enteric tube tip in the stomach",
        "NG tube with tip below the diaphragm",
        "nasogastric tube extends below the field of view",
    ),
    absent=("No nasogastric tube.", "The nasogastric tube has been removed."),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Follow the esophagus, then turn to the stomach."""
    points = [along(scene, "esophagus", share) for share in (0.0, 0.3, 0.6, 1.0)]
    px = scene.px_per_mm
    x, y = points[-1]
    points.insert(0, (points[0][0] + rng.normal(0, 4) * px, 0.0))
    points += [
        (x + rng.uniform(20, 50) * px, y + rng.uniform(25, 60) * px),
        (x + rng.uniform(5, 60) * px, y + rng.uniform(70, 130) * px),
    ]
    mask, _ = lay_tube(
        scene, rng, points, width_mm=rng.uniform(2.5, 5), dense_cm=rng.uniform(0.5, 1.5)
    )
    return Inserted(mask=mask, side=None, zone=None, severity="moderate")
