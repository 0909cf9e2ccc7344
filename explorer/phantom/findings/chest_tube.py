"""Chest tube: a wide drain with a dense stripe between the ribs into the pleural space."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, pick_side
from explorer.phantom.findings._tube import lay_tube
from explorer.phantom.scene import Scene

CARD = Card(
    name="chest tube",
    kind="device",
    frequency=(0.1, 0.6),
    nouns=("chest tube", "thoracostomy tube", "pleural drain", "pigtail catheter"),
    place="side",
    countable=True,
    templates=(
        "{side} chest tube in place",
        "{side} thoracostomy tube with tip at the apex",
        "{side} pleural catheter",
        "interval placement of {side} chest tube",
    ),
    absent=("No chest tube.", "The chest tube has been removed."),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Enter at the ribs of the lower half, climb towards the apex."""
    side = pick_side(rng)
    lung = scene.lungs[side]
    enter, end = rng.uniform(0.55, 0.85), rng.uniform(0.1, 0.45)
    points = []
    for height, lateral in (
        (enter, 1.0),
        ((enter + end) / 2 + 0.1, rng.uniform(0.6, 0.9)),
        (end, rng.uniform(0.35, 0.8)),
    ):
        near = np.abs(lung.height - height) + np.abs(lung.lateral - lateral)
        near[~lung.full] = 9
        row, column = np.unravel_index(int(np.argmin(near)), near.shape)
        points.append((float(column), float(row)))
    sign = -1 if side == "right" else 1
    outside = (points[0][0] + sign * 45 * scene.px_per_mm, points[0][1] + 25 * scene.px_per_mm)
    mask, _ = lay_tube(
        scene, rng, [outside, *points], width_mm=rng.uniform(4, 9), dense_cm=rng.uniform(0.4, 1.2),
        reach_mm=2,
    )  # fmt: skip
    return Inserted(mask=mask, side=side, zone=None, severity="moderate")
