"""Put a finding into a scene so that nothing changes but its mask and a fading halo around it."""

from typing import Protocol

import cv2
import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Card, Inserted, Mask
from explorer.phantom.scene import Scene

HALO_MM = {"finding": 12.0, "device": 3.0}
"""How far from the mask a change fades to nothing, where a card does not say.

An opacity has no border: its mask ends where it stops being visible, what is fainter fades within
12 mm. A device has one: its mask is already wider than its shadow, 3 mm are the blur and the width
of a pixel.
"""


class FindingModule(Protocol):
    """A file of the folder."""

    CARD: Card

    def insert(self, scene: Scene, rng: np.random.Generator, /) -> Inserted | None:
        """Change the scene; None when the finding found no room."""
        ...


def halo_mm(card: Card) -> float:
    """Width in mm of the rim around a finding's mask in which its change may fade."""
    return HALO_MM[card.kind] if card.halo_mm is None else card.halo_mm


def place(module: FindingModule, scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Insert a finding and keep its change to its mask and halo; undo it when it found no room.

    Args:
        module: A file of the folder.
        scene: Changed in place.
        rng: Source of chance.

    Returns:
        What was put in, or None: the scene is then as it was.
    """
    layers = {name: layer.copy() for name, layer in scene.layers.items()}
    extra = scene.extra.copy()
    lungs, landmarks = scene.lungs, dict(scene.landmarks)
    inserted = module.insert(scene, rng)
    if inserted is None or not inserted.mask.any():
        scene.layers.update(layers)
        scene.extra = extra
        scene.lungs, scene.landmarks = lungs, landmarks
        return None
    changed = inserted.mask if inserted.beyond is None else inserted.mask | inserted.beyond
    share = fade(changed, width_px=halo_mm(module.CARD) * scene.px_per_mm)
    for name, before in layers.items():
        after = scene.layers[name]
        if not np.array_equal(after, before):
            scene.layers[name] = _mix(before, after, share)
    scene.extra = _mix(extra, scene.extra, share)
    return inserted


def fade(mask: Mask, *, width_px: float) -> Float32:
    """1 inside a mask, falling smoothly to 0 at `width_px` (at least 2) from it: (S, S) float32."""
    outside = (~mask).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
    left = np.clip(1 - distance / max(2.0, width_px), 0, 1)
    return (left * left * (3 - 2 * left)).astype(np.float32)


def _mix(before: Float32, after: Float32, share: Float32) -> Float32:
    """`after` where share is 1, exactly `before` where it is 0."""
    mixed = before + (after - before) * share
    return np.where(share >= 1, after, mixed).astype(np.float32)
