"""Shards for training: small images, packed masks and the words of each study in one npz."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.phantom.poses import PoseBank
from explorer.phantom.study import PhantomStudy

MASK_SIZE = 80
SHARD_SCHEMA = 1


def write_shard(path: Path, studies: Sequence[PhantomStudy]) -> None:
    """Write studies of one image size.

    Arrays: `images` (n, S, S) uint8; `masks` (m, 80 * 80 / 8) uint8, bits of `numpy.packbits`
    of the (80, 80) masks of all findings in order; `records` one JSON string: a list with one
    record per image {seed, view, pixel_mm, report, findings, sentences, absent}; a finding's
    "mask" is its row in `masks`.
    """
    masks: list[NDArray[np.bool_]] = []
    records = []
    for study in studies:
        findings = []
        for finding in study.findings:
            box = finding.box
            findings.append(
                {
                    "finding": finding.finding,
                    "name": finding.name,
                    "kind": finding.kind,
                    "labels": list(finding.labels),
                    "side": finding.side,
                    "zone": finding.zone,
                    "lobe": finding.lobe,
                    "severity": finding.severity,
                    "size_mm": finding.size_mm,
                    "box_xyxy": [box.x_min, box.y_min, box.x_max, box.y_max],
                    "phrases": {k: list(v) for k, v in finding.phrases.items()},
                    "mask": len(masks),
                }
            )
            masks.append(shrink_mask(finding.mask))
        records.append(
            {
                "seed": study.seed,
                "view": study.view,
                "pixel_mm": study.pixel_mm,
                "report": study.report,
                "findings": findings,
                "sentences": [
                    {
                        "text": s.text,
                        "section": s.section,
                        "assertion": s.assertion,
                        "finding_ids": list(s.finding_ids),
                        "findings": list(s.findings),
                    }
                    for s in study.sentences
                ],
                "absent": [list(pair) for pair in study.absent],
            }
        )
    packed = np.packbits(np.stack(masks).reshape(len(masks), -1), axis=1) if masks else None
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            images=np.stack([(s.image >> 8).astype(np.uint8) for s in studies]),
            masks=packed if packed is not None else np.zeros((0, MASK_SIZE**2 // 8), np.uint8),
            records=np.array(json.dumps({"schema": SHARD_SCHEMA, "studies": records})),
        )
    partial.replace(path)


def shrink_mask(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(80, 80) bool: cells covered by a fifth; a thinner mask keeps every cell it touches."""
    area = cv2.resize(mask.astype(np.float32), (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
    shrunk = area >= 0.2
    return shrunk if shrunk.any() else area > 0


def read_shard(
    path: Path,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], list[dict[str, object]]]:
    """Images (n, S, S), masks (m, 80, 80) and records of a shard."""
    # Opened here: a broken file is closed all the same.
    with path.open("rb") as file, np.load(file) as stored:
        packed = stored["masks"]
        bits = np.unpackbits(packed, axis=1).astype(bool)
        masks = bits.reshape(-1, MASK_SIZE, MASK_SIZE)
        return stored["images"], masks, json.loads(str(stored["records"]))["studies"]


def slice_study(seed: int, *, bank: PoseBank, size: int) -> PhantomStudy:
    """A CT slice with random crop, window and mirroring: an image that is not a radiograph."""
    rng = np.random.default_rng([seed, 2027])
    slices = bank.slices()
    picture = slices[int(rng.integers(len(slices)))]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    border = rng.integers(0, 40, 4)
    picture = picture[border[0] : 256 - border[1], border[2] : 256 - border[3]]
    picture = cv2.resize(np.ascontiguousarray(picture), (size, size), interpolation=cv2.INTER_CUBIC)
    shown = np.clip(picture / 255.0, 0, 1) ** rng.uniform(0.6, 1.5)
    shown = np.clip(shown + rng.normal(0, rng.uniform(0, 0.03), shown.shape), 0, 1)
    if rng.random() < 0.1:
        shown = 1 - shown
    return PhantomStudy(
        seed=seed,
        image=np.round(shown * 65535).astype(np.uint16),
        view="ct slice",
        pixel_mm=1.4,
        findings=(),
        sentences=(),
        report="",
        absent=(),
    )
