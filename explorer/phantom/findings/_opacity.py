"""Opacities inside the lung: clouds of blobs that never exceed the lung's own depth."""

import numpy as np

from explorer.entities import Float32, Side, Zone
from explorer.phantom.findings._base import Mask, distance_mm, random_point, seen_against, visible
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, cloud, sigmoid


def patch(
    scene: Scene,
    rng: np.random.Generator,
    *,
    side: Side,
    zone: Zone,
    radius_mm: tuple[float, float],
    fill: float,
    grain: float,
) -> tuple[Float32, tuple[float, float]] | None:
    """Added cm of water of a patchy opacity, with its centre; None where the lung is too small.

    Args:
        scene: Where it will be laid.
        rng: Source of chance.
        side: One lung.
        zone: Third of it that holds the centre.
        radius_mm: Range of the main blob's radius.
        fill: Share of the air replaced by fluid at the centre.
        grain: 0 = even, 1 = broken into clumps.
    """
    lung = scene.lungs[side]
    centre = random_point(lung, zone, rng, clear=rng.random() < 0.8)
    if centre is None:
        return None
    shape = scene.shape
    radius = rng.uniform(*radius_mm)
    depth = np.zeros(shape, np.float32)
    for k in range(int(rng.integers(1, 5))):
        r = radius * (1.0 if k == 0 else rng.uniform(0.35, 0.7))
        x, y = np.array(centre) + (
            0 if k == 0 else rng.normal(0, 0.7 * radius, 2) * scene.px_per_mm
        )
        d = distance_mm(scene, x, y, flat=rng.uniform(0.6, 1.7), turn=rng.uniform(0, np.pi))
        ragged = d * (1 + 0.25 * cloud(rng, shape, cell=0.9 * radius * scene.px_per_mm))
        ball = np.sqrt(np.clip(1 - (ragged / (1.6 * r)) ** 2, 0, None)) * 2 * r / 10
        depth = np.maximum(depth, ball)
    clumps = sigmoid(3 * (cloud(rng, shape, cell=9 * scene.px_per_mm) + 0.4))
    added = np.minimum(depth, 0.8 * lung.thickness) * fill * (1 - grain + grain * clumps)
    added = blur(added.astype(np.float32), rng.uniform(0.8, 2.5) * scene.px_per_mm)
    return added * (lung.thickness > 0.3), centre


def lobar(
    scene: Scene, rng: np.random.Generator, *, lobe: str, fill: float, part: float
) -> Float32:
    """Added cm of water when a lobe fills: its own depth, `part` of it, sharp at the fissures."""
    depth = scene.lobe(lobe)
    field = cloud(rng, scene.shape, cell=45 * scene.px_per_mm)
    inside = depth > 0.5
    if not inside.any():
        return np.zeros(scene.shape, np.float32)
    limit = np.quantile(field[inside], 1 - part)
    filled = sigmoid((field - limit) * 5.0)
    clumps = 0.75 + 0.25 * sigmoid(3 * cloud(rng, scene.shape, cell=10 * scene.px_per_mm))
    return blur((depth * filled * clumps * fill).astype(np.float32), 0.8 * scene.px_per_mm)


def add_opacity(scene: Scene, added: Float32, *, share: float = 0.3) -> Mask | None:
    """Lay an opacity into the scene; return its mask, or None when it would not be seen."""
    mask = visible(added, share=share, least_cm=0.2) & seen_against(scene)
    if mask.sum() < 12:
        return None
    scene.extra += np.where(mask | (added > 0), added, 0)
    return mask
