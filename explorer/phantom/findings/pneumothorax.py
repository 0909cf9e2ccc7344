"""Pneumothorax: air between lung and ribs, no vessels in it, a thin pleural line at its border."""

import cv2
import numpy as np

from explorer.entities import Float32, Side, Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    Mask,
    outer_distance_mm,
    severity_of,
    without_crumbs,
)
from explorer.phantom.findings._warp import (
    bend,
    carry_landmarks,
    dome_rows,
    flatten_dome,
    measure_again,
)
from explorer.phantom.places import draw_air, lungs_width_mm
from explorer.phantom.scene import LOBES_OF, SIDES, Lung, Scene
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
        "severe": ("large", "sizable"),
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
    """Free the apex, the side or the base of one lung of its markings; some are under tension."""
    side, kind, share = draw_air(rng)
    kind = "tension" if kind == "large" and rng.random() < 0.35 else kind
    moved = _push_aside(scene, rng, side=side) if kind == "tension" else None
    width_mm = max(6.0, share * lungs_width_mm(scene))
    gap = outer_distance_mm(scene, side)
    air = _air(scene.lungs[side], rng, kind=kind, gap=gap, width_mm=width_mm, px=scene.px_per_mm)
    if air.sum() < 30:
        return None
    _empty(scene, rng, side=side, air=air, gap=gap)
    share = float(air.sum() / max(1, scene.lungs[side].aerated.sum()))
    return Inserted(
        mask=air,
        side=side,
        zone=_ZONES.get(kind),
        severity="severe" if kind == "tension" else severity_of(share, 0.12, 0.4),
        templates=_templates(kind, small=width_mm < 18),
        beyond=moved,
    )


_ZONES: dict[str, Zone] = {"apical": "upper", "basal": "lower"}
_WORDS = {"apical": "apical ", "basal": "basilar ", "lateral": "lateral "}


def _air(
    lung: Lung, rng: np.random.Generator, *, kind: str, gap: Float32, width_mm: float, px: float
) -> Mask:
    """Where the air is: along the ribs, or all that a shrunken lung leaves free."""
    height = np.clip(lung.height, 0, 1.2)
    profile = {
        "apical": np.clip(1.15 - height * rng.uniform(1.2, 2.4), 0, 1),
        "lateral": np.clip(1.1 - 0.7 * np.abs(height - rng.uniform(0.2, 0.5)), 0.1, 1),
        "large": np.clip(1.1 - 0.35 * height, 0.5, 1.1),
        "tension": np.ones_like(height),
        "basal": np.clip((height - 0.45) * 2.2, 0, 1),
    }[kind]
    ripple = 1 + 0.12 * smooth_noise(rng, lung.aerated.shape, cell=60 * px)
    air = (gap < width_mm * profile * ripple) & lung.aerated
    if kind in {"large", "tension"}:  # The lung shrinks towards its hilum instead.
        wide, tall = ((0.35, 0.75), (0.34, 0.5)) if kind == "large" else ((0.3, 0.5), (0.24, 0.36))
        away = (lung.lateral / rng.uniform(*wide)) ** 2
        away = away + ((lung.height - 0.52) / rng.uniform(*tall)) ** 2
        air = (away * ripple > 1) & lung.aerated & (lung.lateral > 0.06)
    air = cv2.morphologyEx(air.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return without_crumbs(air)


def _templates(kind: str, *, small: bool) -> tuple[str, ...]:
    if kind == "tension":
        return (
            "{side} tension pneumothorax",
            "tension pneumothorax on the {side}",
            "large {side} pneumothorax with mediastinal shift",
            "large {side} pneumothorax with mediastinal shift and flattening of the hemidiaphragm",
        )
    words = _WORDS.get(kind, "")
    return (
        f"{{side}} {words}pneumothorax",
        f"{words}pneumothorax on the {{side}}",
        f"small {{side}} {words}pneumothorax" if small else f"{{side}} {words}pneumothorax",
    )


_PUSHED = ("mediastinum", "heart", "T_heart", "vessels", "airway")
_MARKS = ("trachea", "svc", "ivc", "esophagus", "arch", "heart", "vein_left", "vein_right")


def _push_aside(scene: Scene, rng: np.random.Generator, *, side: Side) -> Mask:
    """Shift the mediastinum to the other side and press the dome flat; returns what moved."""
    px = scene.px_per_mm
    before = dict(scene.layers)
    lungs = scene.lungs["right"].aerated | scene.lungs["left"].aerated
    columns = np.flatnonzero(lungs.any(axis=0))
    if len(columns) == 0:
        return np.zeros(scene.shape, bool)
    across = np.arange(scene.shape[1], dtype=np.float32)
    reach = np.where(
        across < scene.mid_x, scene.mid_x - columns[0] + 1, columns[-1] - scene.mid_x + 1
    )
    share = np.clip((1 - np.abs(across + 0.5 - scene.mid_x) / reach) / 0.72, 0, 1)
    share = share * share * (3 - 2 * share)
    # The neck stays: the shift grows from above the lungs to the level of the carina.
    top = float(np.flatnonzero(lungs.any(axis=1))[0])
    rows = np.arange(scene.shape[0], dtype=np.float32)
    down = np.clip((rows - top + 15 * px) / (70 * px), 0, 1)
    shift = float(rng.uniform(12, 28)) * px * (1.0 if side == "right" else -1.0)
    dx = (-shift * down[:, None] * share[None]).astype(np.float32)
    lobes = [name for one in SIDES for name in LOBES_OF[one]]
    for name in (*_PUSHED, *lobes, *(f"T_{lobe}" for lobe in lobes)):
        scene.layers[name] = bend(scene.layers[name], dx=dx)
    carry_landmarks(scene, _MARKS, dx=dx)
    measure_again(scene)
    edge = dome_rows(scene.lungs[side], px_per_mm=px)
    if edge is not None:
        share, fall_px = rng.uniform(0.4, 0.8), rng.uniform(2, 12) * px
        flatten_dome(scene, side, edge, share=share, fall_px=fall_px)
    changed = np.zeros(scene.shape, bool)
    for name, layer in before.items():
        if scene.layers[name] is not layer:
            changed |= np.abs(scene.layers[name] - layer) > 1e-4
    return changed


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
