"""Atelectasis: plates near the diaphragm, basal volume loss, or a collapsed lobe."""

import numpy as np

from explorer.entities import Float32, Side, Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    severity_of,
    sides_of,
)
from explorer.phantom.findings._opacity import add_opacity
from explorer.phantom.places import Place, draw_place, draw_side, draw_size, lungs_width_mm
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, cloud, draw_curve, sigmoid, smooth_curve

CARD = Card(
    name="atelectasis",
    kind="finding",
    frequency=(1.6, 2.0),
    nouns=(
        "atelectasis",
        "basilar atelectasis",
        "subsegmental atelectasis",
        "volume loss",
        "discoid atelectasis",
        "atelectatic changes",
        "bibasilar atelectasis",
        "linear atelectasis",
        "platelike atelectasis",
        "bandlike atelectasis",
        "dependent atelectasis",
        "focal atelectasis",
    ),
    place="zone",
    plural="atelectasis",
    adjectives={
        "mild": ("mild", "minimal", "subsegmental"),
        "moderate": ("moderate", "patchy"),
        "severe": ("marked", "dense"),
    },
    qualities=(
        "streaky",
        "linear",
        "scattered",
    ),
    templates=(
        "areas of atelectasis in the {side} {zone}",
        "streaky opacity in the {side} {zone}, consistent with atelectasis",
        "{side} {zone} atelectasis or scar",
        "{side} {zone} linear densities representing atelectasis",
    ),
    absent=("No atelectasis.", "There is no evidence of atelectasis or collapse."),
    labels=("Atelectasis",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Plates (four in ten), basal haze with crowding (four) or lobar collapse (two)."""
    kind = rng.random()
    if kind < 0.4:
        return _plates(scene, rng)
    return _basal(scene, rng) if kind < 0.8 else _collapse(scene, rng)


def _plates(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    side = draw_side("atelectasis", rng)
    added = np.zeros(scene.shape, np.float32)
    px = scene.px_per_mm
    for one in sides_of(side):
        lung = scene.lungs[one]
        for _ in range(int(rng.integers(1, 4))):
            place = _low_place(scene, rng, side=one)
            if place is None:
                return None
            wide = draw_size("atelectasis", rng)[0] * lungs_width_mm(scene)
            length, angle = float(np.clip(wide, 15, 75)) * px, rng.normal(0, 0.35)
            along = np.array([np.cos(angle), np.sin(angle)]) * length / 2
            middle = np.array([place.x, place.y])
            bow = np.array([0, rng.normal(0, 0.06) * length])
            curve = smooth_curve(np.array([middle - along, middle + bow, middle + along]))
            line = draw_curve(scene.shape, curve, width=rng.uniform(1.5, 5) * px)
            line = blur(line, rng.uniform(0.4, 1.4) * px)
            added = np.maximum(added, line * rng.uniform(0.6, 1.8) * lung.full)
    mask = add_opacity(scene, added, share=0.2)
    if mask is None:
        return None
    templates = (
        "linear atelectasis at the {side} lung base",
        "platelike atelectasis in the {side} lower lung",
        "{side} basilar subsegmental atelectasis",
        "bandlike opacity in the {side} lung base",
        "streaky {side} basilar opacities",
        "discoid atelectasis in the {side} base",
    )
    return Inserted(mask=mask, side=side, zone="lower", severity="mild", templates=templates)


def _low_place(scene: Scene, rng: np.random.Generator, *, side: Side) -> Place | None:
    """Plates lie in the lower lung: the first such place of eight draws."""
    for _ in range(8):
        place = draw_place("atelectasis", scene, rng, side=side, depth_mm=6)
        if place is not None and 0.6 < scene.lungs[side].height[int(place.y), int(place.x)] < 0.93:
            return place
    return None


def _basal(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    side = draw_side("atelectasis", rng)
    strength, rise = rng.uniform(0.15, 0.55), rng.uniform(0.12, 0.38)
    added = np.zeros(scene.shape, np.float32)
    for one in sides_of(side):
        lung = scene.lungs[one]
        toward = rng.uniform(-0.3, 0.5) * (0.5 - lung.lateral)
        low = sigmoid((lung.height + toward - (1 - rise)) * 14)
        streaks = 1 + 0.5 * cloud(rng, scene.shape, cell=8 * scene.px_per_mm)
        added += low * lung.thickness * lung.full * strength * np.clip(streaks, 0.2, 2)
    added = blur(added.astype(np.float32), 1.2 * scene.px_per_mm)
    aerated = np.any([scene.lungs[one].aerated for one in sides_of(side)], axis=0)
    added *= blur(aerated.astype(np.float32), 4 * scene.px_per_mm)
    mask = add_opacity(scene, added, share=0.2)
    if mask is None:
        return None
    templates = (
        "{side} basilar opacity likely atelectasis",
        "low lung volumes with {side} basilar atelectasis",
        "atelectasis at the {side} lung base",
        "{side} lower lobe atelectasis",
    )
    severity = severity_of(strength, 0.25, 0.42)
    return Inserted(mask=mask, side=side, zone="lower", severity=severity, templates=templates)


def _collapse(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    name = str(rng.choice(["LLL", "RLL", "RUL", "RML", "LUL"], p=[0.4, 0.2, 0.2, 0.1, 0.1]))
    side: Side = "right" if name.startswith("R") else "left"
    lung = scene.lungs[side]
    reach = rng.uniform(0.3, 0.6)
    zone: Zone = "lower"
    if name.endswith("LL"):
        edge = lung.lateral - reach * np.clip((lung.height - 0.3) * 1.5, 0, 1)
        words = f"{side} lower lobe"
    elif name.endswith("UL"):
        edge = np.maximum(lung.height - 0.32 + 0.1 * lung.lateral, lung.lateral - 0.9)
        words, zone = f"{side} upper lobe", "upper"
    else:
        edge = np.maximum(np.abs(lung.height - 0.75) - 0.15, lung.lateral - 0.55)
        words = "right middle lobe"
    inside: Float32 = sigmoid(-edge * rng.uniform(25, 60))
    depth = np.maximum(scene.lobe(name), 0.35 * lung.thickness)
    added = blur(inside * depth * rng.uniform(0.35, 0.8), 0.8 * scene.px_per_mm)
    mask = add_opacity(scene, added)
    if mask is None:
        return None
    templates = (
        f"{words} collapse",
        f"{words} atelectasis with volume loss",
        f"collapse of the {words}",
        *(("retrocardiac opacity with volume loss",) if name == "LLL" else ()),
    )
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity="severe",
        lobe=words,
        templates=templates,
    )
