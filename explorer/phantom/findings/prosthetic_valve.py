"""Prosthetic heart valve: a metal ring over the heart, seen tilted; some are stents."""

from typing import Literal

import cv2
import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Card, Inserted
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, draw_curve

Kind = Literal["mechanical", "tissue", "stent"]

CARD = Card(
    name="prosthetic valve",
    kind="device",
    frequency=(0.22, 0.25),
    nouns=(
        "prosthetic valve",
        "prosthetic heart valve",
        "prosthetic cardiac valve",
        "valve prosthesis",
        "cardiac valve prosthesis",
        "valve replacement",
    ),
    place="none",
    countable=True,
    templates=("status post valve replacement", "postsurgical changes of valve replacement"),
    absent=("No prosthetic valve.", "No prosthetic heart valve is seen."),
    labels=("Support Devices",),
    halo_mm=3.0,
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Aortic (six in ten) or mitral; a ring with leaflets, a ring with posts, or a stent."""
    rows, columns = np.nonzero(scene.layers["T_heart"] > 0.8)
    if len(rows) == 0:
        return None
    aortic = bool(rng.random() < 0.6)
    left, wide = float(np.percentile(columns, 2)), float(np.ptp(columns))
    top, tall = float(np.percentile(rows, 2)), float(np.ptp(rows))
    across = rng.uniform(0.3, 0.42) if aortic else rng.uniform(0.46, 0.6)
    down = rng.uniform(0.42, 0.52) if aortic else rng.uniform(0.55, 0.68)
    centre = np.array([left + across * wide, top + down * tall])
    kind: Kind = "mechanical"
    if (draw := rng.random()) > 0.4:
        kind = "tissue" if draw < 0.75 or not aortic else "stent"
    # The aortic ring looks up and to the patient's right, the mitral one to the left and down.
    turn = rng.normal(-0.5, 0.25) if aortic else rng.normal(0.9, 0.3)
    radius = float(rng.uniform(10, 15) if aortic else rng.uniform(12, 16))
    added, mask = _draw(scene, rng, kind=kind, centre=centre, turn=turn, radius=radius)
    if mask.sum() < 10:
        return None
    scene.extra += added
    name = "aortic" if aortic else "mitral"
    said = {"mechanical": "mechanical", "tissue": "bioprosthetic", "stent": "transcatheter"}[kind]
    templates = (
        f"prosthetic {name} valve",
        f"{name} valve replacement",
        f"{name} valve prosthesis",
        f"{said} {name} valve replacement",
        f"status post {name} valve replacement",
    )
    return Inserted(
        mask=mask, side=None, zone=None, severity="moderate", templates=templates,
        size_mm=2 * radius,
    )  # fmt: skip


def _draw(
    scene: Scene,
    rng: np.random.Generator,
    *,
    kind: Kind,
    centre: np.ndarray,
    turn: float,
    radius: float,
) -> tuple[Float32, np.ndarray]:
    """Cm of water of the metal and its mask: the ring's outline filled, 1.5 mm wider."""
    px = scene.px_per_mm
    tilt = rng.uniform(0.2, 0.7)
    dense = rng.uniform(2.5, 6.0)
    strokes = [(curve, rng.uniform(1.6, 2.6)) for curve in _rings(rng, kind=kind, tilt=tilt)]
    strokes += [(curve, rng.uniform(0.9, 1.5)) for curve in _struts(rng, kind=kind, tilt=tilt)]
    added = np.zeros(scene.shape, np.float32)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    hull = []
    for curve, width in strokes:
        placed = (centre + curve @ spin * radius * px).astype(np.float32)
        stroke = draw_curve(scene.shape, placed, width=width * px)
        added = np.maximum(added, stroke * rng.uniform(0.75, 1.0))
        hull.append(placed)
    added = blur(added, 0.3 * px) * np.float32(dense)
    return added, _hull(scene, np.concatenate(hull), margin_px=max(1.0, 2.0 * px))


def _rings(rng: np.random.Generator, *, kind: Kind, tilt: float) -> list[np.ndarray]:
    t = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([np.cos(t), tilt * np.sin(t)], axis=1)
    if kind != "stent":
        return [ring]
    long = rng.uniform(0.55, 0.9)
    return [ring * [1, 0.6] + [0, offset] for offset in (-long, long)]


def _struts(rng: np.random.Generator, *, kind: Kind, tilt: float) -> list[np.ndarray]:
    """Leaflets edge-on, three posts, or the lattice of a stent, for a ring of radius 1."""
    if kind == "mechanical":
        gape = rng.uniform(0.15, 0.5)
        return [
            np.array([[side * 0.12, -tilt * 0.5], [side * (0.12 + gape), tilt * 0.9]])
            for side in (-1, 1)
        ]
    if kind == "tissue":
        return [
            np.array([[np.cos(a), tilt * np.sin(a)], [0.92 * np.cos(a), tilt * np.sin(a) - 0.85]])
            for a in rng.uniform(0, 2) + np.array([0, 2.1, 4.2])
        ]
    x = np.linspace(-1, 1, 9)
    up = 0.7 * (-1.0) ** np.arange(9)
    return [np.stack([x, up], axis=1), np.stack([x, -up], axis=1)]


def _hull(scene: Scene, points: np.ndarray, *, margin_px: float) -> np.ndarray:
    canvas = np.zeros(scene.shape, np.uint8)
    cv2.fillConvexPoly(canvas, cv2.convexHull(np.round(points).astype(np.int32)), 1)
    distance = cv2.distanceTransform(1 - canvas, cv2.DIST_L2, 5)
    return np.asarray(distance <= margin_px)
