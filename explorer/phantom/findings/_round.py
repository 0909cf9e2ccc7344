"""Round lesions: the chord through a lumpy ball, as nodules, masses and cavities share it."""

from typing import Literal

import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Mask, distance_mm
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, cloud, draw_curve

Margin = Literal["smooth", "lobulated", "spiculated"]
_LONGEST_SPICULE_MM = 10.0  # Spicules stay within the halo that a finding may change.


def ball(
    scene: Scene,
    rng: np.random.Generator,
    *,
    x: float,
    y: float,
    radius_mm: float,
    lumps: float,
    edge_mm: float,
    hollow: float = 0.0,
) -> tuple[Float32, Mask]:
    """Added cm of water and the mask of a ball of tissue.

    Args:
        scene: Where it will be laid.
        rng: Source of chance.
        x: Centre column in pixels.
        y: Centre row in pixels.
        radius_mm: Radius of the ball.
        lumps: Irregularity of the outline, 0 = smooth.
        edge_mm: Blur of the rim: spiculated or hazy rims are wider.
        hollow: Radius of an air-filled centre as a share of the radius.
    """
    px = scene.px_per_mm
    d = distance_mm(scene, x, y, flat=rng.uniform(0.75, 1.35), turn=rng.uniform(0, np.pi))
    cell = max(2.0, 0.8 * radius_mm * px)
    d = d * (1 + lumps * cloud(rng, scene.shape, cell=cell))
    chord = 2 * np.sqrt(np.clip(radius_mm**2 - d**2, 0, None)) / 10
    if hollow:
        inner = d * (1 + 0.15 * cloud(rng, scene.shape, cell=cell))
        chord -= 2 * np.sqrt(np.clip((hollow * radius_mm) ** 2 - inner**2, 0, None)) / 10
    added = blur(np.clip(chord, 0, None).astype(np.float32) * 0.85, edge_mm * px)
    mask = d <= radius_mm + 0.5 * edge_mm
    return added, mask


def lesion(
    scene: Scene,
    rng: np.random.Generator,
    *,
    x: float,
    y: float,
    radius_mm: float,
    margin: Margin,
    part_solid: bool = False,
) -> tuple[Float32, Mask]:
    """Added cm of water and the mask of a nodule or mass with a named margin.

    Args:
        scene: Where it will be laid.
        rng: Source of chance.
        x: Centre column in pixels.
        y: Centre row in pixels.
        radius_mm: Radius of the whole lesion.
        margin: Smooth: nearly a ball. Lobulated: three to six balls grown into one.
            Spiculated: a rough ball with fine lines into the lung; the lines are no part of the
            mask.
        part_solid: A faint ball with a solid core, instead of solid throughout.
    """
    edge = {"smooth": rng.uniform(0.2, 0.7), "lobulated": rng.uniform(0.3, 1.0)}.get(
        margin, rng.uniform(0.6, 1.4)
    )
    lumps = {"smooth": rng.uniform(0.01, 0.05), "lobulated": rng.uniform(0.03, 0.08)}.get(
        margin, rng.uniform(0.08, 0.16)
    )
    added, mask = ball(
        scene, rng, x=x, y=y, radius_mm=radius_mm * (0.78 if margin == "lobulated" else 1.0),
        lumps=lumps, edge_mm=edge,
    )  # fmt: skip
    if margin == "lobulated":
        for turn in (
            rng.uniform(0, 2 * np.pi) + np.sort(rng.uniform(0, 2 * np.pi, 5))[: _knobs(rng)]
        ):
            away = rng.uniform(0.4, 0.6) * radius_mm * scene.px_per_mm
            knob, inside = ball(
                scene, rng, x=x + away * np.cos(turn), y=y + away * np.sin(turn),
                radius_mm=rng.uniform(0.38, 0.58) * radius_mm, lumps=lumps, edge_mm=edge,
            )  # fmt: skip
            added, mask = np.maximum(added, knob), mask | inside
    if margin == "spiculated":
        added = np.maximum(added, _spicules(scene, rng, x=x, y=y, radius_mm=radius_mm))
    if part_solid:
        off = rng.normal(0, 0.15, 2) * radius_mm * scene.px_per_mm
        core, _ = ball(
            scene, rng, x=x + off[0], y=y + off[1], radius_mm=rng.uniform(0.4, 0.65) * radius_mm,
            lumps=rng.uniform(0.04, 0.14), edge_mm=edge,
        )  # fmt: skip
        added = np.maximum(rng.uniform(0.3, 0.5) * added, core)
    return added.astype(np.float32), mask


def make_seen(
    scene: Scene, added: Float32, mask: Mask, *, wanted: float, limits: tuple[float, float]
) -> Float32:
    """Scale a lesion so that it stands out from ribs and vessels by `wanted` of their spread.

    Args:
        scene: As it is before the lesion.
        added: Cm of water of the lesion.
        mask: Where it is.
        wanted: Its mean density over the spread of what surrounds it; below 1 it is hard to see.
        limits: Least and greatest factor: a lesion is neither air nor metal.
    """
    rows, columns = np.nonzero(mask)
    reach = round(0.6 * max(np.ptp(rows), np.ptp(columns)) + 6 * scene.px_per_mm)
    box = (
        slice(max(0, rows.min() - reach), rows.max() + reach),
        slice(max(0, columns.min() - reach), columns.max() + reach),
    )
    tissues = [v[box] for k, v in scene.layers.items() if not k.startswith("T_")]
    path = np.sum(tissues, axis=0) + scene.extra[box]
    fine = path - blur(path.astype(np.float32), 12 * scene.px_per_mm)
    spread = float(np.percentile(np.abs(fine), 68))
    factor = wanted * spread / max(1e-3, float(added[mask].mean()))
    return (added * np.clip(factor, *limits)).astype(np.float32)


def draw_margin(rng: np.random.Generator, *, shares: tuple[float, float, float]) -> Margin:
    """Smooth, lobulated or spiculated with the given shares."""
    margins: tuple[Margin, ...] = ("smooth", "lobulated", "spiculated")
    return margins[int(rng.choice(3, p=shares))]


def _knobs(rng: np.random.Generator) -> int:
    return int(rng.integers(3, 6))


def _spicules(
    scene: Scene, rng: np.random.Generator, *, x: float, y: float, radius_mm: float
) -> Float32:
    """Cm of water of 9 to 18 fine lines from inside the rim into the lung, thinning outwards."""
    px = scene.px_per_mm
    lines = np.zeros(scene.shape, np.float32)
    for turn in np.linspace(0, 2 * np.pi, int(rng.integers(9, 19))) + rng.uniform(0, 6):
        turn += rng.normal(0, 0.12)
        reach = min(rng.uniform(0.25, 0.8) * radius_mm, _LONGEST_SPICULE_MM)
        bend = turn + rng.normal(0, 0.15)
        for share, thin in ((0.5, 1.0), (1.0, 0.55)):
            start, end = 0.7 * radius_mm, radius_mm + share * reach
            ends = np.array(
                [
                    (x + start * px * np.cos(turn), y + start * px * np.sin(turn)),
                    (x + end * px * np.cos(bend), y + end * px * np.sin(bend)),
                ]
            )
            stroke = draw_curve(scene.shape, ends.astype(np.float32), width=1.3 * thin * px)
            lines = np.maximum(lines, stroke * thin)
    strength = min(0.55, 0.05 * radius_mm) * rng.uniform(0.7, 1.2)
    return blur(lines, 0.35 * px) * np.float32(strength)
