"""Endotracheal tube: a tube down the trachea that ends above the carina."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted
from explorer.phantom.findings._tube import along, lay_tube
from explorer.phantom.scene import Scene

CARD = Card(
    name="endotracheal tube",
    kind="device",
    frequency=(0.03, 1.0),
    nouns=("endotracheal tube", "ETT", "ET tube", "endotracheal tube in place"),
    place="none",
    countable=True,
    templates=(
        "endotracheal tube tip above the carina",
        "endotracheal tube terminates {size} above the carina",
        "ETT in standard position",
        "endotracheal tube in satisfactory position",
    ),
    absent=("No endotracheal tube.", "The endotracheal tube has been removed."),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Follow the trachea from the upper edge to some centimetres above its end."""
    stop = rng.uniform(0.45, 0.8)
    points = [along(scene, "trachea", share) for share in (0.0, stop / 2, stop)]
    points.insert(0, (points[0][0] + rng.normal(0, 4) * scene.px_per_mm, 0.0))
    mask, curve = lay_tube(
        scene, rng, points, width_mm=rng.uniform(8, 11), dense_cm=rng.uniform(0.5, 1.4), reach_mm=1
    )
    end = scene.landmarks["trachea"][-1]
    gap = float(np.hypot(*(curve[-1] - end)) / scene.px_per_mm)
    return Inserted(mask=mask, side=None, zone=None, severity="moderate", size_mm=gap * 0.6)
