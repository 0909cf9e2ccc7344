"""From the CT to tissues: table and lesion removed, contrast medium undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from explorer.entities import Float32
from explorer.phantom.source import LabelledCt

LOBES = ("lung_RUL", "lung_RML", "lung_RLL", "lung_LUL", "lung_LLL")
GROUPS = (
    "wall", "mediastinum", "abdomen", "heart", "vessels", "ribs", "shoulder", "spine", "airway",
    *LOBES,
)  # fmt: skip
# Layers of pure thickness (cm) beside those of density: findings are shaped by them.
THICKNESS = ("heart", "abdomen", *LOBES)

_LOBE_STRUCTURES = {
    "lung_RUL": ("lung_upper_lobe_right",),
    "lung_RML": ("lung_middle_lobe_right",),
    "lung_RLL": ("lung_lower_lobe_right",),
    "lung_LUL": ("lung_upper_lobe_left",),
    "lung_LLL": ("lung_lower_lobe_left",),
}
_PREFIXES = {
    "heart": ("heart", "atrial_appendage"),
    "vessels": (
        "aorta", "pulmonary_vein", "brachiocephalic", "subclavian", "common_carotid",
        "superior_vena", "inferior_vena", "portal", "esophagus",
    ),
    "ribs": ("rib_", "sternum", "costal"),
    "shoulder": ("humerus", "scapula", "clavicula"),
    "spine": ("vertebrae", "spinal"),
    "airway": ("trachea",),
    "abdomen": (
        "spleen", "kidney", "gallbladder", "liver", "stomach", "pancreas", "adrenal",
        "small_bowel", "duodenum", "colon",
    ),
}  # fmt: skip
# Where this CT carries its own lesion: voxel centre and radius in mm, left lower lobe.
_LESION_CENTRE = (314, 143, 90)
_LESION_RADIUS_MM = 30.0
_BLOOD_HU = 45


@dataclass(frozen=True, slots=True)
class Slab:
    """One tissue in coronal planes, cropped to where it is: `planes[j]` is at depth index j.

    Attributes:
        planes: (Y, Z, X) float16, mean density relative to water (or filled share) in the plane.
        first: (y, z, x) index of the crop in the full volume.
    """

    planes: NDArray[np.float16]
    first: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The patient ready to be projected.

    Attributes:
        slabs: Layer name -> slab; thickness layers carry the prefix "T_".
        shape: (Y, Z, X) of the full volume.
        spacing_mm: (y, z, x) between planes, rows and columns.
        landmarks: Name -> (N, 3) polyline of (y, z, x) in mm from the volume's corner.
    """

    slabs: Mapping[str, Slab]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    landmarks: Mapping[str, Float32]


def build_anatomy(ct: LabelledCt, *, pool: int = 2) -> Anatomy:
    """Clean the CT, sort its voxels into tissues and cut them into coronal planes.

    Args:
        ct: The CT with its labels.
        pool: Voxels averaged along X; along Y (depth) twice as many. 1 keeps the CT's own
            in-plane resolution for large images.
    """
    body = _body_mask(ct.hounsfield)
    groups = _sort_voxels(ct, body)
    hounsfield = _undo_contrast(_heal_lesion(ct), groups)
    density = np.clip((hounsfield.astype(np.float32) + 1000.0) / 1000.0, 0.0, 3.5)
    density[~body] = 0.0
    slabs: dict[str, Slab] = {}
    for index, name in enumerate(GROUPS, start=1):
        inside = groups == index
        slabs[name] = _cut(density, inside, pool=pool)
        if name in THICKNESS:
            slabs[f"T_{name}"] = _cut(None, inside, pool=pool)
    x, y, z = ct.hounsfield.shape
    dx, dy, dz = ct.spacing_mm
    return Anatomy(
        slabs=MappingProxyType(slabs),
        shape=(y // (2 * pool), z, x // pool),
        spacing_mm=(dy * 2 * pool, dz, dx * pool),
        landmarks=MappingProxyType(_landmarks(ct)),
    )


def _body_mask(hounsfield: NDArray[np.int16]) -> NDArray[np.bool_]:
    """The largest thing denser than fat, holes filled: the table and the coils go."""
    coarse, _ = ndimage.label(hounsfield[::2, ::2] > -300)
    largest = 1 + int(np.argmax(np.bincount(coarse.ravel())[1:]))
    body = np.repeat(np.repeat(coarse == largest, 2, axis=0), 2, axis=1)
    body = body[: hounsfield.shape[0], : hounsfield.shape[1]]
    return np.stack(
        [ndimage.binary_fill_holes(body[:, :, k]) for k in range(body.shape[2])], axis=2
    )


def _sort_voxels(ct: LabelledCt, body: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give every voxel of the body the 1-based number of its group in `GROUPS`; 0 outside."""
    table = np.zeros(256, np.uint8)
    for index, name in enumerate(GROUPS, start=1):
        for structure, label in ct.structures.items():
            prefixes = _LOBE_STRUCTURES.get(name) or _PREFIXES.get(name, ())
            if structure.startswith(prefixes) and prefixes:
                table[label] = index
    groups = table[ct.labels]
    number = {name: index for index, name in enumerate(GROUPS, start=1)}
    lungs = groups >= number["lung_RUL"]
    chest = _between_lungs(lungs | (groups == number["heart"]))
    groups[(groups == 0) & body & chest] = number["mediastinum"]
    groups[(groups == 0) & body] = number["wall"]
    groups[~body] = 0
    return groups


def _between_lungs(lungs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Per axial slice the convex hull of lungs and heart: what else lies inside is mediastinum."""
    hull = np.zeros(lungs.shape, bool)
    for k in range(lungs.shape[2]):
        points = cv2.findNonZero(lungs[:, :, k].astype(np.uint8))
        if points is None:
            continue
        canvas = np.zeros(lungs.shape[:2], np.uint8)
        cv2.fillConvexPoly(canvas, cv2.convexHull(points), 1)
        hull[:, :, k] = canvas > 0
    return hull


def _heal_lesion(ct: LabelledCt) -> NDArray[np.int16]:
    """Replace the CT's own lesion by the mirrored place of the other lung."""
    healed = ct.hounsfield.copy()
    radii = [int(np.ceil(_LESION_RADIUS_MM / step)) for step in ct.spacing_mm]
    if any(
        c - r < 0 or c + r >= n for c, r, n in zip(_LESION_CENTRE, radii, healed.shape, strict=True)
    ):
        return healed  # Not this CT: a synthetic one of a test.
    left = [ct.structures[n] for n in ("lung_upper_lobe_left", "lung_lower_lobe_left")]
    box = tuple(slice(c - r, c + r + 1) for c, r in zip(_LESION_CENTRE, radii, strict=True))
    grid = np.ogrid[tuple(slice(-r, r + 1) for r in radii)]
    distance = np.sqrt(sum((g * s) ** 2 for g, s in zip(grid, ct.spacing_mm, strict=True)))
    target = np.isin(ct.labels[box], left) & (distance <= _LESION_RADIUS_MM)
    mirrored = ct.hounsfield[::-1][box]
    mirrored_labels = ct.labels[::-1][box]
    right = [v for k, v in ct.structures.items() if k.startswith("lung") and k.endswith("right")]
    usable = np.isin(mirrored_labels, right) & (mirrored < -500)
    fill = np.where(usable, mirrored, -870)
    healed[box] = np.where(target, fill, healed[box]).astype(np.int16)
    return healed


def _undo_contrast(hounsfield: NDArray[np.int16], groups: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Bring vessels and streaks filled with contrast medium back to the density of blood."""
    number = {name: index for index, name in enumerate(GROUPS, start=1)}
    blood = np.isin(groups, [number["heart"], number["vessels"]])
    bones = np.isin(groups, [number["ribs"], number["shoulder"], number["spine"]])
    near_bone = ndimage.binary_dilation(bones[::2, ::2], iterations=2)
    near_bone = np.repeat(np.repeat(near_bone, 2, 0), 2, 1)[: groups.shape[0], : groups.shape[1]]
    plain = hounsfield.copy()
    plain[blood & (plain > 70)] = _BLOOD_HU
    plain[~near_bone & ~blood & (plain > 120) & (groups > 0)] = _BLOOD_HU
    soft = np.isin(groups, [number["mediastinum"], number["wall"]])
    plain[soft & ~near_bone & (plain < -250)] = -100  # dark streaks beside the dense vein
    return plain


def _cut(density: Float32 | None, inside: NDArray[np.bool_], *, pool: int) -> Slab:
    """Average a tissue into coronal planes (Y, Z, X) and crop it to where it is.

    `density` None stands for 1 everywhere: the planes then hold the filled share.
    """
    deep = 2 * pool
    filled = [np.flatnonzero(inside.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    if any(len(found) == 0 for found in filled):
        return Slab(planes=np.zeros((0, 1, 1), np.float16), first=(0, 0, 0))
    # Whole output cells, and one empty cell around so that interpolation fades at the edges.
    cells = (pool, deep, 1)
    whole = [n // c for n, c in zip(inside.shape, cells, strict=True)]
    low = [max(0, int(f[0]) // c - 1) for f, c in zip(filled, cells, strict=True)]
    high = [min(n, int(f[-1]) // c + 2) for f, c, n in zip(filled, cells, whole, strict=True)]
    box = tuple(slice(a * c, b * c) for a, b, c in zip(low, high, cells, strict=True))
    tissue = inside[box].astype(np.float32)
    if density is not None:
        tissue *= density[box]
    x, y, z = tissue.shape
    planes = tissue.reshape(x // pool, pool, y // deep, deep, z).mean(axis=(1, 3))
    planes = planes.transpose(1, 2, 0)
    return Slab(planes=np.ascontiguousarray(planes, np.float16), first=(low[1], low[2], low[0]))


def _landmarks(ct: LabelledCt) -> dict[str, Float32]:
    """Centre lines and points that devices follow, as (y, z, x) in mm from the corner."""
    lines = {
        "trachea": ("trachea",),
        "svc": ("superior_vena_cava",),
        "ivc": ("inferior_vena_cava",),
        "esophagus": ("esophagus",),
        "sternum": ("sternum",),
        "arch": ("aorta",),
        "vein_left": ("brachiocephalic_vein_left",),
        "vein_right": ("brachiocephalic_vein_right",),
        "artery_left": ("subclavian_artery_left",),
        "artery_right": ("subclavian_artery_right",),
        "heart": ("heart",),
        "stomach": ("stomach",),
    }
    found: dict[str, Float32] = {}
    for name, structures in lines.items():
        labels = [ct.structures[s] for s in structures if s in ct.structures]
        line = _centre_line(np.isin(ct.labels, labels), ct.spacing_mm)
        if len(line):
            found[name] = line
    return found


def _centre_line(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> Float32:
    """Centroid per axial slice from the top down, (N, 3) of (y, z, x) in mm."""
    heights = np.flatnonzero(mask.any(axis=(0, 1)))[::-1]
    points = []
    for k in heights:
        x, y = np.nonzero(mask[:, :, k])
        points.append((y.mean() * spacing_mm[1], k * spacing_mm[2], x.mean() * spacing_mm[0]))
    return np.asarray(points, np.float32).reshape(-1, 3)
