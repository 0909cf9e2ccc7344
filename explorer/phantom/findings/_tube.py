"""Lines and tubes: strokes along anatomical paths, with a mask wide enough to point at."""

import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Mask
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, distance_to, draw_tube, smooth_curve


def lay_tube(
    scene: Scene,
    rng: np.random.Generator,
    points: list[tuple[float, float]],
    *,
    width_mm: float,
    dense_cm: float,
    reach_mm: float = 3.0,
) -> tuple[Mask, Float32]:
    """Add a tube through `points` (x, y in pixels); returns its mask and its curve (N, 2)."""
    px = scene.px_per_mm
    shaken = np.array(points, float)
    shaken[1:-1] += rng.normal(0, 1.2, shaken[1:-1].shape) * px
    curve = smooth_curve(shaken)
    stroke = draw_tube(scene.shape, curve, width=width_mm * px, wall=rng.uniform(0.3, 0.8))
    scene.extra += blur(stroke, 0.25 * px) * np.float32(dense_cm)
    mask = distance_to(curve, scene.shape) <= max(1.5, (width_mm / 2 + reach_mm) * px)
    return mask, curve


def along(scene: Scene, name: str, share: float) -> tuple[float, float]:
    """Point at a share of a landmark's line from its top (0) to its bottom (1)."""
    line = scene.landmarks[name]
    x, y = line[round(share * (len(line) - 1))]
    return float(x), float(y)


def from_mid(scene: Scene, side: str, offset_mm: float) -> float:
    """Column `offset_mm` to the given side of the trachea, in pixels."""
    sign = -1 if side == "right" else 1
    return scene.mid_x + sign * offset_mm * scene.px_per_mm


def lung_top(scene: Scene) -> float:
    """First row of either lung, in pixels."""
    tops = [
        int(rows[0])
        for lung in scene.lungs.values()
        if len(rows := np.flatnonzero(lung.aerated.any(axis=1)))
    ]
    return float(min(tops)) if tops else 0.0
