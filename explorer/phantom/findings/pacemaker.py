"""Pacemaker: a metal can on the chest wall and leads into the heart."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, pick_side
from explorer.phantom.findings._generator import heart_ends, lay_can, lay_lead
from explorer.phantom.scene import Scene

CARD = Card(
    name="pacemaker",
    kind="device",
    frequency=(0.4, 0.4),
    nouns=("pacemaker", "cardiac pacemaker", "pacer", "pacemaker device"),
    place="side",
    countable=True,
    templates=(
        "{side} chest wall pacemaker in place",
        "{side} sided pacer with intact leads",
    ),
    absent=("No pacemaker.",),
    labels=("Support Devices",),
)

_DUAL = (
    "{side} subclavian dual lead pacemaker",
    "pacemaker with atrial and ventricular leads",
    "dual chamber pacemaker",
)
_SINGLE = ("{side} single lead pacemaker", "single chamber pacemaker")


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Can of 3 to 5 cm over the upper outer chest, one or two leads through the SVC."""
    side = pick_side(rng, right=0.15)
    ends = heart_ends(scene, rng)
    if ends is None:
        return None
    mask, header = lay_can(
        scene, rng, side=side, radius_mm=rng.uniform(17, 24), dense_cm=rng.uniform(3, 6.5)
    )
    names = ("ventricle", "atrium") if rng.random() < 0.65 else ("ventricle",)
    for name in names:
        lead, _ = lay_lead(
            scene, rng, side=side, start=header, end=ends[name],
            width_mm=rng.uniform(1.6, 2.6), dense_cm=rng.uniform(0.8, 2.0),
        )  # fmt: skip
        mask |= lead
    return Inserted(
        mask=mask, side=side, zone=None, severity="moderate",
        templates=_DUAL if len(names) == 2 else _SINGLE,
    )  # fmt: skip
