"""Widened mediastinum: the band between the lungs above the heart grows to one or both sides."""

import cv2
import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Card, Inserted, Severity, severity_of, without_crumbs
from explorer.phantom.findings._mediastinum import border, carina
from explorer.phantom.findings._tube import lung_top
from explorer.phantom.scene import SIDES, Scene
from explorer.phantom.textures import blur, cloud, sigmoid, smooth_noise

CARD = Card(
    name="widened mediastinum",
    kind="finding",
    frequency=(0.4, 0.55),
    nouns=(
        "widened mediastinum",
        "mediastinal widening",
        "widening of the mediastinum",
        "mediastinal enlargement",
        "mediastinal prominence",
        "mediastinal fullness",
    ),
    place="none",
    templates=(
        "The mediastinum is widened.",
        "widening of the superior mediastinum",
        "mediastinal widening concerning for aortic injury or mass",
        "widened mediastinum, possibly from mediastinal hematoma",
    ),
    absent=(
        "The mediastinum is not widened.",
        "No mediastinal widening.",
        "There is no widening of the mediastinum.",
        "No mediastinal enlargement.",
    ),
    labels=("Enlarged Cardiomediastinum", "Mediastinal widening"),
)

_DEGREES: dict[Severity, tuple[str, ...]] = {
    "mild": ("mild", "slight"),
    "moderate": ("moderate",),
    "severe": ("marked", "severe"),
}


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Move one or both borders outwards by 8 to 32 mm between the inlet and the hila."""
    px = scene.px_per_mm
    _, bottom = carina(scene)
    first = lung_top(scene) + rng.uniform(8, 22) * px
    last = bottom + rng.uniform(12, 36) * px
    widest = float(rng.uniform(8, 32))
    one_sided = rng.random() < 0.35
    lesser = 0.25 if one_sided else rng.uniform(0.55, 1)
    shares = dict(zip(SIDES, rng.permutation([1.0, lesser]), strict=True))
    rows = np.arange(scene.shape[0], dtype=np.float32)
    place = np.clip((rows - first) / max(1.0, last - first), 0, 1)
    bulge = np.sin(np.pi * place ** rng.uniform(0.7, 1.3)) ** rng.uniform(0.6, 1.1)
    inside = np.ones(scene.shape, np.float32)
    columns = np.arange(scene.shape[1], dtype=np.float32)[None]
    for side in SIDES:
        edge = _filled(border(scene, side), even_px=9 * px)
        if edge is None:
            return None
        lumps = 1 + 0.1 * smooth_noise(rng, (scene.shape[0], 4), cell=32 * px)[:, 1]
        step = widest * float(shares[side]) * bulge * lumps * px
        outwards = -1 if side == "right" else 1
        inner = ((edge + outwards * step)[:, None] - columns) * outwards / px
        inside *= sigmoid(inner * rng.uniform(0.8, 1.8))
    ends = sigmoid((rows - first) / px / 4 - 1) * sigmoid((last - rows) / px / 7 - 2)
    tissue = inside * ends[:, None]
    added = _tissue(scene, tissue, rng)
    mask = without_crumbs((tissue > 0.35) & (added > 0.2))
    if mask.sum() < 60:
        return None
    scene.extra += added
    severity = severity_of(widest, 15, 24)
    templates = tuple(f"{word} widening of the mediastinum" for word in _DEGREES[severity])
    return Inserted(mask=mask, side=None, zone=None, severity=severity, templates=templates)


def _tissue(scene: Scene, share: Float32, rng: np.random.Generator) -> Float32:
    """Cm of soft tissue: it takes the lung's place outside, and thickens what is there inside."""
    lungs = sum((scene.lungs[side].thickness for side in SIDES), np.zeros(scene.shape, np.float32))
    uneven = np.clip(1 + 0.12 * cloud(rng, scene.shape, cell=18 * scene.px_per_mm), 0.6, 1.4)
    depth = np.minimum(rng.uniform(2.2, 4.5), 0.4 * lungs) + rng.uniform(0.5, 1.0)
    return blur((share * depth * uneven).astype(np.float32), 0.8 * scene.px_per_mm)


def _filled(edge: Float32, *, even_px: float) -> Float32 | None:
    """An evened border, its ends carried on above and below; None where there is no border."""
    known = np.flatnonzero(np.isfinite(edge))
    if len(known) < 10:
        return None
    carried = np.interp(np.arange(len(edge)), known, edge[known]).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(carried[:, None], (1, 0), 0, sigmaY=even_px)[:, 0])
