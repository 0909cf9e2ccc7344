"""Where the mediastinum ends and the hila and the aorta lie in a scene."""

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32, Side
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, distance_to


def carina(scene: Scene) -> tuple[float, float]:
    """Lower end of the trachea as (x, y) in pixels."""
    x, y = scene.landmarks["trachea"][-1]
    return float(x), float(y)


def border(scene: Scene, side: Side) -> Float32:
    """Column of the mediastinal border of a lung in every row, (rows,); nan above and below it."""
    lung = scene.lungs[side]
    # The hilar vessels belong to the lung here: the border is the mediastinum's own.
    dense = scene.layers["mediastinum"] + scene.layers["vessels"] + scene.layers["T_heart"]
    beside = lung.aerated & (dense < 3.0)
    columns = np.full(scene.shape[0], np.nan, np.float32)
    for row in np.flatnonzero(beside.any(axis=1)):
        found = np.flatnonzero(beside[row])
        columns[row] = found[-1] if side == "right" else found[0]
    known = np.flatnonzero(np.isfinite(columns))
    if len(known) < 3:
        return columns
    smooth = cv2.GaussianBlur(columns[known][:, None], (1, 0), 0, sigmaY=4 * scene.px_per_mm)
    columns[known] = smooth[:, 0]
    return columns


def round_chord(scene: Scene, centres: NDArray[np.floating], radii_mm: list[float]) -> Float32:
    """Cm of tissue of several balls that have grown into one: the deepest of their chords."""
    rows, columns = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32) + 0.5
    deepest = np.zeros(scene.shape, np.float32)
    for (x, y), radius in zip(centres, radii_mm, strict=True):
        d = np.hypot(columns - x, rows - y) / scene.px_per_mm
        deepest = np.maximum(deepest, 2 * np.sqrt(np.clip(radius**2 - d**2, 0, None)) / 10)
    return deepest.astype(np.float32)


def vessel_chord(scene: Scene, curve: Float32, *, radius_mm: float) -> tuple[Float32, Float32]:
    """Cm of blood of a vessel along a curve (N, 2), and every pixel's distance to it in mm."""
    d = distance_to(curve, scene.shape) / np.float32(scene.px_per_mm)
    chord = 2 * np.sqrt(np.clip(radius_mm**2 - d**2, 0, None)) / 10
    return blur(chord.astype(np.float32), 0.8 * scene.px_per_mm), d


def knob_outline(scene: Scene) -> Float32:
    """Outer wall of the aortic arch, from its top over the left side downwards: (N, 2)."""
    top_x, top_y = (float(v) for v in scene.landmarks["arch"][0])
    px = scene.px_per_mm
    vessels = blur(scene.layers["vessels"], 0.6 * px)
    near = _near(scene, top_x, top_y + 12 * px, reach_px=32 * px)
    if not near.any():
        return np.zeros((0, 2), np.float32)
    filled = (near & (vessels > 0.4 * float(vessels[near].max()))).astype(np.uint8)
    contours, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 2), np.float32)
    outline = max(contours, key=len)[:, 0].astype(np.float32) + 0.5
    middle_x = float(outline[:, 0].mean())
    left = outline[(outline[:, 0] > middle_x) & (outline[:, 1] < top_y + 34 * px)]
    angle = np.arctan2(left[:, 0] - middle_x, (top_y + 12 * px) - left[:, 1])
    return left[np.argsort(angle)]


def _near(scene: Scene, x: float, y: float, *, reach_px: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[: scene.shape[0], : scene.shape[1]] + 0.5
    return np.asarray(np.hypot(columns - x, rows - y) < reach_px)
