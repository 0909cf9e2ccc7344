"""Generators and leads: what pacemakers and defibrillators have in common."""

import numpy as np

from explorer.entities import Float32, Side
from explorer.phantom.findings._base import Mask
from explorer.phantom.findings._tube import along, from_mid, lay_tube, lung_top
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur


def lay_can(
    scene: Scene, rng: np.random.Generator, *, side: Side, radius_mm: float, dense_cm: float
) -> tuple[Mask, tuple[float, float]]:
    """A rounded metal can with its plastic header below the clavicle; mask and the header's place.

    Args:
        scene: Changed in place.
        rng: Source of chance.
        side: Chest wall it lies in.
        radius_mm: Half of its longer edge.
        dense_cm: Its metal as cm of water.
    """
    px = scene.px_per_mm
    x = from_mid(scene, side, rng.uniform(85, 120))
    y = lung_top(scene) + rng.uniform(25, 75) * px
    margin = (radius_mm + 3) * px
    x = float(np.clip(x, margin, scene.shape[1] - margin))
    turn, flat = rng.uniform(-0.7, 0.7), rng.uniform(0.72, 0.95)
    rows, columns = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32) + 0.5
    u = ((columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)) / px
    v = ((rows - y) * np.cos(turn) - (columns - x) * np.sin(turn)) / px
    corner = rng.uniform(2.4, 3.4)
    edge = (np.abs(u / radius_mm) ** corner + np.abs(v / (flat * radius_mm)) ** corner) ** (
        1 / corner
    )
    inside = np.clip((1 - edge) * radius_mm / 1.0, 0, 1)
    header = (v < -0.55 * flat * radius_mm).astype(np.float32)
    battery = np.clip((0.62 - np.hypot(u / radius_mm, v / radius_mm - 0.22)) * 12, 0, 1)
    metal = inside * (1 - 0.55 * header) * (0.75 + 0.25 * battery) * dense_cm
    scene.extra += blur(metal.astype(np.float32), 0.3 * px)
    reach = 0.8 * flat * radius_mm * px
    return edge <= 1 + 1.0 / radius_mm, (x + np.sin(turn) * reach, y - np.cos(turn) * reach)


def heart_ends(scene: Scene, rng: np.random.Generator) -> dict[str, tuple[float, float]] | None:
    """Where leads end: right ventricle, right atrium, and a vein of the left ventricle."""
    rows, columns = np.nonzero(scene.layers["T_heart"] > 0.8)
    if len(rows) == 0:
        return None
    first, wide = float(columns.min()), float(np.ptp(columns))
    return {
        "ventricle": (first + wide * rng.uniform(0.58, 0.8), float(np.percentile(rows, 88))),
        "atrium": (first + wide * rng.uniform(0.05, 0.2), float(np.percentile(rows, 55))),
        "left": (first + wide * rng.uniform(0.8, 0.92), float(np.percentile(rows, 55))),
    }


def lay_lead(
    scene: Scene,
    rng: np.random.Generator,
    *,
    side: Side,
    start: tuple[float, float],
    end: tuple[float, float],
    width_mm: float,
    dense_cm: float,
) -> tuple[Mask, Float32]:
    """A lead from the can through the subclavian vein and the SVC to `end`; mask and curve."""
    px, top = scene.px_per_mm, lung_top(scene)
    low_x, low_y = along(scene, "svc", 1.0)
    dip = (0.55 * low_x + 0.45 * end[0], max(0.4 * low_y + 0.6 * end[1], low_y))
    points = [
        start,
        (from_mid(scene, side, rng.uniform(50, 62)), top + rng.uniform(0, 14) * px),
        along(scene, f"vein_{side}", 0.1),
        along(scene, "svc", 0.2),
        (low_x, low_y),
        dip,
        end,
    ]
    return lay_tube(scene, rng, points, width_mm=width_mm, dense_cm=dense_cm)
