"""Radiographs made worse on purpose: five kinds, each at strengths that grow.

Pixels are (H, W) float32 in [0, 1]; the same seed gives the same noise. What a turn or a smaller
scale leaves empty is filled with the film's darkest value.
"""

from collections.abc import Callable

import cv2
import numpy as np

from explorer.entities import Float32

Corrupt = Callable[[Float32, float, np.random.Generator], Float32]


def _noise(pixels: Float32, strength: float, rng: np.random.Generator) -> Float32:
    """Gaussian noise; strength is its standard deviation."""
    return _shown(pixels + strength * rng.standard_normal(pixels.shape, dtype=np.float32))


def _blur(pixels: Float32, strength: float, rng: np.random.Generator) -> Float32:  # noqa: ARG001
    """Gaussian blur; strength is its standard deviation over the longest side."""
    return _shown(cv2.GaussianBlur(pixels, (0, 0), strength * max(pixels.shape)))


def _contrast(pixels: Float32, strength: float, rng: np.random.Generator) -> Float32:  # noqa: ARG001
    """Contrast taken away about the mean; strength is the share that is gone."""
    mean = pixels.mean()
    return _shown(mean + (1 - strength) * (pixels - mean))


def _rotation(pixels: Float32, strength: float, rng: np.random.Generator) -> Float32:
    """Turn about the centre by `strength` degrees, to a side drawn at random."""
    return _warped(pixels, angle=strength * rng.choice([-1, 1]), scale=1.0)


def _scale(pixels: Float32, strength: float, rng: np.random.Generator) -> Float32:  # noqa: ARG001
    """Make smaller about the centre; strength is the share of the side that is gone."""
    return _warped(pixels, angle=0.0, scale=1 - strength)


def _warped(pixels: Float32, *, angle: float, scale: float) -> Float32:
    height, width = pixels.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), float(angle), scale)
    empty = float(pixels.min())
    return _shown(cv2.warpAffine(pixels, matrix, (width, height), borderValue=empty))


def _shown(pixels: object) -> Float32:
    return np.clip(np.asarray(pixels, dtype=np.float32), 0.0, 1.0)


# Kind -> how, strengths from mild to severe, and the unit of a strength.
CORRUPTIONS: dict[str, tuple[Corrupt, tuple[float, float, float], str]] = {
    "noise": (_noise, (0.02, 0.05, 0.1), "standard deviation, of the full range"),
    "blur": (_blur, (0.003, 0.006, 0.012), "standard deviation, of the longest side"),
    "contrast": (_contrast, (0.3, 0.6, 0.8), "share that is gone"),
    "rotation": (_rotation, (5.0, 10.0, 20.0), "degrees, to either side"),
    "scale": (_scale, (0.1, 0.2, 0.35), "share of the side that is gone"),
}


def corrupted(pixels: Float32, kind: str, strength: float, *, seed: int) -> Float32:
    """A film made worse.

    >>> corrupted(np.full((2, 2), 0.5, np.float32), "contrast", 0.5, seed=0).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    how, _, _ = CORRUPTIONS[kind]
    return how(np.asarray(pixels, dtype=np.float32), strength, np.random.default_rng(seed))
