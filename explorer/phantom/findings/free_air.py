"""Free air: a dark crescent under the diaphragm, which shows as a thin line above it."""

import numpy as np

from explorer.entities import Float32, Side
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    Mask,
    pick_side,
    severity_of,
    sides_of,
    without_crumbs,
)
from explorer.phantom.findings._warp import dome_rows
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="free intraperitoneal air",
    kind="finding",
    frequency=(0.3, 0.25),
    nouns=(
        "free intraperitoneal air",
        "pneumoperitoneum",
        "free air",
        "subdiaphragmatic free air",
        "free subdiaphragmatic air",
    ),
    place="none",  # "right free air" is not said; the templates name the dome.
    adjectives={
        "mild": ("small", "trace"),
        "moderate": ("moderate",),
        "severe": ("large",),
    },
    templates=(
        "free air under the {side} hemidiaphragm",
        "free air beneath the {side} hemidiaphragm",
        "crescent of free air under the {side} hemidiaphragm",
        "lucency under the {side} hemidiaphragm consistent with free air",
        "free intraperitoneal air below the {side} hemidiaphragm",
    ),
    absent=(
        "No free air.",
        "No free air under the diaphragm.",
        "No free intraperitoneal air.",
        "There is no pneumoperitoneum.",
        "No evidence of free subdiaphragmatic air.",
    ),
    labels=("Free air", "Pneumoperitoneum"),
    halo_mm=5.0,
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Put a crescent of air between the dome and what lies under it, mostly on the right."""
    side: Side = "bilateral" if rng.random() < 0.2 else pick_side(rng, right=0.75)
    thick_mm = float(2.5 + 15 * rng.beta(1.2, 2.4))
    mask: Mask = np.zeros(scene.shape, bool)
    for one in sides_of(side):
        mask |= _crescent(scene, rng, side=one, thick_mm=thick_mm * float(rng.uniform(0.8, 1.2)))
    mask = without_crumbs(mask)
    if mask.sum() < 12:
        return None
    return Inserted(mask=mask, side=side, zone="lower", severity=severity_of(thick_mm, 6, 11))


def _crescent(scene: Scene, rng: np.random.Generator, *, side: Side, thick_mm: float) -> Mask:
    found = dome_rows(scene.lungs[side], px_per_mm=scene.px_per_mm)
    if found is None:
        return np.zeros(scene.shape, bool)
    px = scene.px_per_mm
    dome, place = found
    # The air floats to the highest part of the dome and runs out on both sides of it.
    inner = np.flatnonzero((place > 0.15) & (place < 0.85))
    top = float(place[inner[np.argmin(dome[inner])]])
    half = rng.uniform(0.25, 0.5) + 0.012 * thick_mm
    profile = np.clip(1 - ((place - top) / half) ** 2, 0, 1)
    profile = profile * np.clip((place + 0.02) / 0.1, 0, 1) * np.clip((1.02 - place) / 0.1, 0, 1)
    thick = thick_mm * px * profile
    line_px = max(1.2, rng.uniform(1.3, 2.6) * px)
    edge = _edge(scene, dome)
    rows = np.arange(scene.shape[0], dtype=np.float32)[:, None] + 0.5
    depth = rows - edge[None] - line_px
    air = np.clip(depth + 0.5, 0, 1) * np.clip(thick[None] - depth + 0.5, 0, 1)
    air = blur((air * (thick > 0.8)[None]).astype(np.float32), 0.35 * px)
    emptied = rng.uniform(0.75, 0.95)
    for name in ("abdomen", "T_abdomen"):
        scene.layers[name] = scene.layers[name] * (1 - emptied * air)
    # The diaphragm itself, seen between lung and air, and the fat that the air has pushed away.
    band = np.clip(1 - np.abs(rows - edge[None] - 0.5 * line_px) / (0.5 * line_px), 0, 1)
    band = blur((band * profile[None] ** 0.5).astype(np.float32), 0.4 * px)
    scene.extra += band * np.float32(rng.uniform(0.5, 1.2))
    for name in ("wall", "mediastinum"):
        above = np.minimum(scene.layers[name], _sampled(scene.layers[name], edge - 4 * px))
        mixed = scene.layers[name] * (1 - air) + above * air
        scene.layers[name] = mixed.astype(np.float32)
    return np.asarray(air > 0.4, bool)


def _edge(scene: Scene, dome: Float32) -> Float32:
    """Rows where the shadow of the dome begins: the steepest rise of the abdomen near the dome."""
    px = scene.px_per_mm
    soft = blur(scene.layers["T_abdomen"], 0.8 * px)
    reach = np.arange(-round(14 * px), round(4 * px) + 1)
    rows = np.clip(dome[None] + reach[:, None], 1, scene.shape[0] - 1).astype(int)
    columns = np.arange(scene.shape[1])[None]
    rise = soft[rows, columns] - soft[rows - 1, columns]
    weights = np.clip(rise, 0, None) ** 2 + 1e-6
    edge = (weights * rows).sum(axis=0) / weights.sum(axis=0)
    return blur(np.repeat(edge[None].astype(np.float32), 5, axis=0), 3 * px)[2]


def _sampled(layer: Float32, rows: Float32) -> Float32:
    """(1, W) values of a layer at one row in each column."""
    at = np.clip(rows, 0, layer.shape[0] - 1).astype(int)
    return layer[at, np.arange(layer.shape[1])][None]
