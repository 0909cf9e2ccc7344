"""How far are phantoms from real films: grey levels, power spectrum, and simple classifiers.

usage: python benchmarks/phantom_realism.py --shard SHARD.npz [--before SHARD.npz]
       --trunk efficientnet-lite0.pth [--data ../shared/data]

`--before` is a shard of an earlier renderer, measured beside the same films. Render either with
`explorer phantom render --studies 200 --seed 5`.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from _report import write_report
from scipy.optimize import minimize

from explorer.encoders.image import EfficientNetLite0, summarise
from explorer.encoders.preprocessing import standardise
from explorer.phantom.shards import read_shard

SIZE = 320
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
PROTOCOL = (
    "One shard of phantoms beside as many NIH films of the train split, drawn with the seed, all "
    "at 320 x 320. Grey levels of 255 and log10 radial power are means over images. AUROC: ridge "
    "logistic regression, five folds, on grey levels, on the spectrum, on both, and on pooled "
    "features of EfficientNet-Lite0 with ImageNet weights (means and deviations of three "
    "strides); 0.5 = cannot be told apart. The films are apart from those that set the looks."
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


def network_features(images: np.ndarray, trunk: EfficientNetLite0) -> np.ndarray:
    """Pooled features of the ImageNet network, one row an image."""
    rows = []
    for start in range(0, len(images), 8):
        views = [standardise(image.astype(np.float32) / 255) for image in images[start : start + 8]]
        with torch.inference_mode():
            rows.append(summarise(trunk(torch.from_numpy(np.stack(views))[:, None])).numpy())
    return np.concatenate(rows)


def main() -> None:
    """Measure shards against as many real films of the train split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shard", type=Path, required=True)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--trunk", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    trunk = EfficientNetLite0()
    trunk.load_imagenet(torch.load(options.trunk, weights_only=True))
    trunk.eval()
    phantoms = read_shard(options.shard)[0]
    films = _real_films(options.data, len(phantoms))
    real = (features(films), network_features(films, trunk))
    sets = {"now": phantoms}
    if options.before is not None:
        sets["before"] = read_shard(options.before)[0]
    results = {
        name: compare(real, (features(x), network_features(x, trunk))) for name, x in sets.items()
    }
    write_report("phantom_realism", protocol=PROTOCOL, seed=0, results=results)


def _real_films(data: Path, count: int) -> np.ndarray:
    with (data / "radiographs.csv").open(newline="") as file:
        paths = [
            r["path"]
            for r in csv.DictReader(file)
            if r["source"] == "nih" and r["split"] == "train"
        ]
    chosen = np.random.default_rng(0).permutation(paths)[:count]
    return np.stack([_read(data / path) for path in chosen])


def compare(
    real: tuple[np.ndarray, np.ndarray], phantom: tuple[np.ndarray, np.ndarray]
) -> dict[str, Any]:
    """Means side by side, and how well four classifiers tell real from phantom."""
    (a, a_network), (b, b_network) = real, phantom
    labels = np.concatenate([np.zeros(len(a)), np.ones(len(b))])

    def auroc(one: np.ndarray, other: np.ndarray) -> float:
        return round(cross_validated_auroc(np.vstack([one, other]), labels), 3)

    levels = ["mean", "spread", *(f"p{p}" for p in PERCENTILES)]
    return {
        "images": {"real": len(a), "phantom": len(b)},
        "grey_levels": {n: _both(a[:, k], b[:, k], 1) for k, n in enumerate(levels)},
        "log10_power": {
            str(k): _both(a[:, 9 + k], b[:, 9 + k], 2) for k in (1, 4, 8, 16, 32, 64, 120)
        },
        "mean_abs_log10_power_distance": round(
            float(np.abs(a[:, 9:].mean(0) - b[:, 9:].mean(0)).mean()), 3
        ),
        "mean_abs_grey_level_distance": round(
            float(np.abs(a[:, :9].mean(0) - b[:, :9].mean(0)).mean()), 1
        ),
        "auroc_grey_levels": auroc(a[:, :9], b[:, :9]),
        "auroc_spectrum": auroc(a[:, 9:], b[:, 9:]),
        "auroc_both": auroc(a, b),
        "auroc_network_features": auroc(a_network, b_network),
    }


def _both(real: np.ndarray, phantom: np.ndarray, digits: int) -> dict[str, float]:
    return {
        "real": round(float(real.mean()), digits),
        "phantom": round(float(phantom.mean()), digits),
    }


if __name__ == "__main__":
    main()
