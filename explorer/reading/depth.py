"""How many bits the numbers of a file hold, where its header and its data say different things.

The data decide and a note tells. Only where the data can be read in two ways is a file refused.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import UnsupportedFileError

# A table that leaves half of its range unused may be meant dim; one that leaves three quarters
# unused, or ends exactly at a full scale, was written with fewer bits than it states.
_TOO_MANY_UNUSED_BITS = 2
_LEAST_FULL_SCALE = 255
# Where brightness runs on smoothly into the bits above the stated ones, they belong to the image.
_LEAST_SMOOTH_SHARE = 0.05


def table_bits(entries: NDArray[np.integer], stated: int) -> int:
    """Bits an entry of a lookup table holds, by its largest entry where `stated` cannot be right.

    Args:
        entries: Entries of the table, not negative.
        stated: Bits by the descriptor of the table, of any value.
    """
    largest = int(entries.max())
    held = max(largest.bit_length(), 1)
    if not 1 <= stated <= 16 or held > stated:
        return held
    unused = stated - held
    is_full_scale = largest >= _LEAST_FULL_SCALE and largest == 2**held - 1
    written_with_fewer = unused >= _TOO_MANY_UNUSED_BITS or (unused > 0 and is_full_scale)
    return held if largest > 0 and written_with_fewer else stated


def settle(
    values: NDArray[np.integer],
    *,
    stated: int,
    high_bit: int,
    depth: int,
    signed: bool,
    is_certain: bool,
) -> tuple[NDArray[np.integer], str]:
    """Decide between the stated bits and those that the pixels use.

    Args:
        values: (H, W) integers, read with all `depth` bits and their sign.
        stated: Bits Stored of the file.
        high_bit: High Bit of the file.
        depth: Bits of the codestream, or all allocated bits.
        signed: Whether the file says that values have a sign.
        is_certain: Whether all `depth` bits belong to the image; else the bits above the stated
            ones may be overlays or left over, and the image itself is asked.

    Returns:
        The values to show, and a note; "" when header and pixels agree.
    """
    low, high = int(values.min()), int(values.max())
    half = 2 ** (stated - 1)
    if stated >= depth or (low >= -half and high < half):
        return values, ""
    shift = high_bit + 1 - stated
    if 0 < shift <= depth - stated and not np.any(values & (2**shift - 1)):
        return values >> shift, ""  # the bits lie at the upper end, as old writers put them
    kept = values & (2 * half - 1)
    kept = sign_extended(kept, stated) if signed else kept
    as_stated = high < 2 * half and low >= (-half if signed else 0)
    if as_stated or not (is_certain or _runs_on(values, kept, 2 * half)):
        return kept, ""
    needed = max(high, ~low).bit_length() + int(signed)
    return values, (
        f"The file states {stated} bits a pixel, its pixels need {needed}; all of them are used."
    )


def _runs_on(values: NDArray[np.integer], kept: NDArray[np.integer], period: int) -> bool:
    """Whether brightness is smooth where it enters the upper bits, and not without them.

    Of all neighbours of which one alone changes when the upper bits go, overlays leave a smooth
    image below; a deeper image falls from white to black.
    """
    crossings = smooth = 0
    for axis in (0, 1):
        whole = np.abs(np.diff(values.astype(np.int64), axis=axis))
        cut = np.abs(np.diff(kept.astype(np.int64), axis=axis))
        is_crossing = whole != cut
        crossings += int(is_crossing.sum())
        smooth += int((is_crossing & (whole < period // 2) & (cut >= period // 2)).sum())
    return smooth > 0 and smooth >= _LEAST_SMOOTH_SHARE * crossings


def sign_extended(values: NDArray[Any], bits: int) -> NDArray[np.int32]:
    """Read the lowest `bits` bits (at most 16) as a two's complement number."""
    half = 2 ** (bits - 1)
    return ((values.astype(np.int32) & (2 * half - 1)) ^ half) - half


def check_sign(values: NDArray[np.integer], *, stated: int, depth: int) -> None:
    """Refuse signed values of a codestream that is shallower than stated, where they are negative.

    Raises:
        UnsupportedFileError: The sign may lie at either depth.
    """
    if depth < stated and int(values.min()) < 0:
        raise UnsupportedFileError(
            f"The bit that holds the sign must be known; this file states {stated} bits a pixel "
            f"with sign and its compressed image has {depth}. Export it uncompressed."
        )
