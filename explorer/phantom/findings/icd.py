"""Implantable defibrillator: a large can, and a lead with thick shock coils."""

import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Card, Inserted, pick_side
from explorer.phantom.findings._generator import heart_ends, lay_can, lay_lead
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, draw_curve

CARD = Card(
    name="ICD",
    kind="device",
    frequency=(0.3, 0.35),
    nouns=(
        "ICD",
        "AICD",
        "implantable cardioverter defibrillator",
        "cardiac defibrillator",
        "defibrillator",
        "implantable defibrillator",
    ),
    place="side",
    countable=True,
    templates=(
        "{side} chest wall ICD with leads in place",
        "{side} sided AICD with intact leads",
        "{side} subclavian defibrillator with shock coils over the right heart",
        "implantable defibrillator in the {side} chest wall",
    ),
    absent=("No ICD.", "No implantable defibrillator.", "The ICD has been removed."),
    labels=("Support Devices",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Can of 5 to 7 cm; the ventricular lead has one or two coils, others may accompany it."""
    side = pick_side(rng, right=0.08)
    ends = heart_ends(scene, rng)
    if ends is None:
        return None
    mask, header = lay_can(
        scene, rng, side=side, radius_mm=rng.uniform(26, 34), dense_cm=rng.uniform(4, 8)
    )
    lead, curve = lay_lead(
        scene, rng, side=side, start=header, end=ends["ventricle"],
        width_mm=rng.uniform(1.8, 2.6), dense_cm=rng.uniform(1.0, 2.2),
    )  # fmt: skip
    mask |= lead
    thick, dense = rng.uniform(3.2, 4.6), rng.uniform(2.8, 5.5)
    _coil(scene, curve[68:78], width_mm=thick, dense_cm=dense)
    if rng.random() < 0.6:  # Older leads have a second coil in the SVC.
        _coil(scene, curve[44:54], width_mm=thick, dense_cm=dense)
    extra = float(rng.random())
    for name in ("atrium",) * (extra < 0.45) + ("left",) * (extra < 0.2):
        other, _ = lay_lead(
            scene, rng, side=side, start=header, end=ends[name],
            width_mm=rng.uniform(1.5, 2.2), dense_cm=rng.uniform(0.9, 1.8),
        )  # fmt: skip
        mask |= other
    return Inserted(mask=mask, side=side, zone=None, severity="moderate")


def _coil(scene: Scene, curve: Float32, *, width_mm: float, dense_cm: float) -> None:
    """A thick dense piece of a lead, its windings just seen."""
    px = scene.px_per_mm
    stroke = draw_curve(scene.shape, curve, width=width_mm * px)
    rows, columns = np.mgrid[: scene.shape[0], : scene.shape[1]]
    windings = 0.85 + 0.15 * np.sin((rows + columns) / px * 2 * np.pi / 3.0)
    scene.extra += blur((stroke * windings).astype(np.float32), 0.3 * px) * np.float32(dense_cm)
