"""What is the badge worth on real films, and do log-odds mean what they say?

usage: python benchmarks/score.py [--data ../shared/data] [--checkpoint NAME] [--phantoms N]

Grounds the names of 14 findings on every frontal film of the validation split, and the phrases of
boxed findings where they are boxed, and compares the badge with the rule that came before it.
Writes benchmarks/results/score.json, its chart, and the figures of docs/score.md. The badge on
phantoms is what phantom_cxr.py measured last, if that was with this checkpoint; --phantoms N
renders and measures N of them instead.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _chart import line_chart
from _report import DATA, RESULTS, ROOT, write_report
from numpy.typing import NDArray

from explorer import pipeline
from explorer.evaluation.protocols import nih_boxes
from explorer.grounding.controls import MAX_NONSENSE_CORRELATION, MIN_NULL_Z

PROTOCOL = (
    "Frontal films of the split val (patients not in training). Absent: the names of the eight "
    "boxed findings on films labelled No Finding. Kept: plain and located phrases of NIH boxes. "
    "Before: the badge by null z below 2 or likeness to nonsense alone. ECE: probability = sigmoid("
    "log-odds + logit of the finding's share of val films) against image-level NIH labels, ten "
    "bins of equal width. Cross-validated: the threshold that keeps 90 % on four fifths of the "
    "patients, applied to the fifth. The shipped threshold was chosen on these films."
)
LABELS = {
    "Atelectasis": "atelectasis",
    "Cardiomegaly": "cardiomegaly",
    "Consolidation": "consolidation",
    "Edema": "pulmonary edema",
    "Effusion": "pleural effusion",
    "Emphysema": "emphysema",
    "Fibrosis": "pulmonary fibrosis",
    "Hernia": "hiatal hernia",
    "Infiltration": "infiltrate",
    "Mass": "mass",
    "Nodule": "nodule",
    "Pleural_Thickening": "pleural thickening",
    "Pneumonia": "pneumonia",
    "Pneumothorax": "pneumothorax",
}
PAGE, HEADING = ROOT / "docs" / "score.md", "## Figures\n"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Read:
    """One phrase on one film: what was said of it, by whom it is true, and how it was graded."""

    patient: str
    phrase: str
    kind: str  # "label", "absent", "plain" or "located"
    true: bool
    odds: float
    score: float
    grade: str
    raised: bool
    raised_before: bool


def main() -> None:
    """Measure, write the JSON, the chart and the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--checkpoint")
    parser.add_argument("--phantoms", type=int)
    options = parser.parse_args()
    engine = pipeline.open_engine(options.checkpoint)
    reads = read_films(engine, options.data)
    results: dict[str, Any] = {
        "checkpoint": pipeline.describe_engine(engine),
        "threshold": None if engine.reference is None else engine.reference.shown_from,
        "badge": badge(reads),
        "cross_validated": cross_validated(reads),
        "grades": grades(reads),
        "calibration": calibration(reads),
        "unknown": unknown(engine),
    }
    told = on_phantoms(engine, options.phantoms)
    if told is not None:
        results["phantoms"] = told
    write_report("score", protocol=PROTOCOL, seed=0, results=results)
    above = PAGE.read_text(encoding="utf-8").partition(HEADING)[0]
    PAGE.write_text(f"{above}{HEADING}\n{render(results)}", encoding="utf-8")
    bins = results["calibration"]["reliability"]
    line_chart(
        RESULTS / "score_reliability.svg",
        title="Stated and observed share of findings, validation films",
        x_title="stated probability, mean of a tenth of the phrases",
        y_title="share labelled",
        x=[b["stated"] for b in bins],
        lines={
            "as stated": [b["stated"] for b in bins],
            "observed": [b["observed"] for b in bins],
        },
    )


def on_phantoms(engine: pipeline.Engine, studies: int | None) -> dict[str, Any] | None:
    """Shares of phantoms, measured now or as phantom_cxr.json of this checkpoint has them."""
    if studies:
        found = pipeline.evaluate_phantoms(engine, studies=studies, replicates=100)
        source: dict[str, Any] = {"studies": studies}
    else:
        report = json.loads((RESULTS / "phantom_cxr.json").read_text(encoding="utf-8"))
        found = report["results"]
        if found["checkpoint"]["sha256"] != pipeline.describe_engine(engine)["sha256"]:
            return None
        source = {"studies": found["n"]["studies"], "measured_by_phantom_cxr_at": report["commit"]}
    return source | {question: entry["share"] for question, entry in found["trust"].items()}


def render(results: dict[str, Any]) -> str:
    """The figures of docs/score.md, below its heading "Figures"."""
    lines = [
        "Written by `benchmarks/score.py` from",
        "[score.json](../benchmarks/results/score.json); do not edit by hand.",
        "",
        *_badge_lines(results["badge"], results["cross_validated"]),
        *(_phantom_lines(results["phantoms"]) if "phantoms" in results else ()),
        *_unknown_lines(results["unknown"]),
        *_calibration_lines(results["calibration"]),
    ]
    return "\n".join(lines)


def _badge_lines(found: dict[str, Any], crossed: dict[str, Any]) -> list[str]:
    return [
        "| validation films | before | now | cross-validated |",
        "|---|---|---|---|",
        f"| badge raised, absent findings on normal films ({found['absent_phrases']}) | "
        f"{found['absent_raised_before']:.2f} | {found['absent_raised']:.2f} | "
        f"{crossed['absent_raised']:.2f} |",
        *(
            f"| kept, boxed findings, {kind} phrases ({found[kind]['phrases']}) | "
            f"{found[kind]['kept_before']:.2f} | {found[kind]['kept']:.2f} | "
            f"{crossed['kept']:.2f} |"
            for kind in ("plain", "located")
        ),
        "",
        "The cross-validated share kept is that of plain and located phrases together.",
        "",
    ]


def _phantom_lines(told: dict[str, Any]) -> list[str]:
    return [
        f"On {told['studies']} phantoms of PhantomCXR-v1 the badge is raised on "
        f"{told['absent abstains']:.2f} of absent findings and kept down on "
        f"{told['present stands']:.2f} of present ones (.22 and .99 before; .55 and .95 were "
        "asked for).",
        "",
    ]


def _unknown_lines(missed: dict[str, Any]) -> list[str]:
    return [
        f"Phrases: {len(missed['taught_called_unknown'])} of {missed['taught']} wordings of taught "
        f"findings are called unknown, {missed['untaught'] - len(missed['untaught_called_known'])} "
        f"of {missed['untaught']} untaught findings and nonsense are. Taken for known: "
        f"{', '.join(missed['untaught_called_known'])}.",
        "",
    ]


def _calibration_lines(fit: dict[str, Any]) -> list[str]:
    return [
        f"Log-odds as stated against labels: fitted slope {fit['fitted_slope']:.2f} (1 is right), "
        f"offset {fit['fitted_offset']:.2f} (0 is right).",
        "",
        "![Stated and observed share](../benchmarks/results/score_reliability.svg)",
        "",
        "| finding | films with the label | ECE of log-odds | ECE of the pooled score |",
        "|---|---|---|---|",
        *(
            f"| {name} | {row['labelled']} of {row['films']} | {row['ece']:.3f} | "
            f"{row['ece_of_pooled_score']:.3f} |"
            for name, row in fit["findings"].items()
        ),
        f"| **mean** | | {fit['mean_ece']:.3f} | {fit['mean_ece_of_pooled_score']:.3f} |",
        "",
    ]


def read_films(engine: pipeline.Engine, data: Path) -> list[Read]:
    """Ground the phrases of every frontal validation film."""
    boxed = {
        image.path: image
        for image in nih_boxes.read_tables(data / "radiographs.csv", data / "boxes.csv")
    }
    found: list[Read] = []
    with (data / "radiographs.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    for row in rows:
        labels = set(row["findings"].split("|"))
        pixels = pipeline.read_study([(data / row["path"]).read_bytes()]).radiographs[0].pixels
        seen = pipeline.embed_pixels(engine, pixels)
        if seen.check.verdict != "frontal":
            continue
        asked = [(text, "label", name in labels) for name, text in LABELS.items()]
        if labels == {"No Finding"}:
            asked += [(text, "absent", False) for text in nih_boxes.NAMES.values()]
        for kind in ("plain", "located") if row["path"] in boxed else ():
            samples = nih_boxes.samples_of(boxed[row["path"]], kind=kind)
            asked += [(sample.phrase, kind, True) for sample in samples]
        grounded = pipeline.ground(engine, seen, [text for text, _, _ in asked])
        for item, (text, kind, true) in zip(grounded, asked, strict=True):
            found.append(_read(item, row["patient"], text, kind, true=true))
    return found


def _read(item: Any, patient: str, text: str, kind: str, *, true: bool) -> Read:
    controls, standing = item.controls, item.standing
    before = controls.null_z < MIN_NULL_Z or controls.nonsense > MAX_NONSENSE_CORRELATION
    return Read(
        patient,
        text,
        kind,
        true,
        standing.log_odds,
        item.score,
        standing.grade,
        controls.abstain,
        before,
    )


def badge(reads: Sequence[Read]) -> dict[str, Any]:
    """Shares of phrases on which the badge is raised or not, now and before."""
    absent = [r for r in reads if r.kind == "absent"]
    kinds = {kind: [r for r in reads if r.kind == kind] for kind in ("plain", "located")}
    names = sorted({r.phrase for r in absent})
    return {
        "absent_phrases": len(absent),
        "absent_raised": _share([r.raised for r in absent]),
        "absent_raised_before": _share([r.raised_before for r in absent]),
        "absent_raised_by_finding": {
            name: _share([r.raised for r in absent if r.phrase == name]) for name in names
        },
        **{
            kind: {
                "phrases": len(chosen),
                "kept": _share([not r.raised for r in chosen]),
                "kept_before": _share([not r.raised_before for r in chosen]),
            }
            for kind, chosen in kinds.items()
        },
    }


def cross_validated(reads: Sequence[Read], *, folds: int = 5) -> dict[str, float]:
    """Shares with a threshold chosen on other patients."""
    patients = sorted({r.patient for r in reads})
    fold = dict(
        zip(patients, np.random.default_rng(0).permutation(len(patients)) % folds, strict=True)
    )
    absent, kept, chosen = [], [], []
    for k in range(folds):
        others = [r.odds for r in reads if r.kind in ("plain", "located") and fold[r.patient] != k]
        threshold = float(np.quantile(others, 0.1))
        chosen.append(threshold)
        own = [r for r in reads if fold[r.patient] == k]
        absent += [r.odds < threshold for r in own if r.kind == "absent"]
        kept += [r.odds >= threshold for r in own if r.kind in ("plain", "located")]
    return {
        "absent_raised": _share(absent),
        "kept": _share(kept),
        "thresholds_mean": round(float(np.mean(chosen)), 3),
    }


def grades(reads: Sequence[Read]) -> dict[str, dict[str, float]]:
    """Share of each grade among absent and boxed phrases."""
    return {
        kind: {
            grade: _share([r.grade == grade for r in reads if r.kind == kind])
            for grade in ("stands out", "doubtful", "not above normal films", "unknown phrase")
        }
        for kind in ("absent", "plain", "located")
    }


def calibration(reads: Sequence[Read]) -> dict[str, Any]:
    """ECE of each finding with log-odds and with the pooled score, and points of the plot."""
    labelled = [r for r in reads if r.kind == "label"]
    findings: dict[str, Any] = {}
    stated, true, odds, base = [], [], [], []
    for name in LABELS.values():
        own = [r for r in labelled if r.phrase == name]
        y = np.array([r.true for r in own], dtype=np.float64)
        offset = np.log(y.mean() / (1 - y.mean()))
        z = np.array([r.odds for r in own])
        p = 1 / (1 + np.exp(-(z + offset)))
        score = np.array([r.score for r in own])
        findings[name] = {
            "films": len(own),
            "labelled": int(y.sum()),
            "ece": round(ece(p, y), 3),
            "ece_of_pooled_score": round(ece(score, y), 3),
        }
        stated.append(p)
        true.append(y)
        odds.append(z)
        base.append(np.full(len(y), offset))
    slope, shift = logistic(np.concatenate(odds), np.concatenate(true), np.concatenate(base))
    p, y = np.concatenate(stated), np.concatenate(true)
    parts = np.array_split(np.argsort(p), 10)
    return {
        "mean_ece": round(float(np.mean([f["ece"] for f in findings.values()])), 3),
        "mean_ece_of_pooled_score": round(
            float(np.mean([f["ece_of_pooled_score"] for f in findings.values()])), 3
        ),
        "fitted_slope": round(slope, 2),
        "fitted_offset": round(shift, 2),
        "findings": findings,
        "reliability": [
            {"stated": round(float(p[i].mean()), 4), "observed": round(float(y[i].mean()), 4)}
            for i in parts
        ],
    }


def ece(p: Floats, y: Floats, *, bins: int = 10) -> float:
    """Expected calibration error: mean distance of stated and observed share over equal bins."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    used = [which == b for b in range(bins) if (which == b).any()]
    return float(sum(m.mean() * abs(p[m].mean() - y[m].mean()) for m in used))


def logistic(z: Floats, y: Floats, offset: Floats) -> tuple[float, float]:
    """Slope and shift of log-odds that fit labels best, by Newton's method."""
    weights = np.array([1.0, 0.0])
    design = np.stack([z, np.ones_like(z)], axis=1)
    for _ in range(25):
        p = 1 / (1 + np.exp(-(design @ weights + offset)))
        hessian = (design * (p * (1 - p))[:, None]).T @ design
        weights -= np.linalg.solve(hessian, design.T @ (p - y))
    return float(weights[0]), float(weights[1])


TAUGHT = (
    "left lower lobe consolidation", "small right pleural effusion", "enlarged heart",
    "right apical pneumothorax", "bibasilar atelectasis", "large hiatal hernia",
    "hazy opacity in the right mid lung", "12 mm nodule in the left upper lobe",
    "right internal jugular central line", "ET tube above the carina", "patchy infiltrate",
    "blunting of the left costophrenic angle", "emphysema", "pulmonary fibrosis",
    "dextroscoliosis of the thoracic spine", "calcified aortic arch", "median sternotomy wires",
    "left pacemaker", "mass in the right hilum", "pulmonary vascular congestion",
    "increased interstitial markings", "lobar pneumonia", "apical scarring", "pleural plaque",
    "rib fracture", "flattened diaphragms", "tortuous thoracic aorta", "widened mediastinum",
    "free air under the diaphragm", "cavitary lesion in the right upper lobe",
)  # fmt: skip
UNTAUGHT = (
    "pectus excavatum", "cervical rib", "nipple shadow", "situs inversus", "dextrocardia",
    "breast implant", "mastectomy", "azygos lobe", "bone island", "gallstones",
    "pneumopericardium", "swallowed coin", "osteoporosis", "thymoma", "aortic stent graft",
    "vertebral compression fracture", "shoulder dislocation", "esophageal dilatation",
    "tuberculosis", "sarcoidosis", "pulmonary embolism", "cystic fibrosis", "kyphosis",
    "subcutaneous emphysema", "retained bullet", "achalasia", "rickets", "diaphragmatic rupture",
    "a bowl of soup", "the quick brown fox", "Thursday afternoon meeting", "knee osteoarthritis",
    "asdf qwer zxcv", "gallbladder wall", "ovarian cyst", "tooth decay",
)  # fmt: skip


def unknown(engine: pipeline.Engine) -> dict[str, Any]:
    """Which phrases are called unknown, and how near text vectors lie to taught phrases."""
    seen = pipeline.embed_pixels(engine, np.full((64, 64), 0.5, np.float32))
    called = {
        item.phrase: item.standing.grade == "unknown phrase"
        for item in pipeline.ground(engine, seen, [*TAUGHT, *UNTAUGHT])
    }
    return {
        "taught_called_unknown": [phrase for phrase in TAUGHT if called[phrase]],
        "taught": len(TAUGHT),
        "untaught_called_known": [phrase for phrase in UNTAUGHT if not called[phrase]],
        "untaught": len(UNTAUGHT),
    }


def _share(values: Sequence[bool]) -> float:
    return round(float(np.mean(values)), 3)


if __name__ == "__main__":
    main()
