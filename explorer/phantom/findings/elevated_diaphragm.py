"""Elevated hemidiaphragm: one dome stands higher, the lung above it is shorter."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, pick_side, rounded, severity_of
from explorer.phantom.findings._warp import dome_rows, move_dome
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="elevated hemidiaphragm",
    kind="finding",
    frequency=(0.45, 0.5),
    nouns=(
        "elevated hemidiaphragm",
        "elevated diaphragm",
        "hemidiaphragm elevation",
        "diaphragmatic elevation",
    ),
    place="side",
    adjectives={
        "mild": ("mild", "slight"),
        "moderate": ("moderate",),
        "severe": ("marked",),
    },
    templates=(
        "elevation of the {side} hemidiaphragm",
        "The {side} hemidiaphragm is elevated.",
        "elevated {side} hemidiaphragm",
        "raised {side} hemidiaphragm",
        "asymmetric elevation of the {side} hemidiaphragm",
        "elevation of the {side} diaphragm",
        "The {side} hemidiaphragm remains elevated.",
    ),
    absent=(
        "No elevation of the hemidiaphragm.",
        "Neither hemidiaphragm is elevated.",
        "The hemidiaphragms are normal in position.",
        "The diaphragm is not elevated.",
        "No elevated hemidiaphragm.",
    ),
    labels=("Elevated hemidiaphragm",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Lift a dome by 2 to 7 cm, all of it or one part (eventration)."""
    side = pick_side(rng, right=0.55)
    px = scene.px_per_mm
    found = dome_rows(scene.lungs[side], px_per_mm=px)
    if found is None:
        return None
    dome, place = found
    height_mm = float(18 + 42 * rng.beta(1.2, 2.0))
    peak, flat = rng.uniform(0.35, 0.65), rng.uniform(2.6, 5.0)
    across = np.where(place < peak, (peak - place) / (peak + 0.06), (place - peak) / (1.1 - peak))
    shape = np.clip(1 - across**flat, 0, 1)
    # The dome never leaves the lung's lower two thirds.
    top = np.flatnonzero(scene.lungs[side].aerated.any(axis=1))[0]
    most = 0.5 * (float(np.median(dome)) - float(top))
    lift = (shape * min(height_mm * px, most)).astype(np.float32)
    lift = blur(np.repeat(lift[None], 5, axis=0), 2.0 * px)[2]
    lift[lift < 0.5] = 0.0
    change = move_dome(scene, side, lift=lift, dome=dome, room_px=18 * px)
    rows = np.arange(scene.shape[0])[:, None]
    raised = (rows > (dome - lift)[None] - 1) & (rows < (dome + 18 * px)[None]) & (lift > 2)[None]
    mask = rounded(raised & (blur(change, 1.5 * px) > 0.25), radius_px=4 * px)
    if mask.sum() < 30:
        return None
    return Inserted(mask=mask, side=side, zone="lower", severity=severity_of(height_mm, 30, 45))
