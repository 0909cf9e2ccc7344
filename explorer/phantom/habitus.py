"""What the CT does not show: neck and shoulders above its top, arms beside it, breasts, fat."""

from collections.abc import Mapping

import cv2
import numpy as np

from explorer.entities import Float32, Side
from explorer.phantom.projection import Projection
from explorer.phantom.textures import blur


def complete_body(projection: Projection, rng: np.random.Generator) -> dict[str, Float32]:
    """Layers of the projection with shoulders, neck and arms added; "arms" is a new bone layer."""
    layers = {name: layer.copy() for name, layer in projection.layers.items()}
    if projection.view == "lateral":
        layers["arms"] = np.zeros_like(layers["wall"])
        return layers
    mid = float(np.median(projection.landmarks["trachea"][:, 0]))
    _extend_downwards(layers, mid=mid, pixel_mm=projection.pixel_mm)
    _extend_upwards(layers, projection=projection, mid=mid, rng=rng)
    _add_arms(layers, projection=projection, mid=mid, rng=rng)
    return layers


def _extend_upwards(
    layers: dict[str, Float32], *, projection: Projection, mid: float, rng: np.random.Generator
) -> None:
    """Continue the CT's top rows: the outline narrows to the neck, the spine is mirrored."""
    pixel = projection.pixel_mm
    tissues = [n for n in layers if not n.startswith("T_")]
    total = np.sum([layers[n] for n in tissues], axis=0)
    # The top of the CT fades in over many rows, since each depth starts elsewhere.
    near = slice(max(0, int(mid - 110 / pixel)), int(mid + 110 / pixel))
    profile = np.median(total[:, near], axis=1)
    first = int(np.argmax(profile > 1.0))
    full = profile[first : first + round(45 / pixel)].max()
    edge = int(np.argmax(profile > 0.85 * full)) + round(2 / pixel)
    rows, columns = np.mgrid[:edge, : total.shape[1]]
    height_mm = (edge - rows) * pixel
    offset_mm = np.abs(columns - mid) * pixel
    neck_mm = rng.uniform(48, 68)
    rise_mm = rng.uniform(40, 75)
    reach_mm = 185.0 - (185.0 - neck_mm) * np.clip(height_mm / rise_mm, 0, 1) ** rng.uniform(
        0.45, 0.8
    )
    inside = np.clip((reach_mm - offset_mm) / 30.0, 0, 1) ** 0.5
    neck = 11.0 * np.sqrt(np.clip(1 - (offset_mm / (neck_mm + 1)) ** 2, 0, 1))
    top = blur(layers["wall"], 3)[edge : edge + 6].mean(axis=0) + blur(layers["mediastinum"], 3)[
        edge : edge + 6
    ].mean(axis=0)
    away = np.exp(-height_mm / 110.0)
    flesh = blur(np.repeat(top[None], edge, axis=0), 4) * inside * (0.3 + 0.7 * away)
    grown = np.maximum(flesh, 0.8 * neck * (1 - 0.3 * away))
    layers["wall"][:edge] = grown
    seam = slice(max(0, edge - 14), edge + 6)
    layers["wall"][seam] = blur(layers["wall"], 3.0)[seam]
    for name in ("mediastinum", "vessels"):
        layers[name][:edge] = layers[name][edge][None] * np.exp(-height_mm / 15.0)
    for name in ("spine", "airway"):
        _mirror_rows(layers[name], edge=edge, period=round(42 / pixel))
    fade = np.exp(-height_mm / 6.0)
    for name in ("ribs", "shoulder"):
        layers[name][:edge] = layers[name][edge][None] * fade


def _extend_downwards(layers: dict[str, Float32], *, mid: float, pixel_mm: float) -> None:
    """Continue the CT's last rows to the lower edge, column by column."""
    total = np.sum([layers[n] for n in layers if not n.startswith("T_")], axis=0)
    height = len(total)
    rows = np.arange(height)[:, None]
    # The lower end fades over many rows, since each depth ends elsewhere: go back to full depth.
    lower = total[int(0.55 * height) :].max(axis=0)
    there = (total > 0.8 * lower) & (total > 1.0)
    last = np.where(there.any(axis=0), height - 1 - there[::-1].argmax(axis=0), 0)
    near = slice(max(0, int(mid - 80 / pixel_mm)), int(mid + 80 / pixel_mm))
    usual = int(np.median(last[near]))
    # Where a flank ends higher than the trunk, it ends by its shape and not by the CT.
    last = np.where(np.abs(last - usual) * pixel_mm < 35, last, usual)[None]
    last = np.maximum(0, last - round(9 / pixel_mm))
    source = np.minimum(rows, last)
    for name, layer in layers.items():
        longer = np.take_along_axis(layer, source, axis=0)
        # Blurred sideways below the CT, or every column would leave a streak.
        even = cv2.blur(longer, (2 * round(30 / pixel_mm) + 1, 1))
        weight = np.clip((rows - last) * pixel_mm / 12.0, 0, 1)
        layers[name] = (longer * (1 - weight) + even * weight).astype(np.float32)


def _mirror_rows(layer: Float32, *, edge: int, period: int) -> None:
    for row in range(edge - 1, -1, -1):
        back = (edge - 1 - row) % (2 * period)
        source = edge + (back if back < period else 2 * period - 1 - back)
        layer[row] = layer[min(source, len(layer) - 1)]


def _add_arms(
    layers: dict[str, Float32], *, projection: Projection, mid: float, rng: np.random.Generator
) -> None:
    """Hang an upper arm at each shoulder: soft tissue and a humerus with its cortex."""
    pixel = projection.pixel_mm
    shape = layers["wall"].shape
    layers["arms"] = np.zeros(shape, np.float32)
    shown = rng.random() < 0.65
    spread = rng.uniform(8, 26)
    radius = rng.uniform(42, 60)
    shoulder_y = projection.top * pixel + rng.uniform(10, 30)
    for sign in (-1, 1):
        if not shown:
            continue
        start = (mid * pixel + sign * rng.uniform(126, 150), shoulder_y)
        angle = np.deg2rad(spread + rng.normal(0, 3))
        end = (start[0] + sign * np.sin(angle) * 330, start[1] + np.cos(angle) * 330)
        distance = _distance_to_segment(shape, start=start, end=end, pixel_mm=pixel)
        flesh = 2 * np.sqrt(np.clip(radius**2 - distance**2, 0, None)) / 10
        layers["wall"] = np.maximum(layers["wall"], 1.0 * flesh.astype(np.float32))
        bone = 2 * np.sqrt(np.clip(13.0**2 - distance**2, 0, None)) / 10
        marrow = 2 * np.sqrt(np.clip(8.0**2 - distance**2, 0, None)) / 10
        layers["arms"] += (1.3 * bone - 0.9 * marrow).astype(np.float32)


def _distance_to_segment(
    shape: tuple[int, int],
    *,
    start: tuple[float, float],
    end: tuple[float, float],
    pixel_mm: float,
) -> Float32:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32) * np.float32(pixel_mm)
    direction = np.subtract(end, start)
    length2 = float(direction @ direction)
    along = ((columns - start[0]) * direction[0] + (rows - start[1]) * direction[1]) / length2
    along = np.clip(along, 0, 1)
    return np.hypot(
        columns - start[0] - along * direction[0], rows - start[1] - along * direction[1]
    ).astype(np.float32)


def add_breasts(
    wall: Float32, *, lungs: Mapping[Side, Float32], rng: np.random.Generator
) -> Float32:
    """Chest wall with two breasts over the lower lungs: dense below, a crease underneath."""
    height, width = wall.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    grown = wall.copy()
    thick, drop = rng.uniform(1.0, 4.5), rng.uniform(0.62, 0.85)
    for lung in lungs.values():
        ys, xs = np.nonzero(lung > 0.6)
        if len(ys) == 0:
            continue
        top, tall = float(ys.min()), float(np.ptp(ys)) + 1
        wide = float(np.ptp(xs)) + 1
        centre_x = float(xs.mean()) + rng.normal(0, 0.04) * wide
        centre_y = top + drop * tall
        radius_x, radius_y = wide * rng.uniform(0.55, 0.75), tall * rng.uniform(0.22, 0.34)
        low = rows > centre_y
        stretch = np.where(low, radius_y * 0.7, radius_y * 1.7)
        inside = 1 - ((columns - centre_x) / radius_x) ** 2 - ((rows - centre_y) / stretch) ** 2
        grown += thick * np.sqrt(np.clip(inside, 0, None)).astype(np.float32)
    return blur(grown, max(0.6, height / 400))
