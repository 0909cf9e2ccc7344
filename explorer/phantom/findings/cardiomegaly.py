"""Cardiomegaly: the heart's own shadow, widened mostly to the left and below."""

import cv2
import numpy as np

from explorer.phantom.findings._base import Card, Inserted, severity_of
from explorer.phantom.scene import LOBES_OF, SIDES, Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="cardiomegaly",
    kind="finding",
    frequency=(1.2, 1.6),
    nouns=(
        "cardiomegaly",
        "enlarged heart",
        "enlarged cardiac silhouette",
        "cardiac enlargement",
        "enlargement of the cardiac silhouette",
        "enlarged cardiomediastinal silhouette",
    ),
    place="none",
    adjectives={
        "mild": ("mild", "slight"),
        "moderate": ("moderate",),
        "severe": ("severe", "marked", "massive"),
    },
    templates=(
        "The heart is enlarged.",
        "The cardiac silhouette is enlarged.",
        "Heart size is enlarged.",
        "The heart appears enlarged.",
    ),
    absent=(
        "The heart is normal in size.",
        "Heart size is normal.",
        "The cardiac silhouette is within normal limits.",
        "Normal heart size.",
        "No cardiomegaly.",
        "Cardiomediastinal silhouette is normal.",
    ),
    labels=("Cardiomegaly", "Enlarged Cardiomediastinum"),
)


def resize_heart(scene: Scene, rng: np.random.Generator, *, wider: float) -> np.ndarray:
    """Scale the heart by `wider` about a point right of its middle; returns its new thickness."""
    thickness = scene.layers["T_heart"]
    ys, xs = np.nonzero(thickness > 0.5)
    if len(ys) == 0:
        return thickness
    wide, tall = float(np.ptp(xs)), float(np.ptp(ys))
    taller = 1 + (wider - 1) * rng.uniform(0.35, 0.7)
    hold_x = xs.min() + wide * rng.uniform(0.25, 0.42)
    hold_y = ys.max() - tall * rng.uniform(0.15, 0.4)
    matrix = np.array(
        [[wider, 0, hold_x * (1 - wider)], [0, taller, hold_y * (1 - taller)]], np.float32
    )
    size = scene.shape[::-1]
    grown = cv2.warpAffine(thickness, matrix, size) * np.float32((wider + 1) / 2)
    scene.layers["heart"] = cv2.warpAffine(scene.layers["heart"], matrix, size) * np.float32(
        (wider + 1) / 2
    )
    scene.layers["T_heart"] = grown
    # The grown heart takes the place of lung.
    lungs = sum(scene.lungs[side].thickness for side in SIDES)
    gain = np.clip(grown - thickness, 0, None)
    keep = 1 - np.clip(gain / np.maximum(lungs, 0.5), 0, 0.85)
    for side in SIDES:
        for name in LOBES_OF[side]:
            scene.layers[name] = scene.layers[name] * keep
            scene.layers[f"T_{name}"] = scene.layers[f"T_{name}"] * keep
    return grown


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Widen the heart by 25 to 75 percent."""
    wider = float(rng.uniform(1.25, 1.75))
    grown = resize_heart(scene, rng, wider=wider)
    outline = (blur(grown, 1.0 * scene.px_per_mm) > 0.8).astype(np.uint8)
    # The stems of the great vessels belong to the CT's heart, not to its outline on a film.
    px = scene.px_per_mm
    opened = cv2.morphologyEx(outline, cv2.MORPH_OPEN, _disc(14 * px))
    mask = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _disc(30 * px)) > 0
    if mask.sum() < 50:
        return None
    return Inserted(mask=mask, side=None, zone=None, severity=severity_of(wider, 1.38, 1.58))


def _disc(radius_px: float) -> cv2.typing.MatLike:
    side = 2 * round(radius_px) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
