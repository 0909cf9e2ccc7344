"""Aortic calcification: a thin bright line in the wall of the aortic knob, often broken."""

import numpy as np

from explorer.phantom.findings._base import Card, Inserted, Severity, severity_of
from explorer.phantom.findings._mediastinum import knob_outline
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, distance_to, draw_curve, smooth_curve

CARD = Card(
    name="aortic calcification",
    kind="finding",
    frequency=(0.75, 0.6),
    nouns=(
        "aortic calcification",
        "calcification of the aorta",
        "calcified aorta",
        "aortic knob calcification",
        "atherosclerotic calcification of the aorta",
        "aortic atherosclerosis",
        "atherosclerotic aorta",
    ),
    place="none",
    templates=(
        "The aortic knob is calcified.",
        "calcification of the aortic arch",
        "atherosclerotic calcifications of the aortic knob",
        "curvilinear calcification at the aortic knob",
        "atherosclerotic disease of the thoracic aorta",
    ),
    absent=(
        "No aortic calcification.",
        "There is no atherosclerotic calcification of the aorta.",
    ),
    labels=("Calcification", "Atherosclerosis", "Calcification of the Aorta"),
    halo_mm=3.0,
)

_DEGREES: dict[Severity, tuple[str, ...]] = {
    "mild": ("mild", "faint", "minimal"),
    "moderate": ("moderate",),
    "severe": ("dense", "extensive", "heavy"),
}


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """One to three pieces along the outer wall of the arch, 10 to 45 mm together."""
    outline = knob_outline(scene)
    if len(outline) < 8:
        return None
    px = scene.px_per_mm
    wall = _smoothed(outline, inwards_px=rng.uniform(0.6, 2.4) * px, rng=rng, px=px)
    step = np.hypot(*np.diff(wall, axis=0).T)
    place = np.concatenate([[0.0], np.cumsum(step)]) / px
    wanted = float(min(rng.uniform(10, 45), 0.9 * place[-1]))
    start = float(rng.uniform(0.05 * place[-1], max(0.06 * place[-1], place[-1] - wanted)))
    pieces = int(rng.integers(1, 4)) if wanted > 14 else 1
    cuts = np.sort(rng.uniform(start, start + wanted, 2 * (pieces - 1)))
    ends = np.concatenate([[start], cuts, [start + wanted]]).reshape(-1, 2)
    mask = np.zeros(scene.shape, bool)
    added = np.zeros(scene.shape, np.float32)
    dense = float(rng.uniform(1.5, 4.5))
    for low, high in ends:
        chosen = wall[(place >= low) & (place <= high)]
        if len(chosen) < 3:
            continue
        piece = smooth_curve(chosen[:: max(1, len(chosen) // 10)], samples=40)
        stroke = draw_curve(scene.shape, piece, width=rng.uniform(0.8, 2.2) * px)
        added = np.maximum(added, stroke * rng.uniform(0.6, 1.0))
        mask |= distance_to(piece, scene.shape) <= max(1.5, 3.0 * px)
    if mask.sum() < 8:
        return None
    scene.extra += blur(added, rng.uniform(0.25, 0.5) * px) * np.float32(dense)
    severity = severity_of(wanted * dense, 50, 110)
    templates = tuple(f"{word} calcification of the aortic knob" for word in _DEGREES[severity])
    return Inserted(mask=mask, side=None, zone=None, severity=severity, templates=templates)


def _smoothed(
    outline: np.ndarray, *, inwards_px: float, rng: np.random.Generator, px: float
) -> np.ndarray:
    """The wall as an even curve, a little inside the outline and a little uneven."""
    knots = outline[:: max(1, len(outline) // 7)]
    curve = smooth_curve(knots, samples=120)
    towards = outline.mean(axis=0) - curve
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-3)
    shaken = curve + towards * inwards_px
    return np.asarray(shaken + rng.normal(0, 0.12, shaken.shape) * px, np.float32)
