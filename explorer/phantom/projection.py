"""Posed, warped, perspective projection of the anatomy into 2-D tissue layers.

Depth planes stay planes: turning and leaning the patient are shears over depth, perspective is a
magnification that changes with depth, so every plane is one 2-D remap and the sum is the picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from explorer.entities import Float32
from explorer.phantom.anatomy import Anatomy

ProjectedView = Literal["PA", "AP", "lateral"]


@dataclass(frozen=True, slots=True)
class Pose:
    """How the patient stands and is built.

    Attributes:
        view: Projection.
        turn_deg, lean_deg, roll_deg: About the long axis, about the left-right axis, in plane.
        scale: (depth, height, width) of the body relative to the CT's.
        source_mm: Distance from X-ray source to detector.
        warp_mm: (2, knots in depth, rows, columns) random displacement (width, height).
    """

    view: ProjectedView
    turn_deg: float
    lean_deg: float
    roll_deg: float
    scale: tuple[float, float, float]
    source_mm: float
    warp_mm: Float32


@dataclass(frozen=True, slots=True)
class Projection:
    """Tissue layers of one pose.

    Attributes:
        layers: Name -> (rows, columns) float32, path length in cm of water (or of tissue, "T_").
        pixel_mm: Size of a pixel in the patient's plane.
        landmarks: Name -> (N, 2) polyline of (x, y) in pixels.
        top: First row that the CT reaches, in pixels.
        view: Projection.
    """

    layers: Mapping[str, Float32]
    pixel_mm: float
    landmarks: Mapping[str, Float32]
    top: int
    view: ProjectedView


def random_pose(rng: np.random.Generator, *, view: ProjectedView) -> Pose:
    """Draw a pose: AP patients sit or lie, closer to the source and less straight."""
    unrest = 1.5 if view == "AP" else 1.0
    warp = rng.normal(0, 1, (2, 3, 5, 5)).astype(np.float32)
    warp *= np.array([7.0, 9.0], np.float32)[:, None, None, None] * rng.uniform(0.4, 1.2)
    # Depth of inspiration: the lower rows of the lattice move together.
    warp[1] += np.array([0, 0, 0, 0.6, 1.0], np.float32)[None, :, None] * rng.normal(0, 14)
    return Pose(
        view=view,
        turn_deg=float(rng.normal(0, 2.5 * unrest)),
        lean_deg=float(rng.normal(2.0 if view == "AP" else 0.0, 4.0 * unrest)),
        roll_deg=float(rng.normal(0, 1.2 * unrest)),
        scale=(
            float(rng.uniform(0.85, 1.2)),
            float(rng.uniform(0.92, 1.12)),
            float(rng.uniform(0.94, 1.12)),
        ),
        source_mm=float(rng.uniform(950, 1300) if view == "AP" else rng.uniform(1600, 1900)),
        warp_mm=warp,
    )


def project(
    anatomy: Anatomy,
    pose: Pose,
    *,
    pixel_mm: float = 1.125,
    field_mm: tuple[float, float] = (430.0, 420.0),
    refine: int = 1,
) -> Projection:
    """Sum the anatomy's planes into layers of `field_mm` (height, width) at `pixel_mm`.

    `refine` > 1 interpolates that many rows between two CT slices by cubics before each remap:
    for pixels much finer than the slices.
    """
    view = _LateralAnatomy(anatomy) if pose.view == "lateral" else _FrontalAnatomy(anatomy)
    size = (round(field_mm[0] / pixel_mm), round(field_mm[1] / pixel_mm))
    maps = _PlaneMaps(view=view, pose=pose, size=size, pixel_mm=pixel_mm)
    layers = {name: np.zeros(size, np.float32) for name in anatomy.slabs}
    depth_cm = view.step_mm * pose.scale[0] / 10.0
    for j in range(view.planes):
        present = [name for name in anatomy.slabs if view.has(name, j)]
        if not present:
            continue
        columns, rows = maps.at(j)
        for name in present:
            plane, first_row, first_column = view.plane(name, j)
            seen_rows = rows - np.float32(first_row)
            if refine > 1:
                tall = (plane.shape[1], plane.shape[0] * refine)
                taller = cv2.resize(plane, tall, interpolation=cv2.INTER_CUBIC)
                plane = np.asarray(taller, np.float32)
                seen_rows = (seen_rows + np.float32(0.5)) * refine - np.float32(0.5)
            layers[name] += depth_cm * cv2.remap(
                plane,
                columns - np.float32(first_column),
                seen_rows,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
            )
    landmarks = {name: maps.project(line) for name, line in anatomy.landmarks.items()}
    total = np.sum([layers[n] for n in layers if not n.startswith("T_")], axis=0)
    reached = np.flatnonzero(total.max(axis=1) > 1.0)
    return Projection(
        layers=layers,
        pixel_mm=pixel_mm,
        landmarks=landmarks,
        top=int(reached[0]) if len(reached) else 0,
        view=pose.view,
    )


class _FrontalAnatomy:
    """Planes as the anatomy holds them: depth is Y, columns are X (patient's right first)."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.slabs = anatomy.slabs
        self.planes, self.rows, self.columns = anatomy.shape
        self.step_mm, self.row_mm, self.column_mm = anatomy.spacing_mm

    def has(self, name: str, j: int) -> bool:
        slab = self.slabs[name]
        return 0 <= j - slab.first[0] < len(slab.planes)

    def plane(self, name: str, j: int) -> tuple[Float32, int, int]:
        slab = self.slabs[name]
        plane = slab.planes[j - slab.first[0]].astype(np.float32)
        return plane, slab.first[1], slab.first[2]

    def split(self, point_mm: Float32) -> tuple[float, float, float]:
        """(depth, height, column) in mm of a landmark (y, z, x)."""
        return float(point_mm[0]), float(point_mm[1]), float(point_mm[2])


class _LateralAnatomy(_FrontalAnatomy):
    """Depth is X, columns are Y from front to back: the patient faces the image's left."""

    def __init__(self, anatomy: Anatomy) -> None:
        super().__init__(anatomy)
        self.planes, self.columns = anatomy.shape[2], anatomy.shape[0]
        self.step_mm, self.column_mm = anatomy.spacing_mm[2], anatomy.spacing_mm[0]

    def has(self, name: str, j: int) -> bool:
        slab = self.slabs[name]
        return 0 <= j - slab.first[2] < slab.planes.shape[2] and len(slab.planes) > 0

    def plane(self, name: str, j: int) -> tuple[Float32, int, int]:
        slab = self.slabs[name]
        plane = slab.planes[::-1, :, j - slab.first[2]].T.astype(np.float32)
        front = self.columns - (slab.first[0] + len(slab.planes))
        return np.ascontiguousarray(plane), slab.first[1], front

    def split(self, point_mm: Float32) -> tuple[float, float, float]:
        front = self.columns * self.column_mm - float(point_mm[0])
        return float(point_mm[2]), float(point_mm[1]), front


class _PlaneMaps:
    """Where each output pixel looks in the plane at depth j, in voxels."""

    def __init__(
        self, *, view: _FrontalAnatomy, pose: Pose, size: tuple[int, int], pixel_mm: float
    ) -> None:
        self.view, self.pose, self.size, self.pixel_mm = view, pose, size, pixel_mm
        height, width = size
        across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) * pixel_mm
        # Rows grow downwards while Z grows upwards; the CT's top sits 70 mm below the upper edge.
        volume_mm = view.rows * view.row_mm
        self.top_mm = 70.0
        up = volume_mm / 2 - ((np.arange(height, dtype=np.float32) + 0.5) * pixel_mm - self.top_mm)
        self.across, self.up = np.meshgrid(across, up)
        roll = np.deg2rad(pose.roll_deg)
        self.across, self.up = (
            (np.cos(roll) * self.across + np.sin(roll) * self.up).astype(np.float32),
            (np.cos(roll) * self.up - np.sin(roll) * self.across).astype(np.float32),
        )
        knots = pose.warp_mm.shape[1]
        self.warp = np.stack(
            [
                [
                    cv2.resize(pose.warp_mm[a, k], (width, height), interpolation=cv2.INTER_CUBIC)
                    for k in range(knots)
                ]
                for a in range(2)
            ]
        )  # (2, knots, height, width)

    def at(self, j: int) -> tuple[Float32, Float32]:
        """(columns, rows) of plane j, float32 voxel indices."""
        pose, view = self.pose, self.view
        depth = (j + 0.5) * view.step_mm - view.planes * view.step_mm / 2
        # The detector touches the front for PA, the back for AP, the left side for a lateral.
        to_detector = 120.0 + (depth if pose.view == "AP" else -depth) * pose.scale[0]
        enlarge = pose.source_mm / (pose.source_mm - to_detector)
        usual = pose.source_mm / (pose.source_mm - 120.0)
        x = self.across * (usual / enlarge) / pose.scale[2]
        z = self.up * (usual / enlarge) / pose.scale[1]
        knots = self.warp.shape[1]
        place = np.clip((j + 0.5) / view.planes, 0, 1) * (knots - 1)
        low = min(int(place), knots - 2)
        part = np.float32(place - low)
        shift = self.warp[:, low] * (1 - part) + self.warp[:, low + 1] * part
        x = x + shift[0] + np.float32(np.tan(np.deg2rad(pose.turn_deg)) * depth)
        z = z + shift[1] + np.float32(np.tan(np.deg2rad(pose.lean_deg)) * depth)
        columns = (x + view.columns * view.column_mm / 2) / view.column_mm - 0.5
        rows = (z + view.rows * view.row_mm / 2) / view.row_mm - 0.5
        return columns.astype(np.float32), rows.astype(np.float32)

    def project(self, line_mm: Float32) -> Float32:
        """Place a polyline of landmarks in the picture: (N, 2) of (x, y) in pixels."""
        points = []
        for point in line_mm:
            depth, height, column = self.view.split(point)
            j = int(np.clip(depth / self.view.step_mm, 0, self.view.planes - 1))
            columns, rows = self.at(j)
            miss = (columns * self.view.column_mm - column) ** 2
            miss += (rows * self.view.row_mm - height) ** 2
            y, x = np.unravel_index(int(np.argmin(miss)), miss.shape)
            points.append((x + 0.5, y + 0.5))
        return np.asarray(points, np.float32).reshape(-1, 2)
