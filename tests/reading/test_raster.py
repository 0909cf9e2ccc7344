"""PNG, JPEG and TIFF: depth, colour, palettes, transparency, orientation and pages."""

from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from explorer.errors import UnsupportedFileError
from explorer.reading import read_radiograph
from tests.reading.files import ramp, raster, rasters

GREY = (ramp() // 16).astype(np.uint8)  # 48 rows, 40 columns
COLOUR = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)


@pytest.mark.parametrize("data", rasters().values(), ids=rasters())
def test_every_layout_is_read(data: bytes) -> None:
    radiograph = read_radiograph(data)
    assert radiograph.shape == (48, 40)
    assert radiograph.pixels.min() >= 0
    assert radiograph.pixels.max() <= 1


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_8_bit_is_shown_over_its_full_range(form: str) -> None:
    radiograph = read_radiograph(raster(GREY, form))
    np.testing.assert_allclose(radiograph.pixels, GREY / 255, atol=1e-6)
    assert radiograph.source_format == f"{form}, 8 bit"


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_keeps_every_level(form: str) -> None:
    deep = ramp(step=34)  # up to 65,246
    radiograph = read_radiograph(raster(deep, form))
    np.testing.assert_array_equal(radiograph.levels, deep)
    np.testing.assert_allclose(radiograph.pixels, deep / 65535, atol=1e-6)
    assert radiograph.source_format == f"{form}, 16 bit"


def test_12_bits_in_a_16_bit_file_get_a_fitted_window_first() -> None:
    windows = read_radiograph(raster(ramp())).windows
    assert [window.name for window in windows] == ["fitted to the pixel values", "full range"]


def test_16_bit_colour_is_not_cut_to_8() -> None:
    deep = ramp(step=34)
    png = bytes(imagecodecs.png_encode(np.stack([deep] * 3, axis=-1)))
    tiff = bytes(imagecodecs.tiff_encode(np.stack([deep] * 3, axis=-1)))
    for data in (png, tiff):
        np.testing.assert_array_equal(read_radiograph(data).levels, deep)


def test_colour_image_is_noted_and_grey_one_is_not() -> None:
    assert any("in colour" in note for note in read_radiograph(raster(COLOUR)).notes)
    grey_jpeg = raster(np.stack([GREY] * 3, axis=-1), "JPEG")
    assert read_radiograph(grey_jpeg).notes == ()


def test_palette_gives_the_colours_it_stands_for() -> None:
    image = Image.fromarray(GREY).convert("P")
    stream = BytesIO()
    image.save(stream, "PNG")
    np.testing.assert_array_equal(read_radiograph(stream.getvalue()).levels, GREY)


def test_transparent_pixels_are_padding() -> None:
    alpha = np.full(GREY.shape, 255, np.uint8)
    alpha[:10] = 0
    radiograph = read_radiograph(raster(np.dstack([GREY, GREY, GREY, alpha])))
    assert radiograph.valid is not None
    np.testing.assert_array_equal(radiograph.valid, alpha > 0)
    assert not radiograph.pixels[:10].any()


def test_one_bit_png_is_black_and_white() -> None:
    bits = np.zeros((40, 40), dtype=bool)
    bits[:20] = True
    pixels = read_radiograph(raster(bits)).pixels
    assert (pixels[0, 0], pixels[-1, 0]) == (1.0, 0.0)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF"])
def test_exif_orientation_is_undone(form: str) -> None:
    smooth = np.add.outer(np.arange(48) * 3, np.arange(40)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side: turn clockwise to view
    radiograph = read_radiograph(raster(smooth, form, exif=exif))
    assert radiograph.shape == (40, 48)
    assert np.abs(radiograph.levels.astype(int) - np.rot90(smooth, -1)).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_16_bit_colour_is_undone_like_that_of_8_bit(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    eight = raster(GREY, exif=exif)
    chunk = eight[eight.index(b"eXIf") - 4 : eight.index(b"IDAT") - 4]
    deep = bytes(imagecodecs.png_encode(np.stack([GREY.astype(np.uint16)] * 3, axis=-1)))
    deep = deep[:33] + chunk + deep[33:]  # after the 8-byte mark and the 25-byte IHDR
    np.testing.assert_array_equal(read_radiograph(deep).levels, read_radiograph(eight).levels)


def _adam7(pixels: NDArray[Any]) -> bytes:
    """An interlaced 8-bit PNG, since Pillow writes none."""
    import struct
    import zlib

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    passes.append((1, 0, 2, 1))
    lines = [
        b"\x00" + row.tobytes()
        for first_row, first_column, rows, columns in passes
        for row in pixels[first_row::rows, first_column::columns]
    ]

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 1)
    data = chunk(b"IDAT", zlib.compress(b"".join(lines)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def test_interlaced_png() -> None:
    np.testing.assert_array_equal(read_radiograph(_adam7(GREY)).levels, GREY)


def test_progressive_jpeg() -> None:
    data = raster(GREY, "JPEG", progressive=True, quality=95)
    assert np.abs(read_radiograph(data).levels.astype(int) - GREY).max() < 60


def test_white_is_zero_tiff_is_inverted() -> None:
    stream = BytesIO()
    Image.fromarray(ramp(step=34)).save(stream, "TIFF", tiffinfo={262: 0})
    radiograph = read_radiograph(stream.getvalue())
    assert radiograph.inverted
    np.testing.assert_allclose(radiograph.pixels, 1 - ramp(step=34) / 65535, atol=1e-6)


def _pages(*pages: np.ndarray, reduced: int | None = None) -> bytes:
    """A TIFF of several pages; page `reduced` carries the mark of a thumbnail."""
    stream = BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(stream) as writer:
        for number, page in enumerate(pages):
            tags = {254: 1} if number == reduced else {}
            Image.fromarray(page).save(writer, "TIFF", tiffinfo=tags)
            writer.newFrame()
    return stream.getvalue()


SMALL = np.full((20, 17), 200, np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        _pages(GREY, SMALL),
        _pages(SMALL, GREY),
        _pages(GREY, GREY[::-1], reduced=1),
        _pages(GREY[::-1], GREY, reduced=0),
        _pages(SMALL, GREY, SMALL),
    ],
)
def test_thumbnail_beside_the_full_page_is_left_out_with_a_note(data: bytes) -> None:
    film = read_radiograph(data)
    np.testing.assert_array_equal(film.levels, GREY)
    assert any("pages" in note for note in film.notes)


def test_several_full_pages_are_refused() -> None:
    with pytest.raises(UnsupportedFileError, match="besides its thumbnail, this one has 3"):
        read_radiograph(_pages(GREY, GREY, SMALL, GREY))


def test_pixels_without_a_number_are_left_out_and_noted() -> None:
    values = ramp().astype(np.float32)
    values[0, :] = np.nan
    values[1, :] = np.inf
    radiograph = read_radiograph(raster(values, "TIFF"))
    assert radiograph.valid is not None
    assert not radiograph.valid[:2].any()
    assert radiograph.valid[2:].all()
    assert np.isfinite(radiograph.pixels).all()
    assert any("no number" in note for note in radiograph.notes)
