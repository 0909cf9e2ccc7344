"""PNG, JPEG and TIFF to levels and windows (child process only)."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import (
    Image,
    ImageOps,
    JpegImagePlugin,  # noqa: F401 - registers its format, as do the next three
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
)

from explorer.errors import DamagedFileError, UnsupportedFileError
from explorer.reading import windows as display_maths
from explorer.reading.decoded import Decoded
from explorer.reading.dicom_display import CONSTANT_NOTE
from explorer.reading.levels import (
    Leveled,
    grey_from_colour,
    levels_from_floats,
    levels_from_integers,
)
from explorer.reading.limits import check_image_size
from explorer.reading.pages import full_page
from explorer.reading.square import pixel_shape, with_square_pixels
from explorer.reading.windows import Mask

# Limits are checked here, file by file; Pillow's own guess at a bomb would only warn.
Image.MAX_IMAGE_PIXELS = None

_EXIF_ORIENTATION = 0x0112
_TIFF_PHOTOMETRIC = 262
_TIFF_BITS = 258
_TIFF_SAMPLES = 277
_WHITE_IS_ZERO = 0
# An image of more than 8 bits that uses less of its range than this gets a fitted window.
_WELL_USED_RANGE = 0.5
_BROKEN = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,  # what Pillow raises for broken PNG chunks
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RuntimeError,
    EOFError,
    ZeroDivisionError,
)


def decode_raster(data: bytes, *, kind: str) -> Decoded:
    """Decode a PNG, JPEG or TIFF of 8 or 16 bits (TIFF: also 32-bit numbers).

    Args:
        data: The whole file.
        kind: "png", "jpeg" or "tiff", as found by content.

    Raises:
        UnsupportedFileError: Several pages, or a layout that is not read.
        DamagedFileError: The file breaks off or is garbled.
        LimitExceededError: It is too large; found out before decoding.
    """
    try:
        image = Image.open(BytesIO(data), formats=(kind.upper(),))
    except _BROKEN as error:
        raise _damaged(kind) from error
    page, page_notes = full_page(image) if kind == "tiff" else (0, ())
    check_image_size(image.height, image.width)
    try:
        values, white_is_zero = _pixel_values(data, image, kind, page=page)
        ratio = pixel_shape(image)
    except _BROKEN as error:
        raise _damaged(kind) from error
    decoded = _to_decoded(values, kind=kind, white_is_zero=white_is_zero)
    decoded = with_square_pixels(decoded, ratio=ratio)
    return replace(decoded, notes=(*page_notes, *decoded.notes))


def _pixel_values(
    data: bytes, image: Image.Image, kind: str, *, page: int
) -> tuple[NDArray[Any], bool]:
    """Decode to (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), upright, and whether 0 is white."""
    if _is_deep_colour(data, image, kind):
        return _deep_colour(data, image, kind, page=page), False
    white_is_zero = (
        kind == "tiff"
        and _tag(image, _TIFF_PHOTOMETRIC, 1) == _WHITE_IS_ZERO
        and image.mode not in ("1", "L")  # Pillow turns these round itself
    )
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "P" or upright.mode not in _READY_MODES:
        has_alpha = "transparency" in upright.info or "A" in upright.getbands()
        upright = upright.convert("RGBA" if has_alpha else "RGB")
    elif upright.mode == "1":
        upright = upright.convert("L")
    return np.asarray(upright), white_is_zero


_READY_MODES = ("1", "L", "LA", "RGB", "RGBA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def _is_deep_colour(data: bytes, image: Image.Image, kind: str) -> bool:
    """Whether the file has 16-bit channels that Pillow would cut to 8 bits or cannot read."""
    if kind == "png":
        return data[24] == 16 and data[25] in (2, 4, 6)  # IHDR bit depth and colour type
    return kind == "tiff" and _tag(image, _TIFF_SAMPLES, 1) > 1 and _tag(image, _TIFF_BITS, 8) > 8


def _deep_colour(data: bytes, image: Image.Image, kind: str, *, page: int) -> NDArray[Any]:
    import imagecodecs  # only here: 16-bit colour is rare

    is_png = kind == "png"
    decoded = imagecodecs.png_decode(data) if is_png else imagecodecs.tiff_decode(data, index=page)
    values = np.asarray(decoded)
    return _turn_upright(values, int(image.getexif().get(_EXIF_ORIENTATION, 1)))


def _turn_upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo an EXIF orientation (1 to 8) of (H, W, ...) values."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values[::-1] if orientation in (3, 4, 7, 8) else values


def _tag(image: Image.Image, tag: int, default: int) -> int:
    value = getattr(image, "tag_v2", {}).get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def _damaged(kind: str) -> DamagedFileError:
    return DamagedFileError(
        f"A {kind.upper()} file must decode up to its end, this one breaks off or is garbled. "
        "Export or download it again."
    )


def _to_decoded(values: NDArray[Any], *, kind: str, white_is_zero: bool) -> Decoded:
    leveled, bits = _to_levels(values)
    counts = display_maths.level_counts(leveled.levels, leveled.valid)
    notes = list(leveled.notes)
    if display_maths.is_constant(counts):
        notes.append(CONSTANT_NOTE)
    windows = [
        display_maths.fitted_window(counts, slope=leveled.slope, intercept=leveled.intercept)
    ]
    if bits in (8, 16):
        full = display_maths.full_range_window(0.0, float(2**bits - 1))
        is_well_used = windows[0].width >= _WELL_USED_RANGE * full.width
        windows.insert(0 if bits == 8 or is_well_used else 1, full)
    return Decoded(
        levels=leveled.levels,
        level_slope=leveled.slope,
        level_intercept=leveled.intercept,
        windows=tuple(windows),
        inverted=white_is_zero,
        valid=leveled.valid,
        source_format=f"{kind.upper()}, {bits} bit",
        notes=tuple(notes),
    )


def _to_levels(values: NDArray[Any]) -> tuple[Leveled, int]:
    """Bring decoded values of any layout to levels; returns the bits of one channel too."""
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    bits = values.dtype.itemsize * 8
    if values.ndim == 2:
        is_float = values.dtype.kind == "f"
        return levels_from_floats(values) if is_float else levels_from_integers(values), bits
    if values.ndim != 3 or values.dtype not in (np.uint8, np.uint16):
        raise UnsupportedFileError(
            "An image must have one to four channels of 8 or 16 bits, this one has another "
            "layout. Save it as a grey PNG."
        )
    valid: Mask | None = None
    if values.shape[2] in (2, 4):
        opaque = values[..., -1] > 0
        valid = None if opaque.all() or not opaque.any() else opaque
        values = values[..., :-1]
    if values.shape[2] == 1:
        return Leveled(values[..., 0].astype(np.uint16), 1.0, 0.0, valid), bits
    grey, notes = grey_from_colour(values[..., :3])
    return Leveled(grey, 1.0, 0.0, valid, notes), bits
