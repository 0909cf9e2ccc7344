"""Pacemaker or defibrillator: a metal can on the chest wall and leads into the heart."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, distance_mm, pick_side
from explorer.phantom.findings._tube import along, from_mid, lay_tube, lung_top
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="pacemaker",
    kind="device",
    frequency=(0.4, 0.4),
    nouns=("pacemaker", "cardiac pacemaker", "pacer", "ICD"),
    place="side",
    countable=True,
    templates=(
        "{side} chest wall pacemaker with leads in place",
        "{side} subclavian dual lead pacemaker",
        "pacemaker with atrial and ventricular leads",
        "{side} sided pacer with intact leads",
        "dual chamber pacemaker",
    ),
    absent=("No pacemaker.",),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Can over the upper outer chest, one or two leads through the SVC."""
    side = pick_side(rng, right=0.15)
    top, px = lung_top(scene), scene.px_per_mm
    x, y = from_mid(scene, side, rng.uniform(85, 125)), top + rng.uniform(25, 80) * px
    d = distance_mm(scene, x, y, flat=rng.uniform(1.0, 1.4), turn=rng.uniform(0, np.pi))
    radius = rng.uniform(18, 27)
    can = np.clip((radius - d) / 1.2, 0, 1) * rng.uniform(2.5, 6)
    can -= np.clip((radius * 0.5 - distance_mm(scene, x, y - 0.2 * radius * px)) / 2, 0, 1) * 0.8
    scene.extra += blur(np.clip(can, 0, None).astype(np.float32), 0.3 * px)
    heart = scene.layers["T_heart"] > 0.8
    rows, columns = np.nonzero(heart)
    if len(rows) == 0:
        return None
    low, wide = float(np.percentile(rows, 88)), float(np.ptp(columns))
    ventricle = (columns.min() + wide * rng.uniform(0.6, 0.85), low)
    atrium = (columns.min() + wide * rng.uniform(0.05, 0.2), float(np.percentile(rows, 55)))
    mask = d < radius + 2
    for end in [ventricle, atrium][: int(rng.integers(1, 3))]:
        points = [
            (x, y - radius * px),
            (from_mid(scene, side, rng.uniform(50, 62)), top + rng.uniform(0, 14) * px),
            along(scene, f"vein_{side}", 0.1),
            along(scene, "svc", 0.2),
            along(scene, "svc", 1.0),
            end,
        ]
        lead, _ = lay_tube(
            scene, rng, points, width_mm=rng.uniform(1.6, 2.6), dense_cm=rng.uniform(0.7, 1.8)
        )
        mask |= lead
    return Inserted(mask=mask, side=side, zone=None, severity="moderate")
