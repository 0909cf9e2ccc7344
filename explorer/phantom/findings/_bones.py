"""Breaking a bone in its projected layer: a step, a gap, or the callus of an old break."""

from dataclasses import dataclass

import cv2
import numpy as np

from explorer.entities import Float32
from explorer.phantom.findings._base import Mask
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, cloud


@dataclass(frozen=True, slots=True)
class BonePoint:
    """A point in the middle of a long bone.

    Attributes:
        x, y: Column and row in pixels.
        angle: Direction along the bone in radians, 0 = to the image's right, growing downwards.
        half_mm: Half of the bone's width.
    """

    x: float
    y: float
    angle: float
    half_mm: float


@dataclass(frozen=True, slots=True)
class Break:
    """How a bone is broken.

    Attributes:
        step_mm: Shift of one fragment across the bone.
        gap_mm: Width of the dark line between the fragments; 0 when healed.
        slant: Tangent of the break's tilt against straight across.
        reach_mm: Distance along the bone at which the fragment is back in place.
        callus_cm: Added bone at a healed break, cm of water; 0 when fresh.
    """

    step_mm: float
    gap_mm: float
    slant: float
    reach_mm: float
    callus_cm: float


def along_bones(layer: Float32, *, scale_px: float) -> tuple[Float32, Float32]:
    """Direction of the bone and how clear it is: (S, S) radians and (S, S) in [0, 1]."""
    smooth = blur(layer, 0.4 * scale_px)
    gx = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), np.float32)
    gy = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1), np.float32)
    xx, yy, xy = (blur(p, scale_px) for p in (gx * gx, gy * gy, gx * gy))
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    clear = spread / np.maximum(xx + yy, 1e-6)
    across = 0.5 * np.arctan2(2 * xy, xx - yy)
    return (across + np.float32(np.pi / 2)).astype(np.float32), clear.astype(np.float32)


def settle(scene: Scene, layer: Float32, *, x: float, y: float, angle: float) -> BonePoint:
    """Move a point to the middle of its bone and measure the bone's width there."""
    px = scene.px_per_mm
    offsets = np.arange(-14.0, 14.01, 0.5)  # mm across
    normal = np.array([-np.sin(angle), np.cos(angle)])
    columns = np.clip(x + offsets * px * normal[0], 0, scene.shape[1] - 1).astype(np.float32)
    rows = np.clip(y + offsets * px * normal[1], 0, scene.shape[0] - 1).astype(np.float32)
    smooth = blur(layer, 1.2 * px)
    profile = cv2.remap(smooth, columns[None], rows[None], cv2.INTER_LINEAR)[0]
    near = np.abs(offsets) <= 5
    peak = int(np.flatnonzero(near)[np.argmax(profile[near])])
    level = 0.5 * (float(profile[peak]) + float(profile.min()))
    low = peak
    while low > 0 and profile[low] > level:
        low -= 1
    high = peak
    while high < len(profile) - 1 and profile[high] > level:
        high += 1
    middle = 0.5 * (offsets[low] + offsets[high])
    half = float(np.clip(0.5 * (offsets[high] - offsets[low]), 2.5, 8.0))
    return BonePoint(
        x=float(x + middle * px * normal[0]),
        y=float(y + middle * px * normal[1]),
        angle=float(angle),
        half_mm=half,
    )


def break_bone(
    scene: Scene, rng: np.random.Generator, *, name: str, at: BonePoint, how: Break
) -> Mask:
    """Break the bone of one layer at a point; returns the place around the break.

    Args:
        scene: Its layer `name` is changed.
        rng: Source of chance for the callus.
        name: Layer, e.g. "ribs".
        at: Where.
        how: What the break looks like.
    """
    px = scene.px_per_mm
    rows, columns = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
    dx, dy = (columns + 0.5 - at.x) / px, (rows + 0.5 - at.y) / px
    cos, sin = np.cos(at.angle), np.sin(at.angle)
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    wide = at.half_mm + abs(how.step_mm) + 3.0
    place = (along / (how.reach_mm + 1.5)) ** 2 + (across / wide) ** 2 < 1
    past = along - how.slant * across
    # Only the far fragment moves: fully at the break, back in place at the end of its reach.
    moved = (past > 0) * np.clip(1 - past / how.reach_mm, 0, 1) ** 1.5
    moved = moved * np.clip(1.6 * (1 - np.abs(across) / wide), 0, 1)
    shift = (how.step_mm * px * moved).astype(np.float32)
    layer = scene.layers[name]
    broken = cv2.remap(
        layer,
        (columns + shift * np.float32(sin)).astype(np.float32),
        (rows - shift * np.float32(cos)).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    broken = np.asarray(broken, np.float32)
    if how.gap_mm:
        open_width = max(how.gap_mm, 0.8 / px)
        off = np.abs(across - 0.5 * how.step_mm) - at.half_mm - 0.5 * abs(how.step_mm)
        line = np.exp(-((past / open_width) ** 2)) * np.clip(1 - off, 0, 1)
        broken = broken * (1 - 0.75 * line)
    if how.callus_cm:
        bump = (along / (0.55 * how.reach_mm)) ** 2 + (across / (1.45 * at.half_mm)) ** 2
        uneven = 1 + 0.25 * cloud(rng, scene.shape, cell=4 * px)
        broken = broken + how.callus_cm * np.clip(1 - bump * uneven, 0, None) ** 0.7
    scene.layers[name] = np.where(place, broken, layer).astype(np.float32)
    return place
