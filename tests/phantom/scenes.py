"""A small scene to put findings into, and the tissue along its rays."""

import numpy as np

from explorer.phantom.poses import PoseBank
from explorer.phantom.scene import Scene, frame_scene


def make_scene(bank: PoseBank, seed: int, *, side: int) -> Scene:
    pose = bank.load(bank.indices(lateral=False)[seed % 5])
    return frame_scene(
        pose.layers,
        pose.landmarks,
        view=pose.view,
        pixel_mm=pose.pixel_mm,
        size=(side, side),
        rng=np.random.default_rng(seed),
    )


def path(scene: Scene) -> np.ndarray:
    """Plain sum of the tissues along each ray, cm of water; `T_` layers have no weight."""
    tissues = [v for k, v in scene.layers.items() if not k.startswith("T_")]
    return np.asarray(np.sum(tissues, axis=0) + scene.extra)
