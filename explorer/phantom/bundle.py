"""Build the studies that come with the app: five phantoms as DICOM, with report and exact boxes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.phantom.anatomy import build_anatomy
from explorer.phantom.dicom import to_dicom
from explorer.phantom.language import spoken_size
from explorer.phantom.poses import PoseBank, StoredPose, pose_of
from explorer.phantom.render import render_study
from explorer.phantom.source import CT_ATTRIBUTION, load_ct, locate_ct
from explorer.phantom.study import PhantomFinding, PhantomStudy
from explorer.text import read_report

SCHEMA = 1
_PIXEL_MM = 0.42
_ROWS_BETWEEN_SLICES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """One bundled study.

    Attributes:
        name: Folder name.
        expected: What the first checkpoint makes of it: "works", "normal" or "fails".
        seed, pose: Make the image, together with `wanted`.
        report: Text; "{finding}" stands for the spoken size of that finding.
        links: Finding id -> beginnings of the sentences that speak of it.
    """

    name: str
    title: str
    description: str
    expected: str
    seed: int
    pose: int
    shape: tuple[int, int]
    wanted: tuple[str, ...]
    report: str
    links: Mapping[str, tuple[str, ...]]


def build_bundle(
    out_dir: Path,
    *,
    plans: tuple[Plan, ...],
    ct_place: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Render every plan into `out_dir/<name>/{image.dcm, report.txt, truth.json}`.

    Returns:
        The folders, in the order of the plans.
    """
    anatomy = build_anatomy(load_ct(locate_ct(ct_place)), pool=1)
    folders = []
    projected: dict[int, StoredPose] = {}
    for done, plan in enumerate(plans, start=1):
        pose = projected.get(plan.pose) or pose_of(
            plan.pose, seed=1, anatomy=anatomy, pixel_mm=_PIXEL_MM, refine=_ROWS_BETWEEN_SLICES
        )
        projected[plan.pose] = pose
        bank = PoseBank(folder=out_dir, seed=1, count=0)
        study = render_study(plan.seed, bank=bank, size=plan.shape, wanted=plan.wanted, pose=pose)
        folders.append(write_bundled(study, plan, out_dir))
        if progress is not None:
            progress(done, len(plans))
    return folders


def write_bundled(study: PhantomStudy, plan: Plan, out_dir: Path) -> Path:
    """Write one study; refuses when a planned finding is missing or not spoken of."""
    found = {f.finding: f for f in study.findings}
    if set(found) != set(plan.wanted):
        raise DataSetError(
            f"Bundled study {plan.name} must hold {', '.join(plan.wanted) or 'nothing'}, "
            f"got {', '.join(found) or 'nothing'}. Choose another seed."
        )
    sizes = {name: spoken_size(f.size_mm) or "" for name, f in found.items()}
    text = plan.report.format(**sizes)
    folder = out_dir / plan.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "image.dcm").write_bytes(to_dicom(study, compression="jpeg-ls"))
    (folder / "report.txt").write_text(text, encoding="utf-8")
    truth = {
        "schema": SCHEMA,
        "title": plan.title,
        "description": plan.description,
        "expected": plan.expected,
        "boxes": _boxes(found, plan, text),
        "source": f"Phantom, seed {plan.seed}, pose {plan.pose}. {CT_ATTRIBUTION}",
        "licence": "CC BY 3.0",
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return folder


def _boxes(found: Mapping[str, PhantomFinding], plan: Plan, text: str) -> list[dict[str, object]]:
    """One entry per sentence and connected part of each finding."""
    sentences = read_report(text).sentences
    boxes: list[dict[str, object]] = []
    for name, finding in found.items():
        spoken = [
            k
            for k, sentence in enumerate(sentences)
            if sentence.text.startswith(plan.links.get(name, ()))
        ]
        if not spoken:
            raise DataSetError(
                f"No sentence of bundled study {plan.name} speaks of {name}. "
                "Its links must be the beginnings of sentences in its report."
            )
        for k in spoken:
            boxes += [
                {
                    "label": finding.name,
                    "sentence": k,
                    "box_xyxy": [box.x_min, box.y_min, box.x_max, box.y_max],
                }
                for box in part_boxes(finding.mask)
            ]
    return boxes


def part_boxes(mask: np.ndarray, *, least_share: float = 0.15) -> list[Box]:
    """Boxes of the connected parts of a mask that hold at least a share of its pixels."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    least = least_share * float(mask.sum())
    return [
        Box.from_xywh(*(float(v) for v in stats[k, :4]))
        for k in range(1, count)
        if stats[k, cv2.CC_STAT_AREA] >= least
    ]
