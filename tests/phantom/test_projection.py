"""Projection keeps mass and sides, and landmarks land on what they mark."""

import numpy as np
import pytest

from explorer.phantom.anatomy import Anatomy
from explorer.phantom.projection import Pose, project


def straight(view: str = "PA") -> Pose:
    return Pose(
        view=view,  # type: ignore[arg-type]
        turn_deg=0,
        lean_deg=0,
        roll_deg=0,
        scale=(1, 1, 1),
        source_mm=1e7,
        warp_mm=np.zeros((2, 3, 5, 5), np.float32),
    )


@pytest.mark.parametrize("view", ["PA", "AP", "lateral"])
def test_parallel_projection_keeps_volume(anatomy: Anatomy, view: str) -> None:
    layers = project(anatomy, straight(view), pixel_mm=2.0, field_mm=(520, 420)).layers
    for name in ("T_heart", "T_lung_RUL"):
        seen_cm3 = float(layers[name].sum()) * 0.2 * 0.2
        planes = anatomy.slabs[name].planes.astype(np.float64)
        true_cm3 = float(planes.sum()) * float(np.prod(anatomy.spacing_mm)) / 1000
        assert abs(seen_cm3 - true_cm3) < 0.02 * true_cm3


def test_patients_right_is_at_the_images_left(anatomy: Anatomy) -> None:
    layers = project(anatomy, straight(), pixel_mm=3.0).layers
    columns = np.arange(layers["wall"].shape[1])

    def middle(name: str) -> float:
        return float((layers[name].sum(axis=0) * columns).sum() / layers[name].sum())

    assert middle("T_lung_RUL") < columns.mean() < middle("T_lung_LUL")
    assert middle("T_heart") > columns.mean()


def test_heart_is_larger_in_ap_than_in_pa(anatomy: Anatomy) -> None:
    """The heart lies in front: far from the detector of an AP film, so enlarged."""
    widths = {}
    for view in ("PA", "AP"):
        pose = straight(view)
        pose = Pose(**{f: getattr(pose, f) for f in pose.__slots__} | {"source_mm": 1000.0})
        layer = project(anatomy, pose, pixel_mm=1.5).layers["T_heart"]
        widths[view] = int((layer.max(axis=0) > 0.5).sum())
    assert widths["AP"] > 1.02 * widths["PA"]


def test_landmark_lies_on_its_structure(anatomy: Anatomy) -> None:
    projection = project(anatomy, straight(), pixel_mm=2.0)
    airway = projection.layers["airway"]
    vessels = projection.layers["vessels"]
    x, y = projection.landmarks["svc"][len(projection.landmarks["svc"]) // 2]
    assert vessels[int(y), int(x)] > 0.5
    x, y = projection.landmarks["trachea"][5]
    assert airway.shape == vessels.shape
    assert abs(x - airway.shape[1] / 2) < 4
