"""How far are phantoms from real films: grey levels, power spectrum, and a simple classifier.

usage: python benchmarks/phantom_realism.py --shard SHARD.npz --data ../shared/data
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
from _report import write_report
from scipy.optimize import minimize

from explorer.phantom.shards import read_shard

SIZE = 320
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
PROTOCOL = (
    "One shard of phantoms beside as many NIH films of the train split, drawn with the seed, all "
    "at 320 x 320. Grey levels of 255 and log10 radial power are means over images. AUROC: ridge "
    "logistic regression on those features, five folds; 0.5 = cannot be told apart."
)


def features(images: np.ndarray) -> np.ndarray:
    """Mean, spread and percentiles (grey levels of 255), then log10 radial power (128 rings)."""
    window = np.outer(np.hanning(256), np.hanning(256))
    rows, columns = np.mgrid[-128:128, -128:128]
    ring = np.hypot(rows, columns).astype(int).ravel()
    found = []
    for image in images:
        centre = image[32:288, 32:288].astype(float) / 255
        power = np.abs(np.fft.fftshift(np.fft.fft2((centre - centre.mean()) * window))) ** 2
        radial = np.bincount(ring, power.ravel()) / np.bincount(ring)
        levels = [image.mean(), image.std(), *np.percentile(image, PERCENTILES)]
        found.append([*levels, *np.log10(radial[:128] + 1e-9)])
    return np.asarray(found)


def cross_validated_auroc(x: np.ndarray, y: np.ndarray, *, folds: int = 5) -> float:
    """AUROC of a ridge logistic regression, each image scored by a model that did not see it."""
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order], y[order]
    scores = np.zeros(len(y))
    for k in range(folds):
        held = np.arange(len(y)) % folds == k
        mean, spread = x[~held].mean(0), x[~held].std(0) + 1e-6
        train, test = (x[~held] - mean) / spread, (x[held] - mean) / spread
        sign = 2 * y[~held] - 1

        def loss(w: np.ndarray, a: np.ndarray = train, s: np.ndarray = sign) -> float:
            return float(
                np.logaddexp(0, -s * (a @ w[1:] + w[0])).mean() + 0.01 * (w[1:] ** 2).sum()
            )

        def slope(w: np.ndarray, a: np.ndarray = train, s: np.ndarray = sign) -> np.ndarray:
            part = -s / (1 + np.exp(s * (a @ w[1:] + w[0]))) / len(s)
            return np.concatenate([[part.sum()], a.T @ part + 0.02 * w[1:]])

        w = minimize(loss, np.zeros(x.shape[1] + 1), jac=slope, method="L-BFGS-B").x
        scores[held] = test @ w[1:] + w[0]
    ranks = scores.argsort().argsort() + 1
    positive = y == 1
    count = positive.sum()
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(y) - count)))


def _read(path: Path) -> np.ndarray:
    """A film as (SIZE, SIZE) uint8."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise SystemExit(f"{path.name} cannot be read. Is the data folder complete?")
    return np.asarray(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA))


def main() -> None:
    """Measure one shard against as many real films of the train split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shard", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    phantoms = read_shard(options.shard)[0]
    with (options.data / "radiographs.csv").open(newline="") as file:
        paths = [
            r["path"]
            for r in csv.DictReader(file)
            if r["source"] == "nih" and r["split"] == "train"
        ]
    chosen = np.random.default_rng(0).permutation(paths)[: len(phantoms)]
    real = np.stack([_read(options.data / path) for path in chosen])
    a, b = features(real), features(phantoms)
    labels = np.concatenate([np.zeros(len(a)), np.ones(len(b))])
    results = {
        "images": {"real": len(a), "phantom": len(b)},
        "grey_levels": {
            name: {
                "real": round(float(a[:, k].mean()), 1),
                "phantom": round(float(b[:, k].mean()), 1),
            }
            for k, name in enumerate(["mean", "spread", *(f"p{p}" for p in PERCENTILES)])
        },
        "log10_power": {
            str(k): {
                "real": round(float(a[:, 9 + k].mean()), 2),
                "phantom": round(float(b[:, 9 + k].mean()), 2),
            }
            for k in (1, 4, 8, 16, 32, 64, 120)
        },
        "mean_abs_log10_power_distance": round(
            float(np.abs(a[:, 9:].mean(0) - b[:, 9:].mean(0)).mean()), 3
        ),
        "auroc_real_versus_phantom": round(cross_validated_auroc(np.vstack([a, b]), labels), 3),
    }
    write_report("phantom_realism", protocol=PROTOCOL, seed=0, results=results)


if __name__ == "__main__":
    main()
