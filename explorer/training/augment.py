"""Random pose, contrast and noise of a training study; masks move with the pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.encoders.preprocessing import standardise
from explorer.training.samples import MASK_SIDE, STORED_SIDE, TrainingStudy

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Augmented:
    """pixels (S, S) standardised; masks (T, G, G) share of each cell; whether mirrored."""

    pixels: Float32
    masks: Float32
    mirrored: bool


def augment(
    study: TrainingStudy, rng: np.random.Generator, *, side: int, grid: int, mirror: float
) -> Augmented:
    """Draw one view of a study.

    Args:
        study: The study.
        rng: Source of every draw.
        side: S, pixels of the model input.
        grid: G, patches along a side.
        mirror: Probability of mirroring left and right; phrases must then swap their sides.
    """
    mirrored = bool(rng.random() < mirror)
    matrix = _pose(rng, mirrored=mirrored)
    shown = _warp(study.pixels, matrix, size=STORED_SIDE, side=side)
    inside = _warp(_content_mask(study), matrix, size=STORED_SIDE, side=side) > 127
    pixels = standardise(_contrast(_float(shown) / np.float32(255), rng), inside)
    gain, offset = rng.uniform(0.8, 1.2), rng.normal(0, 0.15)
    noise = rng.normal(0, rng.uniform(0, 0.1), pixels.shape).astype(np.float32)
    pixels[inside] = (pixels * gain + offset + noise)[inside]
    fine = 2 * grid
    masks = [
        cv2.resize(
            _warp(t.mask, matrix, size=MASK_SIDE, side=fine),
            (grid, grid),
            interpolation=cv2.INTER_AREA,
        )
        for t in study.targets
    ]
    return Augmented(pixels, _stack(masks, grid), mirrored)


def plain_view(study: TrainingStudy, *, side: int, grid: int) -> Augmented:
    """The study as it is, for validation."""
    identity = np.eye(3)[:2]
    pixels = cv2.resize(study.pixels, (side, side), interpolation=cv2.INTER_AREA)
    inside = _warp(_content_mask(study), identity, size=STORED_SIDE, side=side) > 127
    masks = [cv2.resize(t.mask, (grid, grid), interpolation=cv2.INTER_AREA) for t in study.targets]
    return Augmented(standardise(pixels / 255, inside), _stack(masks, grid), False)


def _stack(masks: Sequence[NDArray[Any]], grid: int) -> Float32:
    if not masks:
        return np.zeros((0, grid, grid), np.float32)
    return _float(np.stack(masks)) / np.float32(255)


def _pose(rng: np.random.Generator, *, mirrored: bool) -> NDArray[np.float64]:
    """Affine (2, 3) in unit coordinates: rotation, scale, shift, mirror about the centre."""
    angle, scale = np.deg2rad(rng.normal(0, 5)), rng.uniform(0.9, 1.18)
    stretch = rng.uniform(0.94, 1.06)
    linear = scale * np.array(
        [[np.cos(angle) * stretch, np.sin(angle)], [-np.sin(angle), np.cos(angle) / stretch]]
    )
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    center = np.array([0.5, 0.5])
    shift = center - linear @ center + rng.uniform(-0.05, 0.05, 2)
    return np.hstack([linear, shift[:, None]])


def _warp(image: NDArray[Any], matrix: NDArray[np.float64], *, size: int, side: int) -> UInt8:
    """Apply a unit-coordinate affine to a square of `size` pixels, giving `side` pixels."""
    linear = matrix[:, :2] * (side / size)
    shift = matrix[:, 2] * side + linear @ np.array([0.5, 0.5]) - 0.5  # pixel centres
    pixel_matrix = np.hstack([linear, shift[:, None]])
    if side < size * 0.75:  # average before shrinking, or thin lines vanish
        image = cv2.GaussianBlur(image, (0, 0), 0.35 * size / side)
    warped = cv2.warpAffine(image, pixel_matrix, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, dtype=np.uint8)


def _contrast(pixels: Float32, rng: np.random.Generator) -> Float32:
    pixels = np.clip(pixels, 0, 1) ** np.float32(rng.uniform(0.6, 1.6))
    if rng.random() < 0.2:
        pixels = _float(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 1.2)))
    if rng.random() < 0.25:
        clahe = cv2.createCLAHE(rng.uniform(1.0, 3.0), (8, 8))
        pixels = _float(clahe.apply((pixels * 255).astype(np.uint8))) / np.float32(255)
    return pixels


def _float(values: NDArray[Any]) -> Float32:
    return values.astype(np.float32)


def _content_mask(study: TrainingStudy) -> NDArray[np.uint8]:
    height, width = study.content
    mask = np.zeros((STORED_SIDE, STORED_SIDE), np.uint8)
    top, left = (STORED_SIDE - height) // 2, (STORED_SIDE - width) // 2
    mask[top : top + height, left : left + width] = 255
    return mask
