"""Peripherally inserted central catheter: from the arm through the axilla into the SVC."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, pick_side
from explorer.phantom.findings._tube import along, from_mid, lay_tube, lung_top
from explorer.phantom.scene import Scene

CARD = Card(
    name="PICC",
    kind="device",
    frequency=(0.12, 0.6),
    nouns=("PICC", "PICC line", "peripherally inserted central catheter"),
    place="side",
    countable=True,
    templates=(
        "{side} PICC with tip in the SVC",
        "{side} upper extremity PICC terminates in the superior vena cava",
        "{side} arm PICC line",
    ),
    absent=("No PICC.", "The PICC line has been removed."),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """A thin line from the arm at the picture's edge."""
    side = pick_side(rng, right=0.6)
    top, px = lung_top(scene), scene.px_per_mm
    points = [
        (from_mid(scene, side, 190), top + rng.uniform(60, 110) * px),
        (from_mid(scene, side, rng.uniform(130, 150)), top + rng.uniform(25, 50) * px),
        (from_mid(scene, side, rng.uniform(75, 95)), top + rng.uniform(0, 18) * px),
        along(scene, f"vein_{side}", 0.1),
        along(scene, "svc", 0.0),
        along(scene, "svc", rng.uniform(0.6, 1.0)),
    ]
    mask, _ = lay_tube(
        scene, rng, points, width_mm=rng.uniform(1.2, 2.0), dense_cm=rng.uniform(0.35, 0.9)
    )
    return Inserted(mask=mask, side=side, zone=None, severity="moderate")
