"""Feeding tube: thin and faint, with a weighted metal tip in or beyond the stomach."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted
from explorer.phantom.findings._tube import along, from_mid, lay_tube
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, draw_curve

CARD = Card(
    name="feeding tube",
    kind="device",
    frequency=(0.03, 0.5),
    nouns=(
        "feeding tube",
        "Dobbhoff tube",
        "weighted feeding tube",
        "enteric feeding tube",
        "Dobbhoff feeding tube",
    ),
    place="none",
    countable=True,
    absent=("No feeding tube.", "The feeding tube has been removed."),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Down the esophagus into the stomach; six in ten cross the midline to the duodenum."""
    points = [along(scene, "esophagus", share) for share in (0.0, 0.3, 0.6, 1.0)]
    px = scene.px_per_mm
    x, y = points[-1]
    points.insert(0, (points[0][0] + rng.normal(0, 4) * px, 0.0))
    low = y + rng.uniform(70, 105) * px
    points += [
        (x + rng.uniform(22, 48) * px, y + rng.uniform(28, 50) * px),
        (x + rng.uniform(10, 32) * px, low),
    ]
    beyond = bool(rng.random() < 0.6)
    if beyond:
        points += [
            (from_mid(scene, "right", rng.uniform(2, 18)), low + rng.uniform(5, 14) * px),
            (from_mid(scene, "right", rng.uniform(28, 45)), low - rng.uniform(-6, 14) * px),
        ]
    mask, curve = lay_tube(
        scene, rng, points, width_mm=rng.uniform(2.0, 3.2), dense_cm=rng.uniform(0.6, 1.4)
    )
    _weight(scene, rng, curve)
    inside = points[-1][1] < scene.shape[0] and max(p[1] for p in points) < scene.shape[0]
    return Inserted(
        mask=mask, side=None, zone=None, severity="moderate",
        templates=_words(inside=inside, beyond=beyond),
    )  # fmt: skip


def _weight(scene: Scene, rng: np.random.Generator, curve: np.ndarray) -> None:
    """The metal tip: the last 22 to 36 mm, thicker and much denser than the tube."""
    px = scene.px_per_mm
    rest = np.cumsum(np.hypot(*np.diff(curve[::-1], axis=0).T)) / px
    count = int(np.searchsorted(rest, rng.uniform(22, 36))) + 2
    stroke = draw_curve(scene.shape, curve[-count:], width=rng.uniform(3.6, 5.0) * px)
    scene.extra += blur(stroke, 0.25 * px) * np.float32(rng.uniform(3.0, 6.0))


def _words(*, inside: bool, beyond: bool) -> tuple[str, ...]:
    if not inside:
        return (
            "feeding tube extends below the field of view",
            "feeding tube courses below the diaphragm",
        )
    if beyond:
        return (
            "feeding tube with weighted tip in the duodenum",
            "Dobbhoff tube tip in the post-pyloric position",
        )
    return (
        "feeding tube with weighted tip in the stomach",
        "Dobbhoff tube tip in the stomach",
    )
