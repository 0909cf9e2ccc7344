"""Tortuous aorta: a large knob, and a descending aorta that bows into the left lung."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, Severity, severity_of, without_crumbs
from explorer.phantom.findings._mediastinum import carina, vessel_chord
from explorer.phantom.findings._tube import along, from_mid
from explorer.phantom.scene import Scene
from explorer.phantom.textures import smooth_curve

CARD = Card(
    name="tortuous aorta",
    kind="finding",
    frequency=(0.8, 0.7),
    nouns=(
        "tortuous aorta",
        "aortic tortuosity",
        "unfolded aorta",
        "ectatic aorta",
        "tortuous thoracic aorta",
        "aortic ectasia",
        "unfolding of the aorta",
        "dilated thoracic aorta",
    ),
    place="none",
    templates=(
        "The aorta is tortuous.",
        "The thoracic aorta is tortuous and ectatic.",
        "The aorta is unfolded.",
        "tortuous and ectatic thoracic aorta",
        "tortuosity of the descending thoracic aorta",
    ),
    absent=(
        "No aortic tortuosity.",
        "The aorta is not tortuous.",
        "No aortic ectasia or aneurysm.",
    ),
    labels=("Aortic enlargement", "Tortuous Aorta"),
)

_DEGREES: dict[Severity, tuple[str, ...]] = {
    "mild": ("mildly", "slightly"),
    "moderate": ("moderately",),
    "severe": ("markedly", "severely"),
}


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Replace arch and descending aorta by a wider vessel with a bow of 10 to 38 mm."""
    px = scene.px_per_mm
    bow, radius = float(rng.uniform(10, 38)), float(rng.uniform(13, 20))
    top_x, top_y = along(scene, "arch", 0.0)
    _, bottom = carina(scene)
    floor = float(np.percentile(np.nonzero(scene.layers["T_heart"] > 0.8)[0], 75))
    if floor < bottom + 20 * px:
        return None
    rise = rng.uniform(-4, 8) * px
    lateral = max(top_x, from_mid(scene, "left", 14)) + rng.uniform(4, 12) * px
    knob = (lateral, top_y + 0.8 * radius * px - rise)
    spine_x = from_mid(scene, "left", rng.uniform(12, 24))
    middle = (bottom + floor) / 2
    points = [
        (from_mid(scene, "right", rng.uniform(4, 14)), knob[1] + rng.uniform(28, 42) * px),
        (from_mid(scene, "right", rng.uniform(-4, 6)), knob[1] + rng.uniform(6, 14) * px),
        knob,
        (spine_x + (0.75 * bow + 6) * px, (knob[1] + middle) / 2),
        (spine_x + bow * px, middle),
        (spine_x + 0.25 * bow * px, floor),
    ]
    # As many samples as pixels: the curve is drawn as a polyline.
    chord, distance = vessel_chord(
        scene, smooth_curve(np.array(points), samples=200), radius_mm=radius
    )
    before = scene.layers["vessels"]
    # What is already there stays; the wider vessel is deeper, so all of it is denser.
    wider = np.maximum(before, chord * rng.uniform(0.85, 1.05)) + rng.uniform(0.2, 0.35) * chord
    scene.layers["vessels"] = wider
    mask = without_crumbs((distance <= radius) & (wider - before > 0.15))
    if mask.sum() < 60:
        return None
    severity = severity_of(bow, 18, 29)
    templates = tuple(f"{word} tortuous thoracic aorta" for word in _DEGREES[severity])
    return Inserted(mask=mask, side=None, zone=None, severity=severity, templates=templates)
