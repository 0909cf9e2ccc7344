"""From stored numbers of any type to 16-bit levels with slope and intercept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.errors import DamagedFileError
from explorer.reading.windows import LEVEL_COUNT, Levels, Mask

LARGEST_LEVEL = LEVEL_COUNT - 1
# ITU-R BT.601 luma, as JPEG and television use it.
LUMA_THOUSANDTHS = (299, 587, 114)
# JPEG rounding tints grey pixels by a few of 255 levels; more than this is a colour.
COLOUR_SPREAD = 12 / 255
COLOUR_NOTE = "The image is in colour; its brightness is shown."


@dataclass(frozen=True, slots=True)
class Leveled:
    """Levels (H, W) uint16 with: value = `levels * slope + intercept`.

    Attributes:
        valid: False where there is no number (NaN or infinite); None when all are numbers.
        notes: What was lost on the way.
    """

    levels: Levels
    slope: float
    intercept: float
    valid: Mask | None = None
    notes: tuple[str, ...] = ()


def levels_from_integers(values: NDArray[np.integer]) -> Leveled:
    """Keep every integer that fits 16 bits exactly; requantise wider ranges with a note."""
    low, high = int(values.min()), int(values.max())
    if low >= 0 and high <= LARGEST_LEVEL:
        return Leveled(values.astype(np.uint16), 1.0, 0.0)
    if high - low <= LARGEST_LEVEL:
        return Leveled((values.astype(np.int64) - low).astype(np.uint16), 1.0, float(low))
    return levels_from_floats(values.astype(np.float64))


def levels_from_floats(values: NDArray[np.floating]) -> Leveled:
    """Spread the finite range of floating-point values over 65,536 levels.

    Raises:
        DamagedFileError: No value is a finite number.
    """
    finite = np.isfinite(values)
    if not finite.any():
        raise DamagedFileError(
            "Pixel values must be finite numbers, all of this file are NaN or infinite. "
            "Export the image again."
        )
    wide = values.astype(np.float64)
    low, high = float(wide[finite].min()), float(wide[finite].max())
    slope = high / LARGEST_LEVEL - low / LARGEST_LEVEL
    if not np.isfinite(slope) or slope <= 0:
        slope = 1.0
    scaled = (np.where(finite, wide, low) - low) / slope
    levels = np.clip(np.rint(scaled), 0, LARGEST_LEVEL).astype(np.uint16)
    notes = ["The pixel values were rounded to 65,536 levels."]
    if not finite.all():
        share = 100.0 * (1.0 - float(finite.mean()))
        notes.append(f"{share:.2g} % of the pixels hold no number (NaN or infinite).")
    return Leveled(levels, slope, low, None if finite.all() else finite, tuple(notes))


def grey_from_colour(
    colour: NDArray[np.uint8] | NDArray[np.uint16],
) -> tuple[Levels, tuple[str, ...]]:
    """Turn (H, W, 3) colour into grey levels; equal channels pass through unchanged.

    Returns:
        Levels (H, W) on the scale of the input, and a note when the image has real colour.
    """
    red, green, blue = (colour[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return red.astype(np.uint16), ()
    luma = np.full(red.shape, 500, dtype=np.uint32)  # half a step, so that the division rounds
    for channel, thousandths in zip((red, green, blue), LUMA_THOUSANDTHS, strict=True):
        luma += channel * np.uint32(thousandths)
    grey = (luma // 1000).astype(np.uint16)
    brightest = np.maximum(np.maximum(red, green), blue)
    spread = int((brightest - np.minimum(np.minimum(red, green), blue)).max())
    full_scale = 2 ** max(8, int(brightest.max()).bit_length()) - 1  # 12 bits may lie in 16
    is_coloured = spread > COLOUR_SPREAD * full_scale
    return grey, (COLOUR_NOTE,) if is_coloured else ()
