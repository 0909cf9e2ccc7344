"""Central venous catheter: jugular, subclavian or dialysis line that ends in the SVC."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, pick_side
from explorer.phantom.findings._tube import along, from_mid, lay_tube, lung_top
from explorer.phantom.scene import Scene

CARD = Card(
    name="central venous catheter",
    kind="device",
    frequency=(0.12, 1.1),
    nouns=("central venous catheter", "central line", "central venous line", "catheter"),
    place="side",
    countable=True,
    absent=("No central venous catheter.", "The central line has been removed."),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Enter at the neck or below the clavicle, turn into the SVC."""
    side = pick_side(rng, right=0.7)
    top, px = lung_top(scene), scene.px_per_mm
    tip = along(scene, "svc", rng.uniform(0.5, 1.0))
    upper = along(scene, "svc", 0.0)
    vein = along(scene, f"vein_{side}", 0.1)
    if rng.random() < 0.55:
        start = [(from_mid(scene, side, rng.uniform(38, 55)), 0.0)]
        middle = [(from_mid(scene, side, rng.uniform(28, 38)), top * 0.7), vein]
        words: tuple[str, ...] = (
            "{side} internal jugular central venous catheter",
            "{side} IJ line",
            "{side} IJ central line with tip in the SVC",
            "{side} internal jugular catheter",
        )
    else:
        start = [(from_mid(scene, side, rng.uniform(75, 110)), top + rng.uniform(5, 45) * px)]
        middle = [(from_mid(scene, side, rng.uniform(45, 60)), top + rng.uniform(0, 12) * px), vein]
        words = (
            "{side} subclavian central venous catheter",
            "{side} subclavian line",
            "{side} subclavian catheter terminates in the superior vena cava",
        )
    points = [*start, *middle, upper, tip]
    mask, _ = lay_tube(
        scene, rng, points, width_mm=rng.uniform(1.8, 3.6), dense_cm=rng.uniform(0.4, 1.4)
    )
    shared = ("{side} central venous catheter tip in the SVC", "{side} central venous line")
    return Inserted(
        mask=mask, side=side, zone=None, severity="moderate", templates=(*words, *shared)
    )
