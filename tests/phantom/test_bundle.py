"""Bundled studies: what is committed is whole, small, and its boxes belong to its sentences."""

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from explorer import cli
from explorer.errors import DataSetError
from explorer.phantom.bundle import Plan, part_boxes, write_bundled
from explorer.phantom.bundled_plans import PLANS
from explorer.phantom.poses import PoseBank
from explorer.phantom.render import render_study
from explorer.phantom.source import LabelledCt
from explorer.text import read_report

STUDIES = Path(__file__).parents[2] / "assets" / "studies"
SIZE = (96, 96)


def plan(wanted: tuple[str, ...], links: dict[str, tuple[str, ...]]) -> Plan:
    return Plan(
        name="example", title="Example", description="For a test.", expected="works", seed=1,
        pose=0, shape=SIZE, wanted=wanted, links=links,
        report="FINDINGS: There is a {mass} mass. No effusion.\n",
    )  # fmt: skip


def test_boxes_point_at_the_sentence_and_its_pixels(bank: PoseBank, tmp_path: Path) -> None:
    study = render_study(1, bank=bank, size=SIZE, wanted=("mass",))
    folder = write_bundled(study, plan(("mass",), {"mass": ("There is a",)}), tmp_path)
    truth = json.loads((folder / "truth.json").read_text())
    text = (folder / "report.txt").read_text()
    assert "{" not in text
    sentence = read_report(text).sentences[truth["boxes"][0]["sentence"]]
    assert sentence.text.endswith("mass.")
    rows, columns = np.nonzero(study.findings[0].mask)
    boxes = np.array([b["box_xyxy"] for b in truth["boxes"]])
    assert boxes[:, 0].min() >= columns.min()
    assert boxes[:, 3].max() <= rows.max() + 1


def test_missing_finding_is_refused(bank: PoseBank, tmp_path: Path) -> None:
    study = render_study(1, bank=bank, size=SIZE, wanted=())
    with pytest.raises(DataSetError, match="must hold mass, got nothing"):
        write_bundled(study, plan(("mass",), {"mass": ("There is a",)}), tmp_path)


def test_unspoken_finding_is_refused(bank: PoseBank, tmp_path: Path) -> None:
    study = render_study(1, bank=bank, size=SIZE, wanted=("mass",))
    with pytest.raises(DataSetError, match=r"No sentence .* speaks of mass"):
        write_bundled(study, plan(("mass",), {"mass": ("Elsewhere",)}), tmp_path)


def test_two_parts_give_two_boxes_and_crumbs_none() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:8, 2:8] = True
    mask[10:16, 10:18] = True
    mask[19, 0] = True
    assert [b.to_xywh() for b in part_boxes(mask)] == [(2, 2, 6, 6), (10, 10, 8, 6)]


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: p.name)
def test_committed_study_is_whole(plan: Plan) -> None:
    folder = STUDIES / plan.name
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    dataset = pydicom.dcmread(folder / "image.dcm")
    sentences = read_report((folder / "report.txt").read_text(encoding="utf-8")).sentences
    assert dataset.PatientIdentityRemoved == "YES"
    assert dataset.pixel_array.shape == plan.shape
    assert truth["expected"] == plan.expected
    assert {b["label"] for b in truth["boxes"]} == set() or plan.wanted
    for entry in truth["boxes"]:
        x0, y0, x1, y1 = entry["box_xyxy"]
        assert 0 <= x0 < x1 <= plan.shape[1]
        assert 0 <= y0 < y1 <= plan.shape[0]
        assert sentences[entry["sentence"]].assertion == "present"


def test_committed_studies_are_small() -> None:
    assert sum(f.stat().st_size for f in STUDIES.rglob("*") if f.is_file()) < 6_000_000


def test_one_study_is_normal_and_one_fails() -> None:
    assert sorted(p.expected for p in PLANS) == ["fails", "normal", "works", "works", "works"]


def test_command_makes_the_planned_studies(
    ct: LabelledCt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = plan(("mass",), {"mass": ("There is a",)})
    monkeypatch.setattr("explorer.phantom.bundled_plans.PLANS", (small,))
    monkeypatch.setattr("explorer.phantom.bundle.locate_ct", lambda place: place)
    monkeypatch.setattr("explorer.phantom.bundle.load_ct", lambda folder: ct)
    monkeypatch.setattr("explorer.phantom.bundle._PIXEL_MM", 3.0)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["phantom", "bundle", "--out", str(tmp_path / "studies")])
    assert not stopped.value.code
    files = sorted(p.name for p in (tmp_path / "studies" / "example").iterdir())
    assert files == ["image.dcm", "report.txt", "truth.json"]
