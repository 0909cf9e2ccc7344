"""Scoliosis: the spine bows to one side, or to both as an S, and the chest leans with it."""

import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Card, Inserted, severity_of, without_crumbs
from explorer.phantom.findings._warp import bend, carry_landmarks, measure_again
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="scoliosis",
    kind="finding",
    frequency=(0.7, 0.4),
    nouns=(
        "scoliosis",
        "thoracic scoliosis",
        "scoliosis of the thoracic spine",
        "curvature of the spine",
        "scoliotic curvature of the spine",
    ),
    place="none",
    adjectives={
        "mild": ("mild", "slight"),
        "moderate": ("moderate",),
        "severe": ("severe", "marked"),
    },
    templates=(
        "thoracolumbar scoliosis",
        "The thoracic spine is scoliotic.",
        "scoliotic deformity of the thoracic spine",
    ),
    absent=(
        "No scoliosis.",
        "There is no significant scoliosis.",
        "No abnormal curvature of the spine.",
        "There is no scoliosis of the thoracic spine.",
    ),
    labels=("Scoliosis",),
)

_MARKS = ("trachea", "esophagus", "svc", "ivc", "arch", "heart", "vein_left", "vein_right")


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Bow the spine by 10 to 38 mm; what is fixed to it follows, less so further away."""
    spine, px = scene.layers["spine"], scene.px_per_mm
    rows_of = np.flatnonzero(spine.max(axis=1) > 0.5)
    if len(rows_of) < 60 * px:
        return None
    height, width = scene.shape
    rows = np.arange(height, dtype=np.float32)
    centre = float(np.median((spine * np.arange(width)).sum(1)[rows_of] / spine.sum(1)[rows_of]))
    bow_mm = float(10 + 28 * rng.beta(1.3, 1.8))
    sign = 1.0 if rng.random() < 0.3 else -1.0  # Most thoracic curves are convex to the right.
    shaped = rng.random() < 0.3
    curve = _curve(rows / np.float32(height), rng, shaped=shaped) * np.float32(sign * bow_mm * px)
    away = np.abs(np.arange(width, dtype=np.float32) + 0.5 - centre) / px
    before = spine.copy()
    # A rigid core, then a fall to nothing at the chest wall.
    core = np.clip((125 - away) / 85, 0, 1)
    core = core * core * (3 - 2 * core)
    follow = np.float32(rng.uniform(0.45, 0.7)) * core
    dx_spine = (-curve[:, None] * np.clip((95 - away) / 45, 0, 1)[None]).astype(np.float32)
    dx_rest = (-curve[:, None] * follow[None]).astype(np.float32)
    moved = np.zeros(scene.shape, np.float32)
    for name, layer in scene.layers.items():
        if name in {"shoulder", "arms", "wall"}:
            continue
        scene.layers[name] = bend(layer, dx=dx_spine if name == "spine" else dx_rest)
        moved += np.abs(scene.layers[name] - layer)
    carry_landmarks(scene, _MARKS, dx=dx_rest)
    measure_again(scene)
    mask = _curved(scene, np.maximum(before, scene.layers["spine"]), curve=curve)
    if mask.sum() < 50:
        return None
    return Inserted(
        mask=mask,
        side=None,
        zone=None,
        severity=severity_of(bow_mm, 17, 26),
        templates=_words(sign, shaped=shaped),
        beyond=moved > 1e-4,
    )


def _curve(height: Float32, rng: np.random.Generator, *, shaped: bool) -> Float32:
    """Sideways place of the spine, in [-1, 1], for heights 0 (top) to 1 of the picture."""
    apex, length = rng.uniform(0.4, 0.6), rng.uniform(0.3, 0.42)
    bow = np.cos(np.clip((height - apex) / length, -1, 1) * np.pi / 2) ** 2
    if shaped:
        low = apex + rng.uniform(0.95, 1.2) * length
        bow = (
            bow
            - rng.uniform(0.5, 0.9)
            * np.cos(np.clip((height - low) / (0.8 * length), -1, 1) * np.pi / 2) ** 2
        )
    return np.asarray(bow, np.float32)


def _curved(scene: Scene, spine: Float32, *, curve: Float32) -> np.ndarray:
    """The spine's new outline in the rows that moved by more than a quarter of the most."""
    outline = blur(scene.layers["spine"], 1.5 * scene.px_per_mm) > 0.35 * np.percentile(
        spine[spine > 0.5], 60
    )
    rows = np.abs(curve) > 0.25 * np.abs(curve).max()
    return without_crumbs(outline & rows[:, None])


def _words(sign: float, *, shaped: bool) -> tuple[str, ...]:
    if shaped:
        return ("S-shaped scoliosis of the thoracolumbar spine", "S-shaped thoracic scoliosis")
    way = "dextroscoliosis" if sign < 0 else "levoscoliosis"
    return (f"thoracic {way}", f"{way} of the thoracic spine", way)
