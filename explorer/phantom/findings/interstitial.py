"""Interstitial pattern: a net of fine lines, mostly at both bases or in the periphery."""

import cv2
import numpy as np

from explorer.phantom.findings._base import Card, Inserted, severity_of
from explorer.phantom.findings._opacity import add_opacity
from explorer.phantom.places import draw_centre
from explorer.phantom.scene import SIDES, Scene
from explorer.phantom.textures import blur, smooth_noise

CARD = Card(
    name="interstitial opacities",
    kind="finding",
    frequency=(0.5, 0.4),
    nouns=(
        "interstitial opacities",
        "reticular opacities",
        "interstitial lung disease",
        "interstitial prominence",
        "pulmonary fibrosis",
        "coarse interstitial markings",
        "fibrosis",
        "prominent interstitial markings",
        "increased interstitial markings",
        "interstitial thickening",
        "reticular interstitial opacities",
        "chronic interstitial disease",
    ),
    place="none",
    adjectives={
        "mild": ("mild", "minimal"),
        "moderate": ("moderate", "diffuse"),
        "severe": ("marked", "extensive"),
    },
    templates=(
        "bilateral reticular opacities",
        "increased interstitial markings at both lung bases",
        "chronic interstitial changes",
        "bibasilar interstitial opacities",
        "increased bronchovascular markings",
        "scattered areas of scarring and fibrosis",
        "prominent bronchovascular markings",
    ),
    absent=("No interstitial opacities.", "There is no interstitial lung disease."),
    labels=("Fibrosis", "Interstitial lung disease"),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Lay a net over both lungs, weighted to the ribs and from an annotated height downwards."""
    start = float(draw_centre("interstitial", rng)[1]) - rng.uniform(0.2, 0.4)
    strength = rng.uniform(0.25, 0.9)
    net = np.zeros(scene.shape, np.float32)
    for cell in (rng.uniform(5, 8), rng.uniform(3, 5)):
        ridges = 1 - np.abs(smooth_noise(rng, scene.shape, cell=cell * scene.px_per_mm)) * 1.6
        net += np.clip(ridges, 0, 1) ** 2
    weight = np.zeros(scene.shape, np.float32)
    for side in SIDES:
        lung = scene.lungs[side]
        low = np.clip((lung.height - start) * 2.2, 0, 1)
        edge = 0.5 + 0.5 * lung.lateral
        weight += lung.aerated * low * edge * np.clip(lung.thickness / 8, 0, 1)
    weight = blur(weight.astype(np.float32), 5 * scene.px_per_mm)
    added = blur((net * weight * strength).astype(np.float32), 0.4 * scene.px_per_mm)
    if add_opacity(scene, added) is None:
        return None
    mask = weight > 0.15
    kernel = np.ones((3, 3), np.uint8)
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    severity = severity_of(strength, 0.4, 0.7)
    return Inserted(mask=mask, side="bilateral", zone="lower", severity=severity)
