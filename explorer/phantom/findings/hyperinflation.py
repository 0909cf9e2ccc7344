"""Hyperinflation: long dark lungs, thin vessels, low flat domes."""

import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Card, Inserted, rounded, severity_of
from explorer.phantom.findings._warp import bend, dome_rows, flatten_dome, measure_again
from explorer.phantom.findings.cardiomegaly import resize_heart
from explorer.phantom.scene import LOBES_OF, SIDES, Scene
from explorer.phantom.textures import blur, sigmoid, smooth_noise

CARD = Card(
    name="hyperinflation",
    kind="finding",
    frequency=(0.8, 0.35),
    nouns=(
        "hyperinflation",
        "hyperinflated lungs",
        "hyperexpanded lungs",
        "pulmonary hyperinflation",
        "hyperexpansion of the lungs",
        "overinflation",
        "air trapping",
    ),
    place="none",
    adjectives={
        "mild": ("mild", "slight"),
        "moderate": ("moderate",),
        "severe": ("severe", "marked"),
    },
    templates=(
        "The lungs are hyperinflated.",
        "The lungs are hyperexpanded.",
        "hyperinflated lungs with flattened diaphragms",
        "flattening of the diaphragms",
        "flattened hemidiaphragms",
        "hyperinflated lungs consistent with COPD",
        "emphysematous changes with hyperinflation",
        "emphysema with hyperinflated lungs",
        "chronic obstructive pulmonary disease with hyperinflation",
    ),
    absent=(
        "No hyperinflation.",
        "The lungs are not hyperinflated.",
        "No evidence of hyperinflation or air trapping.",
        "The lungs are normally inflated.",
    ),
    labels=("Emphysema", "Hyperinflation"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Lower and flatten both domes, thin the lungs' substance, narrow the heart."""
    amount = float(rng.beta(1.6, 1.8))
    px = scene.px_per_mm
    falls = []
    for side in SIDES:
        edge = dome_rows(scene.lungs[side], px_per_mm=px)
        if edge is None:
            return None
        share, fall_px = 0.2 + 0.45 * amount, (2 + 13 * amount) * px
        falls.append(flatten_dome(scene, side, edge, share=share, fall_px=fall_px))
    _stretch_heart(scene, np.maximum(*falls))
    resize_heart(scene, rng, wider=float(1 - rng.uniform(0.04, 0.2) * (0.4 + amount)))
    _thin_out(scene, rng, amount=amount)
    measure_again(scene)
    mask = np.zeros(scene.shape, bool)
    for side in SIDES:
        mask |= rounded(scene.lungs[side].aerated, radius_px=5 * px)
    if mask.sum() < 50:
        return None
    return Inserted(
        mask=mask, side="bilateral", zone=None, severity=severity_of(amount, 0.35, 0.65)
    )


def _thin_out(scene: Scene, rng: np.random.Generator, *, amount: float) -> None:
    """Take substance from the lungs, and more from vessels than from what lies between."""
    px = scene.px_per_mm
    upper = rng.random() < 0.5  # Emphysema of smokers takes the upper lobes first.
    for side in SIDES:
        lung = scene.lungs[side]
        uneven = 1 + 0.15 * smooth_noise(rng, scene.shape, cell=45 * px)
        more = 0.65 + 0.7 * sigmoid((0.45 - lung.height) * 6) if upper else 1.0
        lost = np.clip((0.08 + 0.26 * amount) * more * uneven, 0.03, 0.7).astype(np.float32)
        for name in LOBES_OF[side]:
            layer = scene.layers[name]
            scene.layers[name] = np.minimum(blur(layer, 5 * px), layer) * (1 - lost) + np.clip(
                layer - blur(layer, 5 * px), 0, None
            ) * (1 - np.minimum(1.3 * lost, 0.8))
            scene.layers[f"T_{name}"] = scene.layers[f"T_{name}"] * (1 - 0.8 * lost)


def _stretch_heart(scene: Scene, drop: Float32) -> None:
    """Let the heart follow the diaphragm; `drop` (W,) is 0 between the domes, which is bridged."""
    thickness = scene.layers["T_heart"]
    rows_of, columns = np.nonzero(thickness > 0.5)
    if len(rows_of) == 0:
        return
    px = scene.px_per_mm
    top, bottom = float(rows_of.min()), float(rows_of.max())
    wide = slice(max(0, columns.min() - round(20 * px)), columns.max() + round(20 * px))
    fall = np.full((1, len(drop)), float(np.median(drop[wide])), np.float32)
    share = np.clip((np.arange(scene.shape[0])[:, None] - top) / max(1.0, bottom - top), 0, 1)
    for name in ("heart", "T_heart"):
        scene.layers[name] = bend(scene.layers[name], dy=(-fall * share).astype(np.float32))
