"""Opacities inside the lung: clouds of blobs that never exceed the lung's own depth."""

import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Mask, distance_mm, seen_against, visible
from explorer.phantom.places import Place
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, cloud, sigmoid


def patch(
    scene: Scene,
    rng: np.random.Generator,
    *,
    place: Place,
    radius_mm: float,
    fill: float,
    grain: float,
) -> Float32:
    """Added cm of water of a patchy opacity.

    Args:
        scene: Where it will be laid.
        rng: Source of chance.
        place: Centre of the main blob; the opacity keeps to the lung that holds it.
        radius_mm: Radius of the main blob.
        fill: Share of the air replaced by fluid at the centre.
        grain: 0 = even, 1 = broken into clumps.
    """
    lung, shape, radius = scene.lungs[place.side], scene.shape, radius_mm
    depth = np.zeros(shape, np.float32)
    for k in range(int(rng.integers(1, 5))):
        r = radius * (1.0 if k == 0 else rng.uniform(0.35, 0.7))
        x, y = np.array((place.x, place.y)) + (
            0 if k == 0 else rng.normal(0, 0.7 * radius, 2) * scene.px_per_mm
        )
        d = distance_mm(scene, x, y, flat=rng.uniform(0.6, 1.7), turn=rng.uniform(0, np.pi))
        ragged = d * (1 + 0.25 * cloud(rng, shape, cell=0.9 * radius * scene.px_per_mm))
        ball = np.sqrt(np.clip(1 - (ragged / (1.6 * r)) ** 2, 0, None)) * 2 * r / 10
        depth = np.maximum(depth, ball)
    clumps = sigmoid(3 * (cloud(rng, shape, cell=9 * scene.px_per_mm) + 0.4))
    added = np.minimum(depth, 0.8 * lung.thickness) * fill * (1 - grain + grain * clumps)
    added = blur(added.astype(np.float32), rng.uniform(0.8, 2.5) * scene.px_per_mm)
    return np.asarray(added * (lung.thickness > 0.3), np.float32)


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
