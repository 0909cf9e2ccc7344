"""A patient of ellipsoids: small enough to project in tests, with every structure devices need."""

from pathlib import Path

import numpy as np
import pytest

from explorer.phantom.anatomy import Anatomy, build_anatomy
from explorer.phantom.poses import PoseBank, _write_pose, _write_slices, pose_of
from explorer.phantom.source import LabelledCt

SPACING = (5.0, 5.0, 6.0)
SHAPE = (80, 56, 64)  # X (patient's left grows), Y (front grows), Z (up grows)
# Structure -> (HU, centre in mm from the body's middle (x, y, z), radii in mm).
ELLIPSOIDS: dict[str, tuple[int, tuple[float, float, float], tuple[float, float, float]]] = {
    "lung_upper_lobe_right": (-850, (-68, 0, 85), (52, 75, 75)),
    "lung_middle_lobe_right": (-850, (-70, 30, 20), (52, 45, 35)),
    "lung_lower_lobe_right": (-850, (-68, -30, 0), (52, 50, 70)),
    "lung_upper_lobe_left": (-850, (70, 5, 75), (50, 75, 80)),
    "lung_lower_lobe_left": (-850, (70, -30, 0), (50, 50, 70)),
    "liver": (60, (-60, 10, -95), (75, 80, 70)),
    "stomach": (20, (65, 20, -95), (50, 50, 50)),
    "heart": (40, (22, 35, 0), (50, 35, 52)),
    "aorta": (40, (15, -20, 60), (13, 13, 90)),
    "superior_vena_cava": (40, (-20, 15, 75), (9, 9, 35)),
    "inferior_vena_cava": (40, (-20, 10, -70), (10, 10, 40)),
    "brachiocephalic_vein_left": (40, (15, 20, 120), (35, 8, 12)),
    "brachiocephalic_vein_right": (40, (-25, 20, 125), (12, 8, 20)),
    "subclavian_artery_left": (40, (40, 0, 150), (30, 8, 10)),
    "subclavian_artery_right": (40, (-40, 0, 150), (30, 8, 10)),
    "esophagus": (30, (3, -25, 60), (8, 8, 130)),
    "trachea": (-950, (0, -5, 125), (9, 9, 60)),
    "sternum": (300, (0, 78, 60), (15, 8, 80)),
    "vertebrae_T6": (350, (0, -60, 0), (20, 25, 190)),
    "clavicula_left": (350, (75, 45, 150), (60, 8, 8)),
    "clavicula_right": (350, (-75, 45, 150), (60, 8, 8)),
    "rib_left_5": (350, (122, 0, 40), (8, 40, 8)),
    "rib_right_5": (350, (-122, 0, 40), (8, 40, 8)),
}


def make_ct() -> LabelledCt:
    """Ellipsoids in an elliptic trunk of 340 x 240 mm; later structures win where they overlap."""
    grid = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij")
    x, y, z = ((g + 0.5 - n / 2) * step for g, n, step in zip(grid, SHAPE, SPACING, strict=True))
    hounsfield = np.full(SHAPE, -1000, np.int16)
    hounsfield[(x / 170) ** 2 + (y / 120) ** 2 < 1] = 30
    labels = np.zeros(SHAPE, np.uint8)
    structures = {name: k for k, name in enumerate(ELLIPSOIDS, start=1)}
    for name, (value, centre, radii) in ELLIPSOIDS.items():
        inside = sum(
            ((axis - c) / r) ** 2 for axis, c, r in zip((x, y, z), centre, radii, strict=True)
        )
        hounsfield[inside < 1] = value
        labels[inside < 1] = structures[name]
    return LabelledCt(
        hounsfield=hounsfield, labels=labels, structures=structures, spacing_mm=SPACING
    )


@pytest.fixture(scope="session")
def ct() -> LabelledCt:
    return make_ct()


@pytest.fixture(scope="session")
def anatomy(ct: LabelledCt) -> Anatomy:
    return build_anatomy(ct, pool=1)


@pytest.fixture(scope="session")
def bank(ct: LabelledCt, anatomy: Anatomy, tmp_path_factory: pytest.TempPathFactory) -> PoseBank:
    """Nine poses, the last a lateral, at 3 mm."""
    folder = tmp_path_factory.mktemp("bank")
    bank = PoseBank(folder=Path(folder), seed=5, count=9)
    for index in range(bank.count):
        _write_pose(bank.path(index), pose_of(index, seed=5, anatomy=anatomy, pixel_mm=3.0))
    _write_slices(ct, folder / "ct-slices.npz")
    return bank
