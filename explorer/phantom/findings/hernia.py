"""Hiatal hernia: a rounded shadow behind the heart, often with an air-fluid level."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, distance_mm, severity_of
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, sigmoid

CARD = Card(
    name="hiatal hernia",
    kind="finding",
    frequency=(0.3, 0.15),
    nouns=("hiatal hernia", "hiatus hernia", "esophageal hiatal hernia"),
    place="none",
    countable=True,
    adjectives={"mild": ("small",), "moderate": ("moderate",), "severe": ("large",)},
    templates=(
        "retrocardiac opacity with an air-fluid level",
        "retrocardiac density consistent with a hiatal hernia",
    ),
    absent=("No hiatal hernia.",),
    labels=("Hernia",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """A ball of tissue above the diaphragm near the midline; half hold air above fluid."""
    lung = scene.lungs["left"]
    rows = np.flatnonzero(lung.aerated.any(axis=1))
    if len(rows) == 0:
        return None
    radius = float(rng.uniform(18, 40))
    px = scene.px_per_mm
    x = scene.mid_x + rng.uniform(0, 30) * px
    y = rows[-1] - (0.6 * radius + rng.uniform(5, 25)) * px
    d = distance_mm(scene, x, y, flat=rng.uniform(0.8, 1.4))
    chord = 2 * np.sqrt(np.clip(radius**2 - d**2, 0, None)) / 10 * 0.7
    if rng.random() < 0.6:
        line = y + rng.uniform(-0.2, 0.3) * radius * px
        level = (np.arange(scene.shape[0])[:, None] - line) / px
        chord = chord * (-0.15 + 1.15 * sigmoid((level * 2.5).astype(np.float32)))
    scene.extra += blur(chord.astype(np.float32), 0.7 * px)
    return Inserted(mask=d <= radius, side=None, zone="lower", severity=severity_of(radius, 24, 32))
