"""Random fields and drawn curves from which findings and films are made."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], *, cell: float) -> Float32:
    """Gaussian noise of about unit spread whose bumps are `cell` pixels wide."""
    height, width = shape
    rows, columns = max(2, round(height / cell) + 1), max(2, round(width / cell) + 1)
    coarse = rng.standard_normal((rows, columns), np.float32)
    return _float32(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def cloud(rng: np.random.Generator, shape: tuple[int, int], *, cell: float) -> Float32:
    """Sum of three octaves of smooth noise, about unit spread: the grain of an opacity."""
    total = smooth_noise(rng, shape, cell=cell)
    total = total + 0.6 * smooth_noise(rng, shape, cell=max(2.0, cell / 2.2))
    total = total + 0.35 * smooth_noise(rng, shape, cell=max(1.5, cell / 5))
    return (total / 1.22).astype(np.float32)


def fractal(rng: np.random.Generator, shape: tuple[int, int], *, slope: float) -> Float32:
    """Noise of unit spread whose amplitude falls with frequency to the power of `slope`.

    Waves longer than an eighth of the image are left out.
    """
    height, width = shape
    waves = np.fft.rfft2(rng.standard_normal(shape, np.float32))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    longest = 8.0 / min(shape)
    weight = np.where(frequency < longest, 0.0, np.maximum(frequency, longest) ** -slope)
    field = np.fft.irfft2(waves * weight, s=shape)
    return _float32(field / field.std())


def blur(values: Float32, sigma: float) -> Float32:
    """Gaussian blur; large sigmas are done on a smaller copy, which looks the same."""
    if sigma <= 0.05:
        return values
    shrink = int(max(1, sigma // 4))
    if shrink == 1:
        return _float32(cv2.GaussianBlur(values, (0, 0), sigma))
    height, width = values.shape
    small = cv2.resize(
        values, (max(4, width // shrink), max(4, height // shrink)), interpolation=cv2.INTER_AREA
    )
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return _float32(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _float32(values: NDArray[Any]) -> Float32:
    return np.asarray(values, np.float32)


def sigmoid(values: NDArray[np.floating]) -> Float32:
    """1 / (1 + exp(-values))."""
    return (1.0 / (1.0 + np.exp(-np.clip(values, -30, 30)))).astype(np.float32)


def smooth_curve(points: NDArray[np.floating], *, samples: int = 80) -> Float32:
    """Catmull-Rom curve through (N, 2) points of (x, y): (samples, 2)."""
    points = np.asarray(points, np.float64)
    if len(points) < 3:
        t = np.linspace(0, 1, samples)[:, None]
        return (points[0] * (1 - t) + points[-1] * t).astype(np.float32)
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    place = np.linspace(0, len(points) - 1 - 1e-6, samples)
    k = place.astype(int)
    t = (place - k)[:, None]
    a, b, c, d = (padded[k + i] for i in range(4))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return curve.astype(np.float32)


def draw_curve(shape: tuple[int, int], points: Float32, *, width: float) -> Float32:
    """Antialiased stroke of `width` pixels (may be below 1) in [0, 1]."""
    canvas = np.zeros(shape, np.uint8)
    thickness = max(1, round(width))
    shifted = np.round(np.asarray(points, np.float64) * 16).astype(np.int32)
    cv2.polylines(canvas, [shifted], False, 255, thickness, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) * (min(1.0, width / thickness) / 255.0)


def draw_tube(
    shape: tuple[int, int], points: Float32, *, width: float, wall: float = 0.5
) -> Float32:
    """Stroke denser at its two edges than in the middle, as a tube's wall projects."""
    outer = draw_curve(shape, points, width=width)
    if width < 3:
        return outer
    inner = draw_curve(shape, points, width=max(1.0, width * 0.55))
    return np.clip(outer - (1 - wall) * inner, 0, 1)


def distance_to(points: Float32, shape: tuple[int, int]) -> Float32:
    """Distance of every pixel to a polyline, in pixels."""
    canvas = np.full(shape, 255, np.uint8)
    cv2.polylines(canvas, [np.round(np.asarray(points)).astype(np.int32)], False, 0, 1)
    return _float32(cv2.distanceTransform(canvas, cv2.DIST_L2, 5))
