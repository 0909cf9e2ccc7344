"""Cardiomegaly: the heart's own shadow, widened mostly to the left and below."""

import cv2
import numpy as np

from explorer.phantom.findings._base import Card, Inserted, Mask, severity_of, without_crumbs
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
        "prominent cardiac silhouette",
        "prominent heart",
        "enlarged cardiac contour",
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
        "The heart is again enlarged.",
        "Cardiac silhouette appears enlarged.",
        "The heart size is increased.",
        "The heart remains enlarged.",
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


_WALL_MM = 7.0  # Between the lungs' outer border and a heart that reaches it.
_FEET_MM = 20.0  # Opening that takes the stems of the great vessels off the heart.


def resize_heart(scene: Scene, rng: np.random.Generator, *, wider: float) -> np.ndarray:
    """Scale the heart by `wider` about a point right of its middle; returns its new thickness.

    A heart that would leave the rib cage is moved back into it, and narrowed where it is wider.
    """
    thickness = scene.layers["T_heart"]
    ys, xs = np.nonzero(thickness > 0.5)
    if len(ys) == 0:
        return thickness
    tall = float(np.ptp(ys))
    low, high = _cage(scene, rows=(int(ys.min() + 0.4 * tall), int(ys.max())))
    wider = min(wider, max(1.0, (high - low) / max(1.0, float(np.ptp(xs)))))
    taller = 1 + (wider - 1) * rng.uniform(0.35, 0.7)
    hold_x = xs.min() + float(np.ptp(xs)) * rng.uniform(0.25, 0.42)
    hold_y = ys.max() - tall * rng.uniform(0.15, 0.4)
    shift = hold_x * (1 - wider)
    if wider > 1:
        shift = min(shift, high - wider * xs.max())
        shift = max(shift, low - wider * xs.min())
    matrix = np.array([[wider, 0, shift], [0, taller, hold_y * (1 - taller)]], np.float32)
    size = scene.shape[::-1]
    deeper = np.float32((wider + 1) / 2)
    grown = np.asarray(cv2.warpAffine(thickness, matrix, size) * deeper, np.float32)
    scene.layers["heart"] = np.asarray(
        cv2.warpAffine(scene.layers["heart"], matrix, size) * deeper, np.float32
    )
    scene.layers["T_heart"] = grown
    # The grown heart takes the place of lung.
    lungs = sum((scene.lungs[side].thickness for side in SIDES), np.zeros(scene.shape, np.float32))
    gain = np.clip(grown - thickness, 0, None)
    keep = (1 - np.clip(gain / np.maximum(lungs, 0.5), 0, 0.85)).astype(np.float32)
    for side in SIDES:
        for name in LOBES_OF[side]:
            scene.layers[name] = scene.layers[name] * keep
            scene.layers[f"T_{name}"] = scene.layers[f"T_{name}"] * keep
    return grown


def _cage(scene: Scene, *, rows: tuple[int, int]) -> tuple[float, float]:
    """First and last column that a heart may reach between two rows: the lungs' outer borders."""
    lungs = (scene.lungs["right"].full | scene.lungs["left"].full)[rows[0] : rows[1] + 1]
    seen = lungs[lungs.any(axis=1)]
    if len(seen) == 0:
        return 0.0, float(scene.shape[1])
    first = np.percentile(seen.argmax(axis=1), 80)
    last = np.percentile(seen.shape[1] - seen[:, ::-1].argmax(axis=1), 20)
    wall = _WALL_MM * scene.px_per_mm
    return float(first + wall), float(last - wall)


def heart_share(scene: Scene, heart: Mask) -> float:
    """Cardiothoracic ratio: width of the heart over the widest row of aerated lung."""
    lungs = scene.lungs["right"].aerated | scene.lungs["left"].aerated
    wide = [int(np.ptp(np.flatnonzero(row))) + 1 for row in lungs if row.any()]
    columns = np.flatnonzero(heart.any(axis=0))
    return float((np.ptp(columns) + 1) / max(wide)) if wide and len(columns) else 0.0


def silhouette(scene: Scene, thickness: np.ndarray) -> Mask:
    """The heart's outline on a film: below the carina, without the stems of the great vessels."""
    px = scene.px_per_mm
    outline = (blur(thickness.astype(np.float32), 1.0 * px) > 0.8).astype(np.uint8)
    opened = cv2.morphologyEx(outline, cv2.MORPH_OPEN, _disc(_FEET_MM * px))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _disc(30 * px))
    # What is higher than the carina is the pulmonary trunk, not the heart that is measured.
    closed[: max(0, int(scene.landmarks["trachea"][-1][1]))] = 0
    return without_crumbs(closed > 0)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Widen the heart to a cardiothoracic ratio above a half, as far as the chest has room."""
    before = heart_share(scene, silhouette(scene, scene.layers["T_heart"]))
    if before == 0:
        return None
    wider = float(np.clip(rng.uniform(0.48, 0.68) / before, 1.1, 1.8))
    mask = silhouette(scene, resize_heart(scene, rng, wider=wider))
    ratio = heart_share(scene, mask)
    if mask.sum() < 50 or ratio < 0.52:
        return None
    return Inserted(mask=mask, side=None, zone=None, severity=severity_of(ratio, 0.59, 0.67))


def _disc(radius_px: float) -> cv2.typing.MatLike:
    side = 2 * round(radius_px) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
