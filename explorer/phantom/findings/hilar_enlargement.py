"""Enlarged hilum: lobulated lymph nodes or vessels beside the mediastinum, on one or both sides."""

import numpy as np

from explorer.entities import Float32, Side
from explorer.phantom.findings._base import (
    Card,
    Inserted,
    pick_side,
    severity_of,
    sides_of,
    visible,
)
from explorer.phantom.findings._mediastinum import border, carina, round_chord
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, cloud

CARD = Card(
    name="hilar enlargement",
    kind="finding",
    frequency=(0.7, 0.45),
    nouns=(
        "hilar enlargement",
        "hilar prominence",
        "hilar fullness",
        "hilar lymphadenopathy",
        "hilar adenopathy",
    ),
    place="side",
    adjectives={
        "mild": ("mild", "slight", "subtle"),
        "moderate": ("moderate",),
        "severe": ("marked", "bulky"),
    },
    templates=(
        "{side} hilar enlargement suspicious for lymphadenopathy",
        "enlarged lymph nodes at the {side} hilum",
    ),
    absent=(
        "No hilar enlargement.",
        "No hilar adenopathy.",
        "There is no hilar lymphadenopathy.",
        "No hilar or mediastinal adenopathy.",
    ),
    labels=("Hilar enlargement", "Lymphadenopathy"),
)

_ONE = (
    "The {side} hilum is enlarged.",
    "The {side} hilum is prominent.",
    "enlarged {side} hilum",
    "prominent {side} hilum",
    "enlargement of the {side} hilum",
    "fullness of the {side} hilum",
)
_BOTH = (
    "Both hila are enlarged.",
    "enlarged hila on both sides",
    "bilateral hilar lymphadenopathy suggestive of sarcoidosis",
)


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """A cluster of nodes at one hilum (two in three) or both."""
    side: Side = "bilateral" if rng.random() < 0.35 else pick_side(rng, right=0.55)
    size = float(rng.uniform(0.8, 1.5))
    added = np.zeros(scene.shape, np.float32)
    for one in sides_of(side):
        nodes = _nodes(scene, rng, side=one, size=size * rng.uniform(0.9, 1.1))
        if nodes is None:
            return None
        added += nodes
    mask = visible(added, share=0.3, least_cm=0.3)
    if mask.sum() < 30:
        return None
    scene.extra += added
    return Inserted(
        mask=mask,
        side=side,
        zone=None,
        severity=severity_of(size, 1.0, 1.35),
        templates=_BOTH if side == "bilateral" else _ONE,
    )


def _nodes(scene: Scene, rng: np.random.Generator, *, side: Side, size: float) -> Float32 | None:
    """Cm of tissue of 5 to 9 balls down the hilum, largest in the middle."""
    px = scene.px_per_mm
    _, bottom = carina(scene)
    middle = bottom + (rng.uniform(7, 21) - (12 if side == "left" else 0)) * px
    # The heart bulges further to the left below the hilum: the border above it counts.
    rows = slice(max(0, round(bottom - 12 * px)), max(2, round(middle)))
    edges = border(scene, side)[rows]
    if not np.isfinite(edges).any():
        return None
    edge = float(np.nanmin(edges) if side == "right" else np.nanmedian(edges))
    outwards = -1 if side == "right" else 1
    count = int(rng.integers(5, 10))
    along = np.linspace(-1, 1, count) + rng.normal(0, 0.12, count)
    tall = rng.uniform(12, 19) * size
    reach = (rng.uniform(-2, 5) + 7 * (1 - along**2)) * size + rng.normal(0, 2.5, count)
    slope = rng.uniform(2, 9)  # The lower pole leans outwards.
    x = edge + outwards * (reach + slope * along) * px
    centres = np.stack([x, middle + along * tall * px], axis=1)
    radii = [float(r) for r in (6 + 6 * (1 - along**2)) * size * rng.uniform(0.75, 1.25, count)]
    chord = round_chord(scene, centres, radii)
    ragged = np.clip(1 + 0.18 * cloud(rng, scene.shape, cell=6 * px), 0.4, 1.5)
    return blur(chord * ragged * rng.uniform(0.85, 1.3), rng.uniform(0.9, 1.9) * px)
