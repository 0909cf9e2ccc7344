"""Pixels that are not square: the shape a file states, and resampling to square ones on reading.

Everything behind the reading counts in pixels of one side length: boxes, masks, the model frame,
the viewer. So a radiograph of 2 : 1 pixels is stretched once, here, along its coarser axis, and
keeps millimetres; no other part of the program knows of it.
"""

from dataclasses import replace

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from explorer.entities import Float32, Spacing
from explorer.reading import dicom_header as header
from explorer.reading.decoded import Decoded
from explorer.reading.limits import MAX_PIXELS, MAX_SIDE

# Sides that differ by less than this are two roundings of one number.
TOLERANCE = 0.01
# Beyond this the numbers are taken for a mistake: no film digitiser samples so unevenly.
LARGEST_RATIO = 8.0
_EXIF_ORIENTATION = 0x0112
_X_RESOLUTION, _Y_RESOLUTION = 282, 283


def stated_shape(dataset: Dataset, spacing: Spacing | None) -> float:
    """Height of a DICOM pixel over its width, 1.0 when nothing is stated.

    The spacing counts before the aspect ratio, which is for files without one (PS3.3 C.7.6.3.1.7).
    """
    if spacing is not None:
        return spacing.row_mm / spacing.column_mm
    pair = header.numbers_of(dataset, "PixelAspectRatio")
    return pair[0] / pair[1] if len(pair) == 2 and min(pair) > 0 else 1.0


def pixel_shape(image: Image.Image) -> float:
    """Height of a raster pixel over its width as it stands upright, by the stated resolution."""
    x, y = _densities(image)
    if not (x > 0 and y > 0 and np.isfinite([x, y]).all()):
        return 1.0
    is_lying = int(image.getexif().get(_EXIF_ORIENTATION, 1)) in (5, 6, 7, 8)
    return y / x if is_lying else x / y


def _densities(image: Image.Image) -> tuple[float, float]:
    """Pixels a length along x and y, in any unit; (0, 0) when they are not stated."""
    tags = getattr(image, "tag_v2", {})
    if _X_RESOLUTION in tags and _Y_RESOLUTION in tags:
        return float(tags[_X_RESOLUTION]), float(tags[_Y_RESOLUTION])
    for name in ("jfif_density", "aspect", "dpi"):
        if name in image.info:
            x, y = image.info[name]
            return float(x), float(y)
    return 0.0, 0.0


def with_square_pixels(decoded: Decoded, *, ratio: float) -> Decoded:
    """Resample to square pixels when `ratio`, height over width of a pixel, is not 1.

    The coarser axis is stretched, so that nothing is lost; only an image that would grow beyond
    the limits is shrunk along the finer one instead.
    """
    if 1 / (1 + TOLERANCE) <= ratio <= 1 + TOLERANCE:
        return decoded
    if not 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
        note = "The file states a pixel shape that no film has; its pixels are shown as square."
        return replace(decoded, notes=(*decoded.notes, note))
    shape = decoded.levels.shape
    rows, columns = _square_shape((shape[0], shape[1]), ratio)
    levels = np.rint(_resized(decoded.levels, rows, columns)).astype(np.uint16)
    valid = decoded.valid
    if valid is not None:
        valid = _resized(valid, rows, columns) > 1 - 1e-3  # none that padding was mixed into
    spacing = decoded.spacing
    if spacing is not None:
        spacing = replace(
            spacing,
            row_mm=spacing.row_mm * shape[0] / rows,
            column_mm=spacing.column_mm * shape[1] / columns,
        )
    tall = f"{max(ratio, 1 / ratio):.3g} times as {'tall as wide' if ratio > 1 else 'wide as tall'}"
    note = (
        f"The pixels of the file are {tall}; the image was resampled from {shape[1]:,} x "
        f"{shape[0]:,} to {columns:,} x {rows:,} square pixels, and boxes refer to these."
    )
    notes = (*decoded.notes, note)
    return replace(decoded, levels=levels, valid=valid, spacing=spacing, notes=notes)


def _square_shape(shape: tuple[int, int], ratio: float) -> tuple[int, int]:
    """(H, W) of square pixels for an image of pixels `ratio` times as tall as wide."""
    rows, columns = shape
    grown = (round(rows * max(ratio, 1.0)), round(columns * max(1 / ratio, 1.0)))
    if grown[0] * grown[1] <= MAX_PIXELS and max(grown) <= MAX_SIDE:
        return grown
    return max(1, round(rows * min(ratio, 1.0))), max(1, round(columns * min(1 / ratio, 1.0)))


def _resized(plane: np.ndarray, rows: int, columns: int) -> Float32:
    """Linear between pixel centres where it grows, the mean over areas where it shrinks."""
    image = Image.fromarray(plane.astype(np.float32))
    shrinks = rows < plane.shape[0] or columns < plane.shape[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(image.resize((columns, rows), method))
