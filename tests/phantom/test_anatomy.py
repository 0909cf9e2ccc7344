"""Voxels become tissues: what is where, and what is taken away."""

import numpy as np

from explorer.phantom.anatomy import GROUPS, LOBES, Anatomy, build_anatomy
from explorer.phantom.source import LabelledCt
from tests.phantom.conftest import SPACING, make_ct


def volume_cm3(anatomy: Anatomy, name: str) -> float:
    """Volume under a thickness layer."""
    return (
        float(anatomy.slabs[name].planes.astype(np.float64).sum())
        * float(np.prod(anatomy.spacing_mm))
        / 1000
    )


def test_lobe_volume_is_kept(ct: LabelledCt, anatomy: Anatomy) -> None:
    label = ct.structures["lung_lower_lobe_left"]
    expected = float((ct.labels == label).sum()) * float(np.prod(SPACING)) / 1000
    assert abs(volume_cm3(anatomy, "T_lung_LLL") - expected) < 0.01 * expected


def test_every_voxel_of_the_body_is_in_one_group(ct: LabelledCt, anatomy: Anatomy) -> None:
    """The groups' mass adds up to the body's mass after contrast medium is undone (none here)."""
    assert set(GROUPS) <= set(anatomy.slabs)
    mass = sum(float(anatomy.slabs[name].planes.astype(np.float64).sum()) for name in GROUPS)
    inside = ct.hounsfield[(ct.hounsfield > -1000)].astype(np.float64)
    whole = float(((inside + 1000) / 1000).sum())
    pooled = whole / 2  # pool=1 averages two voxels of depth into one plane
    assert abs(mass - pooled) < 0.02 * pooled


def test_table_is_removed() -> None:
    ct = make_ct()
    ct.hounsfield[10:70, 0:2, :] = 200
    with_table = build_anatomy(ct, pool=1)
    without = build_anatomy(make_ct(), pool=1)
    for name in GROUPS:
        assert np.array_equal(with_table.slabs[name].planes, without.slabs[name].planes), name


def test_contrast_medium_becomes_blood() -> None:
    ct = make_ct()
    vein = ct.labels == ct.structures["superior_vena_cava"]
    ct.hounsfield[vein] = 1300
    bright = build_anatomy(ct, pool=1).slabs["vessels"].planes.astype(np.float32)
    assert bright.max() <= 1.05


def test_left_lobes_lie_at_larger_columns(anatomy: Anatomy) -> None:
    middle = anatomy.shape[2] / 2
    for name in LOBES:
        slab = anatomy.slabs[f"T_{name}"]
        weights = slab.planes.astype(np.float64).sum(axis=(0, 1))
        column = (np.arange(len(weights)) * weights).sum() / weights.sum() + slab.first[2]
        assert (column > middle) == name.startswith("lung_L"), name
