"""Pleural effusion: fluid that fills the lowest pleural space, with a meniscus at the ribs."""

import numpy as np

from explorer.entities import Float32, Side, Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    outer_distance_mm,
    seen_against,
    severity_of,
    sides_of,
    visible,
)
from explorer.phantom.findings._warp import dome_rows
from explorer.phantom.places import UNIFORM, draw_side, draw_size, lungs_box
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, sigmoid, smooth_noise

CARD = Card(
    name="pleural effusion",
    kind="finding",
    frequency=(1.5, 2.0),
    nouns=("pleural effusion", "effusion", "pleural fluid", "pleural fluid collection"),
    place="side",
    plural="pleural effusions",
    countable=True,
    adjectives={
        "mild": ("small", "trace", "tiny", "minimal"),
        "moderate": ("moderate", "moderate-sized"),
        "severe": ("large", "massive"),
    },
    templates=(
        "layering {side} pleural effusion",
        "{side} pleural effusion with adjacent atelectasis",
        "pleural fluid at the {side} lung base",
        "opacification of the {side} lung base compatible with effusion",
        "blunted {side} costophrenic angle",
        "blunting of the {side} posterior costophrenic sulcus",
        "{side} pleural effusion with overlying atelectasis",
        "{side} pleural effusion and associated atelectasis",
    ),
    absent=(
        "No pleural effusion.",
        "There is no pleural effusion.",
        "No effusion.",
        "The costophrenic angles are sharp.",
        "No pleural effusion or pneumothorax.",
    ),
    labels=("Effusion", "Pleural Effusion"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Fill one base or both; small amounts only blunt the angle, some keep to a pocket."""
    side = draw_side("effusion", rng)
    kind = float(rng.random())
    if side != "bilateral" and kind < 0.18:
        return (_loculated if kind < 0.1 else _subpulmonic)(scene, rng, side=side)
    added = np.zeros(scene.shape, np.float32)
    amounts = []
    for one in sides_of(side):
        amount, reach = _draw_amount(scene, rng)
        added += _free_fluid(scene, rng, side=one, amount=amount, reach=reach)
        amounts.append(amount)
    mask = visible(added, share=0.22, least_cm=0.4) & seen_against(scene)
    if mask.sum() < 12:
        return None
    scene.extra += added
    amount = float(np.mean(amounts))
    blunt = ("blunting of the {side} costophrenic angle", "blunted {side} costophrenic sulcus")
    return Inserted(
        mask=mask,
        side=side,
        zone="lower",
        severity=severity_of(amount, 0.3, 0.62),
        templates=blunt if amount < 0.4 else (),
    )


def _draw_amount(scene: Scene, rng: np.random.Generator) -> tuple[float, float]:
    """Amount (0 = a blunt angle, 1 = three quarters of the lung) and reach, from annotated boxes.

    A box reaches from below the base (about 0.05 of the lung's height) to where the fluid climbs
    at the ribs (about 0.1 above its level). Half of them are blunt angles, so a `UNIFORM` share of
    draws takes any amount. Reach is the share of the lung's width, from the ribs, that is wet.
    """
    if rng.random() < UNIFORM:
        amount = float(rng.uniform(0.02, 1))
        return amount, float(np.clip(rng.uniform(0.3, 1.0) + amount, 0.3, 1.2))
    x0, y0, x1, y1 = lungs_box(scene)
    width, height = draw_size("effusion", rng)
    amount = float(np.clip((height * (x1 - x0) / (y1 - y0) - 0.15) / 0.68, 0.02, 1))
    # One lung takes about 0.42 of the outer width; a large effusion crosses it all.
    return amount, float(np.clip(width / 0.42 + amount, 0.2, 1.2))


def _free_fluid(
    scene: Scene, rng: np.random.Generator, *, side: Side, amount: float, reach: float
) -> Float32:
    """Fluid in cm: all of the lung's depth below the level, a rim that climbs at the ribs."""
    lung = scene.lungs[side]
    level = 0.93 - 0.68 * amount
    climb = rng.uniform(0.1, 0.26) * (0.6 + 0.8 * amount)
    supine = scene.view == "AP" and rng.random() < 0.35
    surface = level - climb * lung.lateral ** rng.uniform(2.0, 4.0)
    surface = surface - 0.05 * np.clip(0.25 - lung.lateral, 0, 1)
    surface = surface + 0.012 * smooth_noise(rng, scene.shape, cell=40 * scene.px_per_mm)
    steep = rng.uniform(4, 9) if supine else rng.uniform(18, 45)
    wet = sigmoid((lung.height - surface) * steep)
    wet = wet * sigmoid((lung.lateral - (1 - reach)) * 25)
    share = rng.uniform(0.2, 0.4) if supine else rng.uniform(0.4, 0.8)
    aerated = lung.full & (lung.height < 1.25)
    depth = wet * (lung.thickness * share + 1.2 * (lung.thickness > 1)) * aerated
    return blur(depth.astype(np.float32), rng.uniform(0.8, 2.0) * scene.px_per_mm)


def _loculated(scene: Scene, rng: np.random.Generator, *, side: Side) -> Inserted | None:
    """A lens of fluid against the ribs."""
    lung = scene.lungs[side]
    centre, tall = rng.uniform(0.35, 0.8), rng.uniform(0.1, 0.22)
    thick = rng.uniform(10, 28)
    lens = thick * np.clip(1 - ((lung.height - centre) / tall) ** 2, 0, None)
    inside = np.clip((lens - outer_distance_mm(scene, side)) / 3.0, 0, 1) * lung.aerated
    added = blur((inside * rng.uniform(1.5, 4.0)).astype(np.float32), 0.9 * scene.px_per_mm)
    mask = visible(added)
    if mask.sum() < 12:
        return None
    scene.extra += added
    templates = (
        "loculated {side} pleural effusion",
        "{side} lateral loculated pleural fluid",
        "pleural based opacity along the {side} chest wall",
    )
    zone: Zone = "upper" if centre < 0.4 else "mid" if centre < 0.66 else "lower"
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity="moderate",
        templates=templates,
    )


def _subpulmonic(scene: Scene, rng: np.random.Generator, *, side: Side) -> Inserted | None:
    """Fluid between lung and diaphragm: a false dome that is highest towards the ribs."""
    lung, px = scene.lungs[side], scene.px_per_mm
    found = dome_rows(lung, px_per_mm=px)
    if found is None:
        return None
    dome, place = found
    thick_mm = rng.uniform(14, 38)
    peak = rng.uniform(0.62, 0.8)
    across = np.where(place < peak, (peak - place) / (peak + 0.12), (place - peak) / (1.12 - peak))
    false_dome = dome - thick_mm * px * np.clip(1 - across ** rng.uniform(1.5, 2.4), 0, 1)
    low = np.percentile(dome[(place >= 0) & (place <= 1)], 90)
    false_dome = np.minimum(false_dome, np.where((place > 0.5) & (place <= 1), low, false_dome))
    rows = np.arange(scene.shape[0], dtype=np.float32)[:, None]
    wet = np.clip((rows - false_dome[None]) / (1.5 * px) + 0.5, 0, 1) * lung.full
    wet = wet * (lung.height < 1.25) * ((place > -0.03) & (place < 1.05))[None]
    depth = wet * (lung.thickness * rng.uniform(0.45, 0.75) + 0.8 * (lung.thickness > 1))
    added = blur(depth.astype(np.float32), 0.8 * px)
    mask = visible(added, share=0.22, least_cm=0.4) & seen_against(scene)
    if mask.sum() < 12:
        return None
    scene.extra += added
    templates = (
        "{side} subpulmonic effusion",
        "subpulmonic {side} pleural effusion",
        "{side} subpulmonic pleural fluid",
    )
    return Inserted(
        mask=mask,
        side=side,
        zone="lower",
        severity=severity_of(thick_mm, 20, 30),
        templates=templates,
    )
