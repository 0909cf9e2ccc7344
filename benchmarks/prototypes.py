"""How far prototypes of regions agree with the findings that phantoms truly show.

explorer phantom render --studies 1000 --benchmark --format dicom --out v1
explorer index build v1/dicom --out v1.index --keep-paths
python benchmarks/prototypes.py --corpus v1/dicom --index v1.index [--checkpoint NAME]
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _report import write_report
from sklearn.metrics import normalized_mutual_info_score

from explorer import pipeline
from explorer.embeddings import unit
from explorer.phantom import rle
from explorer.prototypes.clusterings import kmeans
from explorer.prototypes.records import Clustering, Points
from explorer.prototypes.rooms import furnish
from explorer.text import mentions

OVERLAPS = (0.3, 0.5)
CLEAR = 0.4  # share of the regions counted that show one finding, from which on it is clear
SEED = 0
PROTOCOL = (
    "Regions that a phrase found on studies of PhantomCXR-v1, clustered as on the page. A region "
    "shows the finding whose exact box it overlaps most, where the IoU is at least .3 or .5; "
    "others are not counted. NMI (arithmetic mean) and purity of prototypes against findings. "
    "'true masks': mean patch vectors under the exact masks, from the grids that the index keeps. "
    "'names_right': of prototypes with five such regions or more, the share whose name mentions "
    "the commonest finding; 'clear' ones are those in which it is .4 of these regions or more. "
    "'by vectors alone': named without what regions were found by and the findings of films. "
    "'position_share': mean over prototypes. Times on a shared machine."
)


@dataclass(frozen=True)
class Truth:
    """A finding of a phantom: its id, its words, its mask and its box."""

    finding: str
    words: str
    mask: np.ndarray
    box: tuple[float, float, float, float]


def main() -> None:
    """Measure and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--index", required=True)
    parser.add_argument("--checkpoint")
    given = parser.parse_args()
    engine = pipeline.open_engine(given.checkpoint, device="cpu")
    index = pipeline.open_index(given.index, engine=engine)
    films = index.films.columns
    truths = {
        film: read_truth((given.corpus / path).parent / "truth.json")
        for film, path in zip(films["film_id"], films["path"], strict=True)
    }
    points = pipeline.points_of(index, engine, level="regions")
    shown = [best(points, row, truths[points.films[row]]) for row in range(len(points))]
    rows: dict[str, Any] = {}
    for method in pipeline.clustering_methods():
        for granularity in pipeline.GRANULARITIES:
            rows[f"{method} {granularity}"] = measure(points, shown, method, granularity)
    results = {
        "studies": len(index.study_ids),
        "regions": len(points),
        "regions_that_show_a_finding": {
            f"iou_{at}": sum(iou >= at for _, _, iou in shown) for at in OVERLAPS
        },
        "prototypes": rows,
        "true_masks": true_masks(index, truths),
    }
    write_report("prototypes", protocol=PROTOCOL, seed=SEED, results=results)


def read_truth(path: Path) -> list[Truth]:
    """Findings of one phantom."""
    found = json.loads(path.read_text("utf-8"))["findings"]
    return [
        Truth(f["finding"], f["name"], rle.decode(f["mask"]), tuple(f["box_xyxy"])) for f in found
    ]


def best(points: Points, row: int, truths: list[Truth]) -> tuple[str, str, float]:
    """(finding, its words, IoU) of the finding that a region overlaps most."""
    from explorer.entities import Box

    box = points.boxes[row]
    assert box is not None
    found = [(t.finding, t.words, box.iou(Box(*t.box))) for t in truths if t.mask.any()]
    return max(found, key=lambda f: f[2], default=("", "", 0.0))


def measure(
    points: Points, shown: list[tuple[str, str, float]], method: str, granularity: int
) -> dict[str, Any]:
    """Figures of one clustering."""
    start = time.perf_counter()
    built = pipeline.build_prototypes(
        points, method=method, granularity=granularity, seed=SEED, with_stability=False
    )
    seconds = time.perf_counter() - start
    figures: dict[str, Any] = {
        "prototypes": len(built.prototypes),
        "in_no_prototype": round(float((built.assignments < 0).mean()), 4),
        "seconds": round(seconds, 2),
    }
    for at in OVERLAPS:
        rows = [r for r, (_, _, iou) in enumerate(shown) if iou >= at and built.assignments[r] >= 0]
        figures[f"iou_{at}"] = agreement(
            np.array([shown[r][0] for r in rows]), built.assignments[rows]
        )
    shares = [p.position_share or 0.0 for p in built.prototypes]
    figures["position_share"] = round(float(np.mean(shares)), 4) if shares else None
    figures["names_right"] = names_right(built, shown)
    plain = replace(built, prototypes=furnish(replace(points, spoken=()), built.assignments))
    figures["names_right_by_vectors_alone"] = names_right(plain, shown)
    if granularity == pipeline.DEFAULT_GRANULARITY:
        stable = pipeline.with_stability_of(built, points).stability
        figures["stability"] = None if stable is None else round(stable, 4)
    return figures


def agreement(findings: np.ndarray, assigned: np.ndarray) -> dict[str, Any]:
    """NMI and purity of prototypes against findings."""
    if not len(findings):
        return {"regions": 0, "nmi": None, "purity": None}
    commonest = [Counter(findings[assigned == k]).most_common(1)[0][1] for k in np.unique(assigned)]
    return {
        "regions": len(findings),
        "nmi": round(float(normalized_mutual_info_score(findings, assigned)), 4),
        "purity": round(float(sum(commonest) / len(findings)), 4),
    }


def names_right(built: Clustering, shown: list[tuple[str, str, float]]) -> dict[str, Any]:
    """Share of names that mention the finding that most regions of the prototype show."""
    right, clear = [], []
    for prototype in built.prototypes:
        words = [shown[r][1] for r in built.members(prototype.id) if shown[r][2] >= OVERLAPS[0]]
        if len(words) >= 5:
            commonest, count = Counter(words).most_common(1)[0]
            right.append(bool(set(mentions(prototype.name)) & set(mentions(commonest))))
            clear.append(count >= CLEAR * len(words))
    where_clear = [r for r, is_clear in zip(right, clear, strict=True) if is_clear]
    return {
        "prototypes": len(right),
        "share": round(float(np.mean(right)), 4) if right else None,
        "clear_prototypes": len(where_clear),
        "share_of_clear": round(float(np.mean(where_clear)), 4) if where_clear else None,
    }


def true_masks(index: pipeline.Corpus, truths: dict[str, list[Truth]]) -> dict[str, Any]:
    """The same with the exact masks in place of proposed regions: what proposals cost."""
    vectors, findings = [], []
    for row, film in enumerate(index.films.columns["film_id"]):
        (factors,) = index.factors(np.array([row]))
        values = factors.values()
        for truth in truths[film]:
            share = cv2.resize(
                truth.mask.astype(np.float32), values.shape[1::-1], interpolation=cv2.INTER_AREA
            )
            if share.max() > 0:
                inside = share >= min(0.5, share.max())
                vectors.append(values[inside].mean(axis=0))
                findings.append(truth.finding)
    found = unit(np.stack(vectors).astype(np.float32))
    centred = unit(found - found.mean(axis=0))
    granularity = pipeline.DEFAULT_GRANULARITY
    assigned = kmeans.cluster(centred, granularity=granularity, seed=SEED)
    return {f"kmeans {granularity}": agreement(np.array(findings), assigned)}


if __name__ == "__main__":
    main()
