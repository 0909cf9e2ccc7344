"""Pictures that are not radiographs, for the image check: drawn ones and crops of photographs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]


def strange_pictures(count: int, *, seed: int = 0) -> list[UInt8]:
    """Drawn pictures that are not radiographs: shapes, text, gradients, textures, noise."""
    rng = np.random.default_rng(seed)
    makers: tuple[Callable[[np.random.Generator], UInt8], ...] = (
        _dead_leaves,
        _page_of_text,
        _waves,
        _noise,
        _flat,
    )
    return [makers[i % len(makers)](rng) for i in range(count)]


def photograph_crops(paths: Sequence[Path], count: int, *, seed: int = 0) -> list[UInt8]:
    """Random square crops of photographs, (256, 256) uint8, mirrored, turned, sometimes negative.

    Args:
        paths: Image files in any colour; those that cannot be read are passed over.
        count: How many crops.
        seed: Of the draw.
    """
    rng = np.random.default_rng(seed)
    read = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in paths]
    photographs = [np.asarray(p, np.uint8) for p in read if p is not None]
    return [_crop(photographs[i % len(photographs)], rng) for i in range(count) if photographs]


def _crop(photograph: UInt8, rng: np.random.Generator) -> UInt8:
    height, width = photograph.shape
    side = int(min(height, width) * rng.uniform(0.35, 1))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    crop = cv2.resize(
        photograph[top : top + side, left : left + side], (256, 256), interpolation=cv2.INTER_AREA
    )
    crop = np.rot90(crop, int(rng.integers(4)) if rng.random() < 0.3 else 0)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.ascontiguousarray(255 - crop if rng.random() < 0.2 else crop, dtype=np.uint8)


def _dead_leaves(rng: np.random.Generator) -> UInt8:
    """Overlapping discs and boxes of all sizes: the statistics of natural photographs."""
    image = np.full((256, 256), int(rng.integers(256)), np.uint8)
    for _ in range(int(rng.integers(40, 400))):
        x, y = (int(v) for v in rng.integers(-20, 276, 2))
        radius = int(min(120, 3 / rng.uniform(0.02, 1)))
        color = int(rng.integers(256))
        if rng.random() < 0.6:
            axes = (radius, max(1, int(radius * rng.uniform(0.3, 1))))
            cv2.ellipse(image, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, color, -1)
        else:
            cv2.rectangle(
                image, (x, y), (x + radius, y + int(radius * rng.uniform(0.3, 2))), color, -1
            )
    texture = rng.normal(0, rng.uniform(0, 20), image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 2)) + texture, 0, 255).astype(
        np.uint8
    )


def _page_of_text(rng: np.random.Generator) -> UInt8:
    light = rng.random() < 0.7
    image = np.full((256, 256), 245 if light else 10, np.uint8)
    for y in range(int(rng.integers(8, 30)), 250, int(rng.integers(8, 22))):
        letters = "".join(chr(int(c)) for c in rng.integers(97, 123, int(rng.integers(5, 40))))
        cv2.putText(
            image,
            letters,
            (int(rng.integers(4, 30)), y),
            cv2.FONT_HERSHEY_SIMPLEX,
            float(rng.uniform(0.25, 0.6)),
            20 if light else 230,
            1,
            cv2.LINE_AA,
        )
    return image


def _waves(rng: np.random.Generator) -> UInt8:
    y, x = np.mgrid[:256, :256] / 256
    total = sum(
        np.sin(2 * np.pi * (rng.normal(0, 6) * x + rng.normal(0, 6) * y) + rng.uniform(0, 6))
        for _ in range(int(rng.integers(1, 5)))
    )
    values = np.asarray(total)
    return ((values - values.min()) / (np.ptp(values) + 1e-6) * 255).astype(np.uint8)


def _noise(rng: np.random.Generator) -> UInt8:
    side = int(2 ** rng.integers(2, 9))
    cells = rng.integers(0, 256, (side, side), dtype=np.uint8)
    return np.asarray(cv2.resize(cells, (256, 256), interpolation=cv2.INTER_CUBIC), np.uint8)


def _flat(rng: np.random.Generator) -> UInt8:
    ramp = np.linspace(0, rng.uniform(0, 255), 256)[None] * np.ones((256, 1))
    image = np.rot90(ramp, int(rng.integers(4))) + rng.normal(0, rng.uniform(0, 12), (256, 256))
    if rng.random() < 0.5:
        center = (int(rng.integers(60, 200)), int(rng.integers(60, 200)))
        cv2.circle(
            image := np.ascontiguousarray(image), center, int(rng.integers(20, 110)), 200, -1
        )
    return np.clip(image, 0, 255).astype(np.uint8)
