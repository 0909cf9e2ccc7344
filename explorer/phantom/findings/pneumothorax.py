"""Pneumothorax: air between lung and ribs, no vessels in it, a thin pleural line at its border."""

import cv2
import numpy as np

from explorer.entities import Float32, Side, Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    outer_distance_mm,
    pick_side,
    severity_of,
    without_crumbs,
)
from explorer.phantom.scene import LOBES_OF, Scene
from explorer.phantom.textures import blur, smooth_noise

CARD = Card(
    name="pneumothorax",
    kind="finding",
    frequency=(1.1, 1.2),
    nouns=("pneumothorax", "PTX"),
    place="side",
    plural="pneumothoraces",
    countable=True,
    adjectives={
        "mild": ("small", "tiny", "trace"),
        "moderate": ("moderate", "moderate-sized"),
        "severe": ("large", "tension"),
    },
    templates=(
        "{side} pneumothorax with a visible pleural line",
        "{side} pneumothorax with partial collapse of the lung",
    ),
    absent=(
        "No pneumothorax.",
        "There is no pneumothorax.",
        "No pleural effusion or pneumothorax.",
        "No evidence of pneumothorax.",
        "There is no pneumothorax or pleural effusion.",
    ),
    labels=("Pneumothorax",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Free the apex, the side or the base of one lung of its markings."""
    side = pick_side(rng, right=0.55)
    lung = scene.lungs[side]
    kind = str(rng.choice(["apical", "lateral", "large", "basal"], p=[0.45, 0.3, 0.17, 0.08]))
    width = {
        "apical": rng.uniform(10, 34),
        "lateral": rng.uniform(8, 24),
        "large": rng.uniform(35, 75),
        "basal": rng.uniform(15, 35),
    }[kind]
    height = np.clip(lung.height, 0, 1.2)
    profile = {
        "apical": np.clip(1.15 - height * rng.uniform(1.2, 2.4), 0, 1),
        "lateral": np.clip(1.1 - 0.7 * np.abs(height - rng.uniform(0.2, 0.5)), 0.1, 1),
        "large": np.clip(1.1 - 0.35 * height, 0.5, 1.1),
        "basal": np.clip((height - 0.45) * 2.2, 0, 1),
    }[kind]
    ripple = 1 + 0.12 * smooth_noise(rng, scene.shape, cell=60 * scene.px_per_mm)
    gap = outer_distance_mm(scene, side)
    air = (gap < width * profile * ripple) & lung.aerated
    if kind == "large":  # The lung shrinks towards its hilum instead.
        away = (lung.lateral / rng.uniform(0.35, 0.75)) ** 2
        away = away + ((lung.height - 0.52) / rng.uniform(0.34, 0.5)) ** 2
        air = (away * ripple > 1) & lung.aerated & (lung.lateral > 0.06)
    air = cv2.morphologyEx(air.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    air = without_crumbs(air)
    if air.sum() < 30:
        return None
    _empty(scene, rng, side=side, air=air, gap=gap)
    zones: dict[str, Zone] = {"apical": "upper", "basal": "lower"}
    zone = zones.get(kind)
    words = {"apical": "apical ", "basal": "basilar ", "lateral": "lateral "}.get(kind, "")
    templates = (
        f"{{side}} {words}pneumothorax",
        f"{words}pneumothorax on the {{side}}",
        f"small {{side}} {words}pneumothorax" if width < 18 else f"{{side}} {words}pneumothorax",
    )
    share = float(air.sum() / max(1, lung.aerated.sum()))
    return Inserted(
        mask=air,
        side=side,
        zone=zone,
        severity=severity_of(share, 0.12, 0.4),
        templates=templates,
    )


def _empty(
    scene: Scene, rng: np.random.Generator, *, side: Side, air: np.ndarray, gap: Float32
) -> None:
    """Take the lung out of the air space, crowd it beside it, draw the visceral pleura."""
    px = scene.px_per_mm
    soft = blur(air.astype(np.float32), 0.5 * px)
    left_over = rng.uniform(0.05, 0.35)
    crowd = 1 + rng.uniform(0.0, 0.35) * float(air.sum()) / max(
        1.0, float(scene.lungs[side].aerated.sum())
    )
    for name in LOBES_OF[side]:
        layer = scene.layers[name]
        plain = np.minimum(blur(layer, 6 * px), layer)
        scene.layers[name] = (layer * crowd * (1 - soft) + plain * left_over * soft).astype(
            np.float32
        )
        scene.layers[f"T_{name}"] = scene.layers[f"T_{name}"] * (1 - 0.7 * soft)
    border = cv2.morphologyEx(
        air.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)
    ).astype(np.float32)
    border *= (gap > 2.5) & scene.lungs[side].aerated
    line = blur(border, max(0.35, 0.45 * px)) * rng.uniform(0.3, 0.9)
    scene.extra += line
