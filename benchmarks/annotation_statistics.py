"""Where real findings lie, how large they are and which go together: counts for the phantoms.

Writes `explorer/phantom/annotation.json`. Only counts, shares and quantiles leave this script;
no image, no box and no identifier does.

usage: python benchmarks/annotation_statistics.py --tables DIR --data ../shared/data

DIR is the folder `torchxrayvision/data` of the wheel torchxrayvision 1.5.7, read as data. Of the
NIH boxes only those of the train split in `--data` are read: the others are for evaluation.

Positions are shares of the lungs' outer box, from the image's left (the patient's right) and from
the apex. Films of which only the frame is known take the mean box of 112 outlined films
(`scene.py`). VinDr gives no frame: there the heart's box and the aortic arch set the scale, and
the borders that effusions and apical pleural caps reach in them give the lungs.
"""

import argparse
import json
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
VERSION = 1
GRID = 16
QUANTILES = tuple(k / 10 for k in range(11))
# Mean outer box of both lungs, x0, y0, x1, y1 in shares of the frame (see `scene.py`).
LUNGS = (0.081, 0.105, 0.920, 0.815)
# Outer width of both lungs in mm, to tell nodules from masses in one class of boxes.
_LUNGS_MM = 270.0
_VINDR = {
    "Consolidation": "consolidation",
    "Lung Opacity": "ground_glass",
    "Infiltration": "ground_glass",
    "Atelectasis": "atelectasis",
    "Calcification": "granuloma",
    "ILD": "interstitial",
    "Pleural thickening": "pleural_thickening",
    "Pleural effusion": "effusion",
    "Nodule/Mass": "nodule",
}
_NIH = {
    "Atelectasis": "atelectasis",
    "Effusion": "effusion",
    "Infiltrate": "ground_glass",
    "Pneumonia": "consolidation",
    "Mass": "mass",
    "Nodule": "nodule",
}
SOURCES = {
    "vindr": {
        "title": "VinDr-CXR, training boxes of three readers (VinBigData challenge)",
        "terms": "research, terms of the challenge; cite Nguyen et al., Sci Data 9:429, 2022",
    },
    "rsna": {
        "title": "RSNA Pneumonia Detection Challenge 2018, stage 2 training boxes",
        "terms": "research and education with attribution; cite Shih et al., Radiology AI 1, 2019",
    },
    "siim": {
        "title": "SIIM-ACR Pneumothorax Segmentation 2019, training masks",
        "terms": "research, terms of the challenge; attribution to SIIM, ACR and STR",
    },
    "nih_boxes": {
        "title": "NIH ChestX-ray14, hand-drawn boxes, train split of this project alone",
        "terms": "no restriction; attribution to the NIH Clinical Center; cite Wang et al., 2017",
    },
    "nih_labels": {
        "title": "NIH ChestX-ray14, Data_Entry_2017_v2020, image-level labels and view",
        "terms": "no restriction; attribution to the NIH Clinical Center; cite Wang et al., 2017",
    },
}


def vindr_boxes(tables: Path) -> pd.DataFrame:
    """Boxes of films whose heart and arch are boxed: finding, film, u, v, w, h in lung shares."""
    rows = pd.read_csv(tables / "vinbigdata-train.csv.gz").dropna(subset=["x_min"])
    corners = ["x_min", "x_max", "y_min", "y_max"]
    of = rows.groupby(["class_name", "image_id"])[corners].median()
    arch = of.loc["Aortic enlargement"].add_suffix("_arch")
    anchors = of.loc["Cardiomegaly"].join(arch, how="inner")
    anchors["wide"] = anchors.x_max - anchors.x_min
    anchors["arch"] = (anchors.y_min_arch + anchors.y_max_arch) / 2
    anchors["tall"] = anchors.y_max - anchors.arch
    kept = anchors[(anchors.wide / anchors.tall).between(0.75, 1.7)]
    kept = kept.rename(columns={"x_min": "edge"})[["edge", "wide", "arch", "tall"]]
    rows = rows[rows.class_name.isin(_VINDR)].merge(kept, left_on="image_id", right_index=True)
    rows[["x_min", "x_max"]] = (
        rows[["x_min", "x_max"]].sub(rows.edge, axis=0).div(rows.wide, axis=0)
    )
    rows[["y_min", "y_max"]] = (
        rows[["y_min", "y_max"]].sub(rows.arch, axis=0).div(rows.tall, axis=0)
    )
    x0, y0, x1, y1 = lungs_from_heart(rows)
    ratio = rows.tall / rows.wide
    boxes = pd.DataFrame(
        {
            "finding": rows.class_name.map(_VINDR),
            "film": rows.image_id + rows.rad_id,
            "image": rows.image_id,
            "u": ((rows.x_min + rows.x_max) / 2 - x0) / (x1 - x0),
            "v": ((rows.y_min + rows.y_max) / 2 - y0) / (y1 - y0),
            "w": (rows.x_max - rows.x_min) / (x1 - x0),
            "h": (rows.y_max - rows.y_min) / (x1 - x0) * ratio,
            "source": "vindr",
        }
    )
    longest = boxes[["w", "h"]].max(axis=1) * _LUNGS_MM
    boxes.loc[(boxes.finding == "nodule") & (longest > 30), "finding"] = "mass"
    # Long boxes of calcification hold several spots, those at the arch lie in the aorta's wall.
    arch_v = -y0 / (y1 - y0)
    aorta = boxes.u.between(0.45, 0.75) & boxes.v.between(arch_v - 0.1, arch_v + 0.1)
    return boxes[(boxes.finding != "granuloma") | ((longest <= 30) & ~aorta)]


def lungs_from_heart(rows: pd.DataFrame) -> tuple[float, float, float, float]:
    """Outer box of the lungs (x0, y0, x1, y1), x in heart widths, y in heights arch to heart's end.

    Effusions reach the ribs and the base, apical caps the apex: the outer quartile of those
    borders, as many boxes stop short.
    """
    fluid = rows[rows.class_name == "Pleural effusion"]
    middle = (fluid.x_min + fluid.x_max) / 2
    caps = rows[(rows.class_name == "Pleural thickening") & (rows.y_max < 0)]
    return (
        float(fluid.x_min[middle < 0.4].quantile(0.25)),
        float(caps.y_min.quantile(0.25)),
        float(fluid.x_max[middle > 0.4].quantile(0.75)),
        float(fluid.y_max.quantile(0.75)),
    )


def framed_boxes(
    x: pd.Series, y: pd.Series, w: pd.Series, h: pd.Series, *, tall: pd.Series | float = 1.0
) -> pd.DataFrame:
    """Boxes in shares of a frame as centres and sizes in lung shares; `tall` is height by width."""
    x0, y0, x1, y1 = LUNGS
    u, v = (x + w / 2 - x0) / (x1 - x0), (y + h / 2 - y0) / (y1 - y0)
    return pd.DataFrame({"u": u, "v": v, "w": w / (x1 - x0), "h": h * tall / (x1 - x0)})


def rsna_boxes(tables: Path) -> pd.DataFrame:
    """Lung opacities suspicious for pneumonia, frames of 1024 x 1024."""
    rows = pd.read_csv(tables / "kaggle_stage_2_train_labels.csv.zip").dropna()
    boxes = framed_boxes(rows.x / 1024, rows.y / 1024, rows.width / 1024, rows.height / 1024)
    return boxes.assign(
        finding="consolidation", film=rows.patientId, image=rows.patientId, source="rsna"
    )


def nih_boxes(data: Path) -> pd.DataFrame:
    """Hand-drawn boxes of the train split; the RSNA boxes in the same file are read above."""
    films = pd.read_csv(data / "radiographs.csv")
    films = films[films.split == "train"][["path", "width", "height"]]
    rows = pd.read_csv(data / "boxes.csv").merge(films, on="path")
    rows = rows[rows.label.isin(_NIH)]
    boxes = framed_boxes(
        rows.x / rows.width,
        rows.y / rows.height,
        rows.w / rows.width,
        rows.h / rows.height,
        tall=rows.height / rows.width,
    )
    return boxes.assign(
        finding=rows.label.map(_NIH), film=rows.path, image=rows.path, source="nih_boxes"
    )


def describe_boxes(boxes: pd.DataFrame) -> dict[str, object]:
    """Grid of centres, quantiles of size, and the sides films show, of one finding."""
    grid = np.zeros((GRID, GRID), int)
    inside = boxes[boxes.u.between(-0.15, 1.15) & boxes.v.between(-0.15, 1.15)]
    cells = np.clip((inside[["v", "u"]].to_numpy() * GRID).astype(int), 0, GRID - 1)
    np.add.at(grid, (cells[:, 0], cells[:, 1]), 1)
    # A box across the middle that is wider than a lung speaks of both.
    wide = (boxes.w > 0.6) & boxes.u.between(0.3, 0.7)
    right = (wide | (boxes.u < 0.5)).groupby(boxes.film).any()
    left = (wide | (boxes.u >= 0.5)).groupby(boxes.film).any()
    return {
        "sources": {str(k): int(n) for k, n in boxes.source.value_counts().items()},
        "boxes": len(boxes),
        "films": int(boxes.image.nunique()),
        "sides": _sides(int((right & ~left).sum()), int((left & ~right).sum()), right & left),
        "grid": grid.tolist(),
        "width": _quantiles(boxes.w),
        "aspect": _quantiles(boxes.h / boxes.w),
    }


def _sides(right: int, left: int, both: pd.Series | NDArray[np.bool_]) -> dict[str, float]:
    counts = {"right": right, "left": left, "bilateral": int(np.sum(both))}
    total = sum(counts.values())
    return {side: round(n / total, 3) for side, n in counts.items()}


def _quantiles(values: pd.Series | NDArray[np.float64]) -> list[float]:
    """Deciles; the ends are the 2nd and the 98th percentile, so that no slip of the pen stays."""
    levels = np.clip(QUANTILES, 0.02, 0.98)
    return [round(float(q), 4) for q in np.quantile(values, levels)]


def siim_masks(tables: Path) -> dict[str, NDArray[np.bool_]]:
    """Film -> (256, 256) mask of pneumothorax. Runs are relative and go down the columns."""
    rows = pd.read_csv(tables / "siim-pneumothorax-train-rle.csv.gz", skipinitialspace=True)
    runs: dict[str, list[str]] = defaultdict(list)
    for film, text in zip(rows.ImageId, rows.EncodedPixels, strict=True):
        if text.strip() != "-1":
            runs[film].append(text)
    masks = {}
    for film, texts in runs.items():
        flat = np.zeros(1024 * 1024, bool)
        for text in texts:
            numbers = np.array(text.split(), int).reshape(-1, 2)
            starts = np.cumsum(numbers[:, 0]) + np.concatenate([[0], np.cumsum(numbers[:-1, 1])])
            for start, length in zip(starts, numbers[:, 1], strict=True):
                flat[start : start + length] = True
        masks[film] = flat.reshape(1024, 1024).T[2::4, 2::4]
    return masks


def describe_pneumothorax(masks: dict[str, NDArray[np.bool_]]) -> dict[str, object]:
    """Sides, kinds, and per kind the width of the air in lung widths; the grid counts pixels."""
    x0, y0, x1, y1 = (share * 256 for share in LUNGS)
    middle = (x0 + x1) / 2
    grid = np.zeros((GRID, GRID))
    seen: list[str] = []
    widths: dict[str, list[float]] = defaultdict(list)
    areas = []
    for mask in masks.values():
        rows, columns = np.nonzero(mask)
        v, u = (rows - y0) / (y1 - y0), (columns - x0) / (x1 - x0)
        cells = np.clip((np.stack([v, u]) * GRID).astype(int), 0, GRID - 1)
        np.add.at(grid, (cells[0], cells[1]), 1 / len(rows))
        right = float((columns < middle).mean())
        seen.append("right" if right > 0.9 else "left" if right < 0.1 else "bilateral")
        # A lung fills about three quarters of its half of the outer box.
        share = len(rows) / (0.75 * (x1 - x0) / 2 * (y1 - y0)) / (2 if 0.1 <= right <= 0.9 else 1)
        areas.append(share)
        one = columns < middle if right >= 0.5 else columns >= middle
        run = np.bincount(rows[one])
        upper, lower = float((v[one] < 1 / 3).mean()), float((v[one] > 2 / 3).mean())
        kind = "large" if share > 0.35 else "apical" if upper >= 0.6 else "lateral"
        kind = "basal" if kind == "lateral" and lower >= 0.6 else kind
        widths[kind].append(float(np.percentile(run[run > 0], 90)) / (x1 - x0))
    sides = np.asarray(seen)
    return {
        "sources": {"siim": len(masks)},
        "boxes": len(masks),
        "films": len(masks),
        "sides": _sides(
            int((sides == "right").sum()), int((sides == "left").sum()), sides == "bilateral"
        ),
        "grid": np.round(grid * 10).astype(int).tolist(),
        "kinds": {k: round(len(widths[k]) / len(masks), 3) for k in sorted(widths)},
        "air_width": {k: _quantiles(np.asarray(widths[k])) for k in sorted(widths)},
        "lung_share": _quantiles(np.asarray(areas)),
    }


def describe_labels(tables: Path) -> dict[str, dict[str, object]]:
    """By view: films, share of films with 0, 1, ... labels, share of each label, lift of pairs."""
    rows = pd.read_csv(tables / "Data_Entry_2017_v2020.csv.gz")
    marks = rows["Finding Labels"].str.get_dummies("|").drop(columns="No Finding").astype(bool)
    views: dict[str, dict[str, object]] = {}
    for view in ("PA", "AP"):
        of = marks[rows["View Position"] == view]
        count = np.bincount(np.minimum(of.sum(axis=1), 5), minlength=6) / len(of)
        share = of.mean()
        # Three films are added to what is seen and what is expected: rare pairs stay near 1.
        lift = {
            f"{a}|{b}": round(
                float(((of[a] & of[b]).sum() + 3) / (share[a] * share[b] * len(of) + 3)), 2
            )
            for a, b in combinations(sorted(of.columns), 2)
        }
        views[view] = {
            "films": len(of),
            "label_counts": [round(float(x), 4) for x in count],
            "frequency": {str(k): round(float(x), 5) for k, x in share.items()},
            "lift": lift,
        }
    return views


def main() -> None:
    """Read the tables, write the statistics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "explorer" / "phantom" / "annotation.json"
    )
    options = parser.parse_args()
    boxes = pd.concat(
        [vindr_boxes(options.tables), rsna_boxes(options.tables), nih_boxes(options.data)]
    )
    boxes = boxes[(boxes.w > 0) & (boxes.h > 0)]
    findings = {str(name): describe_boxes(of) for name, of in boxes.groupby("finding")}
    findings["pneumothorax"] = describe_pneumothorax(siim_masks(options.tables))
    statistics = {
        "version": VERSION,
        "tables": "torchxrayvision 1.5.7 (data files of the wheel)",
        "lungs_in_frame": LUNGS,
        "sources": SOURCES,
        "findings": findings,
        "labels": describe_labels(options.tables),
    }
    text = json.dumps(statistics, separators=(",", ":"), allow_nan=False)
    # One finding or view a line: a difference can be read.
    text = text.replace('},"', '},\n"')
    options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
