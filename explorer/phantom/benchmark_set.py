"""PhantomCXR-v1: 1,000 test studies named by a seed, with a digest that survives rounding.

The studies are disjoint from every training corpus by construction: their seed lies in the range
kept for benchmarks, which `explorer phantom render` and `explorer train` refuse, and they are
projected in poses of their own, which no training corpus shares.

The digest says whether two machines talk of the same studies. Truth (which findings, where in
words, every sentence) is discrete and compared exactly, by hash. Pixels are not: processors
round differently, so boxes, areas, centres and a coarse thumbnail are stored as numbers and
compared within a tolerance.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from explorer.errors import DataSetError
from explorer.phantom.poses import PoseBank, open_bank
from explorer.phantom.shards import FIRST_RESERVED_SEED
from explorer.phantom.stream import studies
from explorer.phantom.study import PhantomFinding, PhantomStudy

NAME = "PhantomCXR-v1"
SEED = 900_001
STUDIES = 1000
SIZE = 320
POSES, POSE_SEED = 72, 900_001  # 64 frontal ones
DIGEST_FILE = "phantom_cxr_v1.json"
DIGEST_SCHEMA = 1

# Two renderings of one study may differ by this much and no more.
BOX_TOLERANCE_PX = 2
CENTRE_TOLERANCE_PX = 0.6
AREA_TOLERANCE = 0.02  # of the area, and at least 6 pixels
GREY_TOLERANCE = 2  # of 255, mean of a cell
THUMBNAIL = 8  # cells along each axis
# Placement draws among pixels, so a pixel more or less can move a finding in a rare study.
LEAST_AGREEING = 0.995


def require_training_seed(seed: int) -> None:
    """Refuse a seed that is kept for benchmarks.

    Raises:
        DataSetError: The seed is 900,000 or above.
    """
    if seed >= FIRST_RESERVED_SEED:
        raise DataSetError(
            f"Seeds from {FIRST_RESERVED_SEED} are kept for benchmarks, got {seed}. "
            f"Choose a smaller seed, or add --benchmark for the studies of {NAME}."
        )


def open_test_bank(
    *, ct_place: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> PoseBank:
    """The poses of the test studies, in the user's cache; projected once (about two minutes)."""
    return open_bank(count=POSES, seed=POSE_SEED, ct_place=ct_place, progress=progress)


def benchmark_studies(
    count: int = STUDIES, *, bank: PoseBank, workers: int = 1
) -> Generator[PhantomStudy, None, None]:
    """The first `count` studies of the set, rendered in order."""
    return studies(SEED, count, size=SIZE, bank=bank, workers=workers)


def study_record(study: PhantomStudy) -> dict[str, Any]:
    """What the digest keeps of a study: the hash of its truth, and numbers of its pixels.

    Returns:
        "number"; "truth": 16 hex digits; "findings": [id, x_min, y_min, x_max, y_max, area,
        centre x, centre y] each, pixels; "thumbnail": 64 mean grey levels of 255, two hex digits
        each, in reading order.
    """
    cells = cv2.resize(
        study.image.astype(np.float32), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA
    )
    levels = np.clip(np.round(cells / 257), 0, 255).astype(np.uint8)
    return {
        "number": study.seed,
        "truth": truth_hash(study),
        "findings": [_geometry(finding) for finding in study.findings],
        "thumbnail": levels.tobytes().hex(),
    }


def truth_hash(study: PhantomStudy) -> str:
    """16 hex digits over everything discrete: findings, places in words, phrases, sentences."""
    said = {
        "number": study.seed,
        "view": study.view,
        "shape": list(study.image.shape),
        "findings": [
            [
                f.finding,
                f.name,
                f.side,
                f.zone,
                f.severity,
                {k: list(v) for k, v in f.phrases.items()},
            ]
            for f in study.findings
        ],
        "sentences": [
            [s.text, s.section, s.assertion, list(s.finding_ids), list(s.findings)]
            for s in study.sentences
        ],
        "absent": [list(pair) for pair in study.absent],
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _geometry(finding: PhantomFinding) -> list[Any]:
    box = finding.box
    rows, columns = np.nonzero(finding.mask)
    edges = [int(v) for v in (box.x_min, box.y_min, box.x_max, box.y_max)]
    centre = [round(float(columns.mean()) + 0.5, 1), round(float(rows.mean()) + 0.5, 1)]
    return [finding.finding, *edges, len(rows), *centre]


def differences(found: Mapping[str, Any], stored: Mapping[str, Any]) -> list[str]:
    """In which respects two records of a study differ beyond the tolerances."""
    reasons = [key for key in ("number", "truth") if found[key] != stored[key]]
    ours, theirs = found["findings"], stored["findings"]
    if [f[0] for f in ours] != [f[0] for f in theirs]:
        return [*reasons, "findings"]
    for a, b in zip(ours, theirs, strict=True):
        if max(abs(p - q) for p, q in zip(a[1:5], b[1:5], strict=True)) > BOX_TOLERANCE_PX:
            reasons.append(f"box of {a[0]}")
        if abs(a[5] - b[5]) > max(6, AREA_TOLERANCE * b[5]):
            reasons.append(f"area of {a[0]}")
        if max(abs(p - q) for p, q in zip(a[6:], b[6:], strict=True)) > CENTRE_TOLERANCE_PX:
            reasons.append(f"centre of {a[0]}")
    grey = [np.frombuffer(bytes.fromhex(r["thumbnail"]), np.uint8) for r in (found, stored)]
    if np.abs(grey[0].astype(int) - grey[1].astype(int)).max() > GREY_TOLERANCE:
        reasons.append("thumbnail")
    return reasons


@dataclass(frozen=True, slots=True)
class Agreement:
    """How rendered studies compare with the stored digest.

    Attributes:
        studies: Studies compared.
        differing: Number of a study -> in which respects it differs.
        truth_sha256: Digest over the truth hashes of the rendered studies.
    """

    studies: int
    differing: dict[int, list[str]]
    truth_sha256: str

    @property
    def holds(self) -> bool:
        """Whether these are the studies of the digest, but for a rounding in a rare one."""
        return len(self.differing) <= (1 - LEAST_AGREEING) * self.studies


def compare(
    records: Sequence[Mapping[str, Any]], digest: Mapping[str, Any] | None = None
) -> Agreement:
    """Compare records with those of the stored digest, in order from the first study.

    Raises:
        DataSetError: The digest holds fewer studies.
    """
    stored = (stored_digest() if digest is None else digest)["studies"]
    if len(stored) < len(records):
        raise DataSetError(
            f"The digest of {NAME} holds {len(stored)} studies, got {len(records)} to compare. "
            "Write it again: python benchmarks/phantom_cxr.py --write-digest."
        )
    pairs = zip(records, stored[: len(records)], strict=True)
    found = {int(r["number"]): differences(r, s) for r, s in pairs}
    return Agreement(
        studies=len(records),
        differing={number: reasons for number, reasons in found.items() if reasons},
        truth_sha256=truth_sha256(records),
    )


def truth_sha256(records: Iterable[Mapping[str, Any]]) -> str:
    """One digest over the truth hashes of studies in order."""
    return hashlib.sha256("".join(r["truth"] for r in records).encode()).hexdigest()


@cache
def stored_digest() -> dict[str, Any]:
    """The digest that ships with the program; see `digest_text`."""
    text = files("explorer.phantom").joinpath(DIGEST_FILE).read_text(encoding="utf-8")
    return dict(json.loads(text))


def digest_text(records: Sequence[Mapping[str, Any]], *, corpus: Mapping[str, Any]) -> str:
    """The digest file: what decides the bytes, then one line a study."""
    head = {
        "schema": DIGEST_SCHEMA,
        "name": NAME,
        "corpus": dict(corpus),
        "truth_sha256": truth_sha256(records),
    }
    lines = ",\n".join(json.dumps(dict(r), separators=(",", ":")) for r in records)
    return f'{json.dumps(head)[:-1]}, "studies": [\n{lines}\n]}}\n'
