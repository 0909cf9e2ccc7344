"""Median sternotomy wires: a column of small loops over the sternum."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, distance_to, draw_curve, smooth_curve

CARD = Card(
    name="sternotomy wires",
    kind="device",
    frequency=(0.45, 0.6),
    nouns=("sternotomy wires", "median sternotomy wires", "sternal wires", "intact sternal wires"),
    place="none",
    templates=(
        "status post median sternotomy",
        "postsurgical changes of median sternotomy",
        "midline sternotomy wires are intact",
        "sternotomy wires of prior CABG",
        "median sternotomy wires overlying the sternum",
        "sternotomy wires from coronary bypass surgery",
    ),
    absent=("No sternal wires.",),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Four to seven loops, evenly spaced along the sternum."""
    line = scene.landmarks["sternum"]
    px = scene.px_per_mm
    mask = np.zeros(scene.shape, bool)
    added = np.zeros(scene.shape, np.float32)
    dense = rng.uniform(0.8, 2.2)
    for share in np.linspace(0.12, 0.9, int(rng.integers(4, 8))):
        x, y = line[round(share * (len(line) - 1))]
        a, b = rng.uniform(7, 11) * px, rng.uniform(4, 8) * px
        turn = np.linspace(0.3, 2 * np.pi - 0.1, 12) + rng.uniform(0, 6)
        ring = np.stack([x + a * np.cos(turn), y + b * np.sin(turn)], axis=1)
        ring += rng.normal(0, 0.6, ring.shape) * px
        curve = smooth_curve(ring)
        added = np.maximum(added, draw_curve(scene.shape, curve, width=1.0 * px))
        mask |= distance_to(curve, scene.shape) < max(1.5, 3 * px)
    scene.extra += blur(added, 0.25 * px) * np.float32(dense)
    return Inserted(mask=mask, side=None, zone=None, severity="moderate")
