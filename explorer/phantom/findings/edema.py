"""Pulmonary edema: bilateral perihilar haze, fuller vessels, Kerley lines at the bases."""

import numpy as np

from explorer.entities import Float32, Side
from explorer.phantom.findings._base import Card, Inserted, severity_of
from explorer.phantom.findings._opacity import add_opacity
from explorer.phantom.scene import LOBES_OF, SIDES, Scene
from explorer.phantom.textures import blur, cloud, draw_curve, smooth_curve

CARD = Card(
    name="pulmonary edema",
    kind="finding",
    frequency=(0.3, 1.1),
    nouns=(
        "pulmonary edema",
        "pulmonary vascular congestion",
        "interstitial edema",
        "edema",
        "vascular congestion",
        "congestive heart failure",
        "perihilar opacities",
        "interstitial pulmonary edema",
        "alveolar edema",
        "central vascular congestion",
        "pulmonary venous congestion",
    ),
    place="none",
    adjectives={
        "mild": ("mild", "minimal"),
        "moderate": ("moderate",),
        "severe": ("severe", "marked"),
    },
    templates=(
        "bilateral perihilar opacities",
        "central pulmonary vascular engorgement",
        "bilateral interstitial opacities consistent with edema",
        "prominent interstitial markings with cephalization",
        "bilateral alveolar edema",
        "vascular congestion with superimposed edema",
        "bilateral alveolar opacities secondary to edema",
    ),
    absent=(
        "No pulmonary edema.",
        "The pulmonary vascularity is within normal limits.",
        "Pulmonary vasculature is normal.",
        "No pulmonary vascular congestion.",
        "There is no overt edema.",
    ),
    labels=("Edema",),
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Haze both lungs around the hila, denser below, and thicken the vessels."""
    strength = rng.uniform(0.08, 0.35)
    added = np.zeros(scene.shape, np.float32)
    spread, low = rng.uniform(0.3, 0.7), rng.uniform(0.45, 0.65)
    for side in SIDES:
        lung = scene.lungs[side]
        near = np.exp(-(((lung.height - low) / 0.3) ** 2) - (lung.lateral / spread) ** 2)
        grain = 1 + 0.45 * cloud(rng, scene.shape, cell=rng.uniform(5, 12) * scene.px_per_mm)
        added += np.clip(near * lung.thickness * strength * grain, 0, None) * lung.full
        for name in LOBES_OF[side]:
            scene.layers[name] = scene.layers[name] * np.float32(1 + strength * 0.8)
        if rng.random() < 0.6:
            added += _kerley(scene, side, rng)
    added = blur(added.astype(np.float32), 1.2 * scene.px_per_mm)
    mask = add_opacity(scene, added, share=0.2)
    if mask is None:
        return None
    severity = severity_of(strength, 0.15, 0.26)
    return Inserted(mask=mask, side="bilateral", zone=None, severity=severity)


def _kerley(scene: Scene, side: Side, rng: np.random.Generator) -> Float32:
    """Short horizontal septal lines that touch the ribs above the costophrenic angle."""
    lung = scene.lungs[side]
    lines = np.zeros(scene.shape, np.float32)
    rows, columns = np.nonzero(
        lung.aerated & (lung.height > 0.6) & (lung.height < 0.95) & (lung.lateral > 0.85)
    )
    for _ in range(int(rng.integers(3, 9))):
        if len(rows) == 0:
            break
        i = int(rng.integers(len(rows)))
        length = rng.uniform(8, 18) * scene.px_per_mm * (1 if side == "right" else -1)
        ends = np.array(
            [[columns[i], rows[i]], [columns[i] + length, rows[i] + rng.normal(0, 1.5)]]
        )
        lines += 0.35 * draw_curve(scene.shape, smooth_curve(ends), width=1.0 * scene.px_per_mm)
    return lines * lung.aerated
