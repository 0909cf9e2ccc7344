"""Whole studies: the same seed gives the same bytes, and what is asked for is there."""

from pathlib import Path

import numpy as np
import pytest

from explorer.errors import DataSetError
from explorer.phantom.poses import PoseBank
from explorer.phantom.render import render_study
from explorer.phantom.shards import shrink_mask

SIZE = (128, 128)


def test_same_seed_same_bytes(bank: PoseBank) -> None:
    one, two = (render_study(11, bank=bank, size=SIZE) for _ in range(2))
    assert one.image.tobytes() == two.image.tobytes()
    assert one.report == two.report
    assert all(
        np.array_equal(a.mask, b.mask) for a, b in zip(one.findings, two.findings, strict=True)
    )


def test_other_seed_other_image(bank: PoseBank) -> None:
    one, two = render_study(1, bank=bank, size=SIZE), render_study(2, bank=bank, size=SIZE)
    assert not np.array_equal(one.image, two.image)


def test_image_uses_16_bit(bank: PoseBank) -> None:
    image = render_study(3, bank=bank, size=SIZE).image
    assert image.dtype == np.uint16
    assert len(np.unique(image)) > 1000


def test_body_is_brighter_than_air_and_lung_darker_than_heart(bank: PoseBank) -> None:
    """Bright = dense, in the mean over several normal studies."""
    differences = []
    for seed in range(6):
        image = render_study(seed, bank=bank, size=SIZE, wanted=()).image.astype(float)
        differences.append(image[70:90, 60:75].mean() - image[40:60, 25:40].mean())
    assert np.mean(differences) > 0


def test_wanted_finding_is_present_and_said(bank: PoseBank) -> None:
    study = render_study(4, bank=bank, size=SIZE, wanted=("effusion",))
    assert [f.finding for f in study.findings] == ["effusion"]
    spoken = [s for s in study.sentences if s.findings == (0,)]
    assert spoken
    assert all(s.text in study.report for s in study.sentences)


def test_normal_study_says_nothing_present(bank: PoseBank) -> None:
    study = render_study(5, bank=bank, size=SIZE, wanted=())
    assert study.findings == ()
    assert {s.assertion for s in study.sentences} <= {"absent", "not about the image"}


def test_lateral_has_no_findings(bank: PoseBank) -> None:
    study = render_study(6, bank=bank, size=SIZE, lateral=True)
    assert study.view == "lateral"
    assert study.findings == ()


def test_unknown_finding_is_refused(bank: PoseBank) -> None:
    with pytest.raises(DataSetError, match=r"Unknown finding 'dragon'\. Available: .*nodule"):
        render_study(1, bank=bank, size=SIZE, wanted=("dragon",))


def test_missing_pose_names_the_remedy(tmp_path: Path) -> None:
    bank = PoseBank(folder=tmp_path, seed=1, count=9)
    with pytest.raises(DataSetError, match="Build the bank again"):
        render_study(1, bank=bank, size=SIZE)


def test_thin_mask_survives_shrinking() -> None:
    mask = np.zeros((320, 320), bool)
    mask[:, 100] = True
    assert shrink_mask(mask)[:, 25].all()
    assert shrink_mask(mask).sum() == 80
