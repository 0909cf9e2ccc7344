"""Implanted port: a small chamber on the chest wall with a line into the SVC."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, distance_mm, pick_side
from explorer.phantom.findings._tube import along, from_mid, lay_tube, lung_top
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="port",
    kind="device",
    frequency=(0.25, 0.25),
    nouns=("Port-A-Cath", "chest port", "implanted port", "MediPort", "port catheter"),
    place="side",
    countable=True,
    templates=(
        "{side} chest wall port with tip in the SVC",
        "{side} subclavian port catheter",
        "{side} Port-A-Cath terminates in the superior vena cava",
    ),
    absent=("No chest port.",),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """A ring of 24 to 30 mm over the upper lung and its catheter."""
    side = pick_side(rng, right=0.7)
    top, px = lung_top(scene), scene.px_per_mm
    x = from_mid(scene, side, rng.uniform(65, 100))
    y = top + rng.uniform(45, 85) * px
    d = distance_mm(scene, x, y, flat=rng.uniform(0.7, 1.3), turn=rng.uniform(0, np.pi))
    outer, inner = rng.uniform(11, 15), rng.uniform(6, 9)
    body = (d < outer) * 0.7 + ((d < outer) & (d > inner)) * rng.uniform(0.6, 1.6)
    scene.extra += blur(body.astype(np.float32), 0.4 * px) * np.float32(rng.uniform(0.8, 2.0))
    points = [
        (x, y - outer * px),
        (from_mid(scene, side, rng.uniform(50, 60)), top + rng.uniform(2, 15) * px),
        along(scene, f"vein_{side}", 0.1),
        along(scene, "svc", 0.0),
        along(scene, "svc", rng.uniform(0.6, 1.0)),
    ]
    mask, _ = lay_tube(scene, rng, points, width_mm=rng.uniform(2, 3), dense_cm=rng.uniform(0.4, 1))
    return Inserted(mask=mask | (d < outer + 2), side=side, zone=None, severity="moderate")
