"""Display maths: VOI windows and tables, the window fitted to an image, levels to shown pixels.

The order is that of DICOM PS3.3 C.11 and PS3.4 N.2: the modality values of an image are shown
through one window or VOI table, then turned round once when the file is MONOCHROME1 or asks for
the INVERSE presentation.
"""

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32, VoiTable, Window

Levels = NDArray[np.uint16]
Mask = NDArray[np.bool_]

LEVEL_COUNT = 65_536
_COUNTED_AT_ONCE = 2**20
FITTED_PERCENTILES = (0.5, 99.5)
FITTED_NAME = "fitted to the pixel values"
FULL_RANGE_NAME = "full range"
# A window that leaves less than this between the dark and the bright end shows nothing:
# one made for 16 bits shows a 12-bit image in a sixteenth of its range, black to the eye.
LEAST_SHOWN_SPREAD = 0.1


def shown_values(values: NDArray[np.float64], window: Window | VoiTable) -> Float32:
    """Map modality values to brightness.

    Args:
        values: Modality values of any shape.
        window: A window (PS3.3 C.11.2.1.2 and C.11.2.1.3) or a VOI table (C.11.2.1.1).

    Returns:
        float32 of the same shape in [0, 1].
    """
    if isinstance(window, VoiTable):
        index = np.clip(np.rint(values - window.first), 0, len(window.values) - 1)
        return window.values[index.astype(np.intp)]
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        with np.errstate(over="ignore"):
            return (1.0 / (1.0 + np.exp(-4.0 * (values - center) / width))).astype(np.float32)
    if window.function == "LINEAR":
        center, width = center - 0.5, width - 1.0
    if width <= 0:  # LINEAR of width 1: a step
        return (values > center).astype(np.float32)
    return np.clip((values - center) / width + 0.5, 0.0, 1.0).astype(np.float32)


def show(
    levels: Levels,
    window: Window | VoiTable,
    *,
    slope: float,
    intercept: float,
    inverted: bool,
    valid: Mask | None,
) -> Float32:
    """Turn levels (H, W) into shown pixels (H, W) in [0, 1]; padding is shown black.

    Modality value = level * slope + intercept. All 65,536 levels are shown once and looked up.
    """
    modality = np.arange(LEVEL_COUNT, dtype=np.float64) * slope + intercept
    table = shown_values(modality, window)
    pixels = np.take(1.0 - table if inverted else table, levels)
    if valid is not None:
        pixels[~valid] = 0.0
    return pixels


def level_counts(levels: Levels, valid: Mask | None) -> NDArray[np.int64]:
    """Count how often each of the 65,536 levels occurs outside padding."""
    counted = levels.ravel() if valid is None else levels[valid]
    counts = np.zeros(LEVEL_COUNT, dtype=np.int64)
    for start in range(0, counted.size, _COUNTED_AT_ONCE):  # bincount widens its input eightfold
        counts += np.bincount(counted[start : start + _COUNTED_AT_ONCE], minlength=LEVEL_COUNT)
    return counts


def fitted_window(counts: NDArray[np.int64], *, slope: float, intercept: float) -> Window:
    """Fit a window between the 0.5th and 99.5th percentile of an image.

    A constant image gets width 1 around its value and so is shown mid-grey.
    """
    low, high = _dark_and_bright_level(counts)
    ends = low * slope + intercept, high * slope + intercept
    width = abs(ends[1] - ends[0])
    return Window(FITTED_NAME, sum(ends) / 2, width if width > 0 else 1.0, "LINEAR_EXACT")


def full_range_window(low: float, high: float) -> Window:
    """Show modality value `low` black and `high` white, linearly between."""
    return Window(FULL_RANGE_NAME, (low + high) / 2, high - low, "LINEAR_EXACT")


def shows_something(
    window: Window | VoiTable, counts: NDArray[np.int64], *, slope: float, intercept: float
) -> bool:
    """Whether the window tells the dark from the bright end of the image."""
    ends = np.array(_dark_and_bright_level(counts), dtype=np.float64)
    shown = shown_values(ends * slope + intercept, window)
    return bool(abs(float(shown[1]) - float(shown[0])) >= LEAST_SHOWN_SPREAD)


def is_constant(counts: NDArray[np.int64]) -> bool:
    """Whether at most one level occurs."""
    return int(np.count_nonzero(counts)) <= 1


def _dark_and_bright_level(counts: NDArray[np.int64]) -> tuple[int, int]:
    """Ends of the bulk of the image, or its extremes when nearly all of it is one level."""
    low, high = _percentile_levels(counts, FITTED_PERCENTILES)
    return (low, high) if low < high else _percentile_levels(counts, (0.0, 100.0))


def _percentile_levels(
    counts: NDArray[np.int64], percentiles: tuple[float, float]
) -> tuple[int, int]:
    cumulative = np.cumsum(counts)
    total = int(cumulative[-1])
    low, high = (
        int(np.searchsorted(cumulative, max(1.0, total * percent / 100.0)))
        for percent in percentiles
    )
    return low, high
