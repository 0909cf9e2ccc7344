"""Shards for training: small images, packed masks and the words of each study in one npz."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.phantom.poses import PoseBank
from explorer.phantom.study import PhantomFinding, PhantomStudy

MASK_SIZE = 80
SHARD_SCHEMA = 2
# Corpora with such a seed are test sets; see `benchmark_set`.
FIRST_RESERVED_SEED = 900_000


def write_shard(
    path: Path, studies: Sequence[PhantomStudy], *, corpus: Mapping[str, object] | None = None
) -> None:
    """Write studies of one image size; the same studies give the same bytes.

    Arrays: `images` (n, S, S) uint8; `masks` (m, 80 * 80 / 8) uint8, bits of `numpy.packbits`
    of the (80, 80) masks of all findings in order; `records` one JSON string with "schema",
    "corpus" (see `read_corpus`) and "studies": a list with one record per image {seed, view,
    pixel_mm, report, findings, sentences, absent}; a finding's "mask" is its row in `masks`.
    """
    masks: list[NDArray[np.bool_]] = []
    records = []
    for study in studies:
        first = len(masks)
        masks += [shrink_mask(finding.mask) for finding in study.findings]
        records.append(_record(study, first_mask=first))
    packed = np.packbits(np.stack(masks).reshape(len(masks), -1), axis=1) if masks else None
    said = {"schema": SHARD_SCHEMA, "corpus": dict(corpus or {}), "studies": records}
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            images=np.stack([(s.image >> 8).astype(np.uint8) for s in studies]),
            masks=packed if packed is not None else np.zeros((0, MASK_SIZE**2 // 8), np.uint8),
            records=np.array(json.dumps(said)),
        )
    partial.replace(path)


def _record(study: PhantomStudy, *, first_mask: int) -> dict[str, object]:
    return {
        "seed": study.seed,
        "view": study.view,
        "pixel_mm": study.pixel_mm,
        "report": study.report,
        "findings": [
            {**describe_finding(finding), "mask": first_mask + k}
            for k, finding in enumerate(study.findings)
        ],
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


def describe_finding(finding: PhantomFinding) -> dict[str, Any]:
    """Everything of a finding but its mask, as plain values."""
    box = finding.box
    return {
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
    }


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


def read_corpus(path: Path) -> dict[str, Any]:
    """Which corpus a shard belongs to: version, seed, size, poses, and how many of each kind.

    Empty for a shard of schema 1, which does not say.
    """
    with path.open("rb") as file, np.load(file) as stored:
        return dict(json.loads(str(stored["records"])).get("corpus", {}))


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
