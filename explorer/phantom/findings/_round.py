"""Round lesions: the chord through a lumpy ball, as nodules, masses and cavities share it."""

import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Mask, distance_mm
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, cloud


def ball(
    scene: Scene,
    rng: np.random.Generator,
    *,
    x: float,
    y: float,
    radius_mm: float,
    lumps: float,
    edge_mm: float,
    hollow: float = 0.0,
) -> tuple[Float32, Mask]:
    """Added cm of water and the mask of a ball of tissue.

    Args:
        scene: Where it will be laid.
        rng: Source of chance.
        x: Centre column in pixels.
        y: Centre row in pixels.
        radius_mm: Radius of the ball.
        lumps: Irregularity of the outline, 0 = smooth.
        edge_mm: Blur of the rim: spiculated or hazy rims are wider.
        hollow: Radius of an air-filled centre as a share of the radius.
    """
    px = scene.px_per_mm
    d = distance_mm(scene, x, y, flat=rng.uniform(0.75, 1.35), turn=rng.uniform(0, np.pi))
    cell = max(2.0, 0.8 * radius_mm * px)
    d = d * (1 + lumps * cloud(rng, scene.shape, cell=cell))
    chord = 2 * np.sqrt(np.clip(radius_mm**2 - d**2, 0, None)) / 10
    if hollow:
        inner = d * (1 + 0.15 * cloud(rng, scene.shape, cell=cell))
        chord -= 2 * np.sqrt(np.clip((hollow * radius_mm) ** 2 - inner**2, 0, None)) / 10
    added = blur(np.clip(chord, 0, None).astype(np.float32) * 0.85, edge_mm * px)
    mask = d <= radius_mm + 0.5 * edge_mm
    return added, mask
