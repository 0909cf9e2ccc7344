"""Clavicle fracture: the shaft is broken, its outer part usually sinks."""

import numpy as np

from explorer.entities import Side
from explorer.phantom.findings._base import Card, Inserted, pick_side
from explorer.phantom.findings._bones import BonePoint, Break, break_bone, settle
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="clavicle fracture",
    kind="finding",
    frequency=(0.25, 0.2),
    nouns=("clavicle fracture", "clavicular fracture", "fractured clavicle"),
    place="side",
    countable=True,
    templates=(
        "fracture of the {side} clavicle",
        "fracture of the {side} mid clavicle",
        "{side} midshaft clavicle fracture",
        "{side} clavicular shaft fracture",
    ),
    absent=(
        "No clavicle fracture.",
        "No fracture of the clavicles.",
        "There is no clavicular fracture.",
        "No displaced clavicle fracture is seen.",
    ),
    labels=("Fracture", "Clavicle fracture"),
    halo_mm=3.0,
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Break one clavicle between its inner third and where the scapula hides it."""
    side = pick_side(rng)
    line = trace_clavicle(scene, side)
    if line is None:
        return None
    # Inside the picture with room around it, or there is nothing to see.
    room = 11 * scene.px_per_mm
    inside = (line[:, 1] > room) & (
        np.abs(line[:, 0] - scene.shape[1] / 2) < scene.shape[1] / 2 - room
    )
    shaft = np.arange(len(line)) / len(line)
    places = np.flatnonzero(inside & (shaft > 0.3) & (shaft < 0.75))
    if len(places) == 0:
        return None
    k = int(rng.choice(places))
    span = max(2, len(line) // 8)
    ahead, behind = line[min(len(line) - 1, k + span)], line[max(0, k - span)]
    angle = float(np.arctan2(ahead[1] - behind[1], ahead[0] - behind[0]))
    x, y = float(line[k, 0]), float(line[k, 1])
    point = settle(scene, scene.layers["shoulder"], x=x, y=y, angle=angle)
    healed = rng.random() < 0.35
    step = rng.uniform(0.5, 3.0) if healed else rng.uniform(1.5, 9.0)
    # Across grows clockwise from along; the outer part of the bone goes down in the picture.
    down = 1.0 if np.cos(angle) > 0 else -1.0
    how = Break(
        step_mm=float(step * down),
        gap_mm=0.0 if healed else float(rng.uniform(0.7, 2.0)),
        slant=float(rng.normal(0, 0.6)),
        reach_mm=float(rng.uniform(14, 22)),
        callus_cm=float(rng.uniform(0.8, 2.0)) if healed else 0.0,
    )
    point = BonePoint(x=point.x, y=point.y, angle=angle, half_mm=min(7.0, point.half_mm))
    mask = break_bone(scene, rng, name="shoulder", at=point, how=how)
    return Inserted(
        mask=mask,
        side=side,
        zone="upper",
        severity="mild" if step < 2.5 else "severe" if step > 5.5 else "moderate",
        templates=_words(healed=healed, step_mm=float(step)),
    )


def _words(*, healed: bool, step_mm: float) -> tuple[str, ...]:
    if healed:
        return (
            "healed {side} clavicle fracture",
            "old healed fracture of the {side} clavicle",
            "deformity of the {side} clavicle from old fracture",
            "remote {side} clavicular fracture",
        )
    degree = "nondisplaced" if step_mm < 2.5 else "displaced"
    return (
        f"{degree} {{side}} clavicle fracture",
        f"acute {degree} fracture of the {{side}} clavicle",
        f"{degree} fracture of the mid {{side}} clavicle",
    )


def trace_clavicle(scene: Scene, side: Side) -> np.ndarray | None:
    """(N, 2) points of (x, y) along a clavicle from its inner end outwards; None if not found."""
    px, mid = scene.px_per_mm, scene.mid_x
    layer = blur(scene.layers["shoulder"], 1.0 * px)
    sign = -1 if side == "right" else 1
    level = 0.35
    reach = round(110 * px)
    columns = [int(mid) + sign * k for k in range(round(4 * px), reach)]
    columns = [c for c in columns if 0 <= c < scene.shape[1]]
    found = [c for c in columns if (layer[:, c] > level).any()]
    if not found:
        return None
    first = found[0]
    y = float(np.argmax(layer[:, first]))
    slope, points = 0.0, []
    for c in range(first, first + sign * round(85 * px), sign):
        if not 0 <= c < scene.shape[1]:
            break
        low, high = round(y + slope - 6 * px), round(y + slope + 6 * px) + 1
        window = layer[max(0, low) : max(0, high), c]
        if len(window) == 0 or window.max() < level:
            break
        weights = np.clip(window - 0.5 * window.max(), 0, None)
        new = max(0, low) + float((weights * np.arange(len(window))).sum() / weights.sum())
        slope = float(np.clip(0.85 * slope + 0.15 * (new - y), -1.5, 1.5))
        y = new
        points.append((c + 0.5, y + 0.5))
    return np.asarray(points) if len(points) > 35 * px else None
