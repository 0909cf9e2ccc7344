"""Consolidation: air replaced by fluid, patchy or filling a lobe up to its fissures."""

import numpy as np

from explorer.entities import Side, Zone
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    lobe_at,
    severity_of,
)
from explorer.phantom.findings._opacity import add_opacity, lobar, patch
from explorer.phantom.places import draw_place, draw_radius_mm
from explorer.phantom.scene import Scene

CARD = Card(
    name="consolidation",
    kind="finding",
    frequency=(1.6, 1.8),
    nouns=(
        "consolidation",
        "airspace opacity",
        "pneumonia",
        "infiltrate",
        "airspace disease",
        "opacity",
        "focal consolidation",
        "parenchymal opacity",
        "air space consolidation",
        "pulmonary infiltrate",
        "alveolar infiltrate",
        "airspace consolidation",
        "alveolar opacity",
        "alveolar consolidation",
        "air space opacity",
        "lobar pneumonia",
        "bronchopneumonia",
    ),
    place="zone",
    plural="airspace opacities",
    adjectives={
        "mild": ("mild", "subtle", "faint", "small area of"),
        "moderate": ("moderate", "patchy", "focal"),
        "severe": ("dense", "extensive", "large area of", "confluent"),
    },
    qualities=(
        "patchy",
        "focal",
        "ill-defined",
        "vague",
    ),
    templates=(
        "opacity in the {side} {zone} concerning for pneumonia",
        "{side} {zone} opacity, likely pneumonia",
        "increased density in the {side} {zone}",
        "{side} {zone} infiltrate compatible with pneumonia",
        "airspace disease involving the {side} {zone}",
        "{side} {zone} opacity representing pneumonia",
        "pneumonia in the {side} {zone} with air bronchograms",
        "scattered infiltrates in the {side} {zone}",
        "scattered densities in the {side} {zone}",
        "consolidations in the {side} {zone}",
        "{side} {zone} opacity which represents infection",
        "infiltrate in the {side} {zone} due to infection",
    ),
    absent=(
        "No focal consolidation.",
        "No focal airspace disease.",
        "The lungs are clear without focal consolidation.",
        "There is no focal infiltrate.",
        "No evidence of pneumonia.",
        "No focal airspace opacity is seen.",
    ),
    labels=("Consolidation", "Pneumonia", "Infiltration", "Lung Opacity"),
)

_LOBES: dict[str, tuple[Side, Zone, str]] = {
    "RUL": ("right", "upper", "right upper lobe"),
    "RML": ("right", "lower", "right middle lobe"),
    "RLL": ("right", "lower", "right lower lobe"),
    "LUL": ("left", "upper", "left upper lobe"),
    "LLL": ("left", "lower", "left lower lobe"),
}


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Fill a lobe (three in ten) or a patch of one lung."""
    if rng.random() < 0.3:
        return _insert_lobar(scene, rng)
    place = draw_place("consolidation", scene, rng, clear=rng.random() < 0.8)
    if place is None:
        return None
    side, zone = place.side, place.zone
    # A patch of several blobs is about 1.6 times as wide as its main blob.
    radius = draw_radius_mm("consolidation", scene, rng, share=1 / 1.6, within=(8, 45))
    added = patch(
        scene, rng, place=place, radius_mm=radius, fill=rng.uniform(0.25, 0.8),
        grain=rng.uniform(0.2, 0.9),
    )  # fmt: skip
    mask = add_opacity(scene, added)
    if mask is None:
        return None
    severity = severity_of(float(added.max()), 1.3, 3.2)
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity=severity,
        lobe=lobe_at(scene, side, place.x, place.y),
    )


def _insert_lobar(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    name = str(rng.choice(list(_LOBES), p=[0.2, 0.2, 0.25, 0.1, 0.25]))
    side, zone, words = _LOBES[name]
    part = rng.uniform(0.35, 1.0)
    added = lobar(scene, rng, lobe=name, fill=rng.uniform(0.2, 0.75), part=part)
    mask = add_opacity(scene, added)
    if mask is None:
        return None
    severity = severity_of(float(np.percentile(added[mask], 90)) * part, 1.5, 4.0)
    return Inserted(mask=mask, side=side, zone=zone, severity=severity, lobe=words)
