"""One patient in one frame: tissue layers at output size, lung geometry, and room for findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32, Side
from explorer.phantom.anatomy import LOBES
from explorer.phantom.habitus import add_breasts
from explorer.phantom.projection import ProjectedView
from explorer.phantom.textures import smooth_noise

SIDES: tuple[Side, ...] = ("right", "left")
LOBES_OF: dict[Side, tuple[str, ...]] = {"right": LOBES[:3], "left": LOBES[3:]}
# Mean and spread of the lungs' outer box (x0, y0, x1, y1, shares of the frame) in 112 outlined
# radiographs (v7labs lung masks).
_FRAME_MEAN = (0.081, 0.105, 0.920, 0.815)
_FRAME_SPREAD = (0.050, 0.060, 0.047, 0.085)


@dataclass(frozen=True, slots=True)
class Lung:
    """Geometry of one lung in the picture.

    Attributes:
        thickness: (S, S) cm of lung along the ray.
        full: Lung anywhere along the ray, also behind heart and diaphragm.
        clear: The aerated lung beside heart and mediastinum.
        aerated: What shows as lung: above the diaphragm's dome.
        height: (S, S) 0 at the apex, 1 at the base of the aerated lung.
        lateral: (S, S) 0 at the mediastinum, 1 at the ribs.
        depth_mm: (S, S) distance to the outline of the aerated lung, 0 outside.
    """

    thickness: Float32
    full: NDArray[np.bool_]
    aerated: NDArray[np.bool_]
    clear: NDArray[np.bool_]
    height: Float32
    lateral: Float32
    depth_mm: Float32


@dataclass(slots=True)
class Scene:
    """What findings change: `layers`, and `extra` for dense things laid on top.

    Attributes:
        layers: Name -> (S, S) float32, cm of water along the ray; "T_" layers are cm of tissue.
        lungs: Side -> geometry before any finding, or after one that bent the lungs themselves.
        px_per_mm: Pixels a millimetre in the patient.
        landmarks: Name -> (N, 2) polyline of (x, y) in pixels.
        extra: (S, S) float32, cm of water added by findings and devices (sharp things).
        texture: Factor of vascular markings.
    """

    layers: dict[str, Float32]
    lungs: Mapping[Side, Lung]
    px_per_mm: float
    landmarks: dict[str, Float32]
    view: ProjectedView
    extra: Float32
    taken: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the picture."""
        return self.extra.shape[0], self.extra.shape[1]

    @property
    def mid_x(self) -> float:
        """Column of the trachea's median, in pixels."""
        return float(np.median(self.landmarks["trachea"][:, 0]))

    def lobe(self, name: str) -> Float32:
        """Thickness of a lobe in cm, e.g. "RUL"."""
        return self.layers[f"T_lung_{name}"]


def frame_scene(
    layers: dict[str, Float32],
    landmarks: dict[str, Float32],
    *,
    view: ProjectedView,
    pixel_mm: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Scene:
    """Crop, stretch and bend the layers so that the lungs lie as in real films."""
    lung = np.sum([layers[f"T_{name}"] for name in LOBES], axis=0) > 1.0
    ys, xs = np.nonzero(lung)
    box = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], float)
    if view != "lateral":
        dome = lung & (layers["T_abdomen"] < 4.0)
        box[3] = np.nonzero(dome)[0].max() + 1
    target = np.clip(
        rng.normal(_FRAME_MEAN, _FRAME_SPREAD), [-0.02, 0.01, 0.8, 0.6], [0.2, 0.25, 1.02, 0.99]
    )
    height, width = size
    if view == "lateral":
        target[[0, 2]] = [rng.uniform(0.1, 0.25), rng.uniform(0.72, 0.9)]
    scale_x = (box[2] - box[0]) / ((target[2] - target[0]) * width)
    scale_y = (box[3] - box[1]) / ((target[3] - target[1]) * height)
    # People differ in shape, pixels do not: keep the two scales within what bodies do.
    middle = np.sqrt(scale_x * scale_y)
    ratio = np.clip(scale_x / scale_y * rng.uniform(0.95, 1.15), 0.9, 1.5)
    scale_x, scale_y = middle * np.sqrt(ratio), middle / np.sqrt(ratio)
    centre = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    place = ((target[0] + target[2]) / 2 * width, (target[1] + target[3]) / 2 * height)
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5
    )
    bend = 3.5 / pixel_mm * rng.uniform(0, 1)
    map_x = centre[0] + (columns - place[0]) * scale_x
    map_y = centre[1] + (rows - place[1]) * scale_y
    if view != "lateral":
        map_y = _flatten_domes(map_x, map_y, dome, box=box, kept=float(rng.uniform(0.6, 0.95)))
    map_x = map_x + bend * smooth_noise(rng, size, cell=width / 4)
    map_y = map_y + bend * smooth_noise(rng, size, cell=height / 4)
    map_x, map_y = (map_x - 0.5).astype(np.float32), (map_y - 0.5).astype(np.float32)
    framed = {name: _remap(layer, map_x, map_y) for name, layer in layers.items()}
    px_per_mm = 1.0 / (middle * pixel_mm)
    placed = {name: _place(line, map_x, map_y) for name, line in landmarks.items()}
    return _finish(framed, placed, view=view, px_per_mm=px_per_mm, rng=rng)


def _flatten_domes(
    map_x: Float32,
    map_y: Float32,
    dome: NDArray[np.bool_],
    *,
    box: NDArray[np.float64],
    kept: float,
) -> Float32:
    """Bend the rows so that the diaphragm stands lower, as it does in people who stand.

    Args:
        map_x: (S, S) column of the projection for each pixel of the picture.
        map_y: (S, S) row of the projection for each pixel of the picture.
        dome: Lung above the diaphragm, in the projection.
        box: Its outer box (x0, y0, x1, y1).
        kept: Share of the dome's height above the costophrenic angles that is kept, (0, 1).

    Returns:
        (S, S) rows; those at the costophrenic angles and at the apices stay.
    """
    columns = np.arange(dome.shape[1])
    inside = dome.any(axis=0)
    lowest = dome.shape[0] - dome[::-1].argmax(axis=0)
    rise = np.interp(columns, columns[inside], (box[3] - lowest)[inside], left=0.0, right=0.0)
    tall = box[3] - box[1]
    half = max(1, round(0.08 * (box[2] - box[0])))
    even = np.convolve(np.pad(rise, half, mode="edge"), np.ones(2 * half + 1), "valid")
    rise = np.clip(even / (2 * half + 1), 0.0, 0.55 * tall)
    above = np.interp(map_x, columns, rise)
    shown_at = box[3] - kept * above
    top = box[1] + 0.15 * tall
    share = np.where(
        map_y < shown_at,
        np.clip((map_y - top) / np.maximum(1.0, shown_at - top), 0, 1),
        np.clip((box[3] - map_y) / np.maximum(1.0, box[3] - shown_at), 0, 1),
    )
    return np.asarray(map_y - (1 - kept) * above * share, np.float32)


def _remap(layer: Float32, map_x: Float32, map_y: Float32) -> Float32:
    bent = cv2.remap(layer, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.float32)


def _place(line: Float32, map_x: Float32, map_y: Float32) -> Float32:
    """Find where the points of the projection went: nearest pixel of the maps."""
    step = max(1, map_x.shape[0] // 160)
    coarse_x, coarse_y = map_x[::step, ::step], map_y[::step, ::step]
    chosen = line[:: max(1, len(line) // 12)]
    points = []
    for x, y in chosen:
        miss = (coarse_x - x) ** 2 + (coarse_y - y) ** 2
        row, column = np.unravel_index(int(np.argmin(miss)), miss.shape)
        points.append((column * step + 0.5, row * step + 0.5))
    return np.asarray(points, np.float32)


def _finish(
    layers: dict[str, Float32],
    landmarks: dict[str, Float32],
    *,
    view: ProjectedView,
    px_per_mm: float,
    rng: np.random.Generator,
) -> Scene:
    if view != "lateral" and rng.random() < 0.45:
        layers["wall"] = add_breasts(layers["wall"], lungs=_lung_depths(layers), rng=rng)
    return Scene(
        layers=layers,
        lungs=measure_lungs(layers, px_per_mm=px_per_mm),
        px_per_mm=px_per_mm,
        landmarks=landmarks,
        view=view,
        extra=np.zeros_like(layers["wall"]),
    )


def measure_lungs(layers: Mapping[str, Float32], *, px_per_mm: float) -> dict[Side, Lung]:
    """Geometry of both lungs as the layers are now; findings that bend the lungs measure again."""
    return {
        side: _lung(depth, layers=layers, side=side, px_per_mm=px_per_mm)
        for side, depth in _lung_depths(layers).items()
    }


def _lung_depths(layers: Mapping[str, Float32]) -> dict[Side, Float32]:
    return {
        side: np.sum([layers[f"T_{name}"] for name in LOBES_OF[side]], axis=0) for side in SIDES
    }


def _lung(
    thickness: Float32, *, layers: Mapping[str, Float32], side: Side, px_per_mm: float
) -> Lung:
    full = thickness > 0.6
    aerated = full & (layers["T_abdomen"] < 4.0)
    middle = layers["mediastinum"] + layers["vessels"] + layers["spine"]
    clear = aerated & (layers["T_heart"] < 1.0) & (middle < 4.5)
    rows, columns = np.mgrid[: full.shape[0], : full.shape[1]].astype(np.float32)
    ys = np.flatnonzero(aerated.any(axis=1))
    first, last = (ys[0], ys[-1]) if len(ys) else (0, 1)
    height = (rows - first) / max(1, last - first)
    left_edge = np.where(full.any(1), full.argmax(1), 0)[:, None].astype(np.float32)
    right_edge = np.where(full.any(1), full.shape[1] - full[:, ::-1].argmax(1), 1)[:, None]
    lateral = (columns - left_edge) / np.maximum(1, right_edge - left_edge)
    if side == "right":  # The patient's right is at the image's left: its ribs come first.
        lateral = 1 - lateral
    padded = np.pad(aerated.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] / px_per_mm
    return Lung(
        thickness=thickness,
        full=full,
        aerated=aerated,
        clear=clear,
        height=height.astype(np.float32),
        lateral=np.clip(lateral, 0, 1).astype(np.float32),
        depth_mm=depth.astype(np.float32),
    )
