"""Pixels that are not square become square on reading; millimetres and padding stay true."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.entities import Radiograph
from explorer.reading import read_radiograph
from explorer.reading.decoded import Decoded
from explorer.reading.square import _square_shape, with_square_pixels
from explorer.reading.windows import full_range_window
from tests.reading.files import dicom, ramp, raster


def _read(rows: int = 48, columns: int = 40, **elements: Any) -> Radiograph:
    return read_radiograph(dicom(ramp(rows, columns), **elements))


@pytest.mark.parametrize(
    ("elements", "shape"),
    [
        ({"PixelAspectRatio": [2, 1]}, (96, 40)),
        ({"PixelAspectRatio": [1, 2]}, (48, 80)),
        ({"PixelAspectRatio": [3, 2]}, (72, 40)),
        ({"PixelAspectRatio": [1000, 1250]}, (48, 50)),
        ({"PixelSpacing": [0.3, 0.2]}, (72, 40)),
        ({"PixelSpacing": [0.2, 0.3]}, (48, 60)),
        ({"ImagerPixelSpacing": [0.4, 0.2]}, (96, 40)),
        ({"NominalScannedPixelSpacing": [0.2, 0.1]}, (96, 40)),
        # Square pixels, or nothing that can be believed.
        ({"PixelAspectRatio": [1, 1]}, (48, 40)),
        ({"PixelAspectRatio": [0, 1]}, (48, 40)),
        ({"PixelAspectRatio": [50, 1]}, (48, 40)),
        ({"PixelSpacing": [0.143, 0.1431]}, (48, 40)),
        # The spacing is the stronger word.
        ({"PixelAspectRatio": [2, 1], "PixelSpacing": [0.2, 0.2]}, (48, 40)),
    ],
)
def test_shape_in_square_pixels(elements: dict[str, Any], shape: tuple[int, int]) -> None:
    film = _read(**elements)
    assert film.shape == film.levels.shape == shape
    assert any("square pixels" in note for note in film.notes) == (shape != (48, 40))


def test_height_and_width_in_millimetres_do_not_change() -> None:
    film = _read(51, 40, PixelSpacing=[0.35, 0.2])  # 17.85 mm by 8 mm; 89.25 rows become 89
    assert film.shape == (89, 40)
    assert film.spacing is not None
    assert film.spacing.row_mm * 89 == pytest.approx(17.85)
    assert film.spacing.column_mm * 40 == pytest.approx(8.0)
    assert film.spacing.source == "PixelSpacing"


def test_a_mark_stays_at_its_place_on_the_film() -> None:
    pixels = np.zeros((48, 40), np.uint16)
    pixels[12:24, 10:20] = 4000  # rows 1/4 to 1/2, columns 1/4 to 1/2
    film = read_radiograph(dicom(pixels, PixelAspectRatio=[2, 1]))
    rows, columns = np.nonzero(film.levels > 2000)
    assert (rows.min(), rows.max() + 1) == (24, 48)
    assert (columns.min(), columns.max() + 1) == (10, 20)


def test_every_stored_value_is_kept_between_new_ones() -> None:
    film = read_radiograph(
        dicom(
            np.tile(np.arange(48, dtype=np.uint16)[:, None] * 40, (1, 40)), PixelAspectRatio=[2, 1]
        )
    )
    # Row r of the file lies at 2 r + .5: its two neighbours are a quarter step to either side.
    np.testing.assert_array_equal(film.levels[4:8, 0], [70, 90, 110, 130])


def test_padding_is_not_mixed_into_the_film() -> None:
    pixels = np.full((48, 40), 1000, np.uint16)
    pixels[:10] = 0
    film = read_radiograph(dicom(pixels, PixelPaddingValue=0, PixelAspectRatio=[3, 1]))
    assert film.valid is not None
    assert film.valid.shape == (144, 40)
    assert set(np.unique(film.levels[film.valid])) == {1000}
    assert not film.valid[:30].any()
    assert film.valid[31:].all()


def test_wide_pixels_of_a_size_at_the_limit_are_shrunk_instead() -> None:
    assert _square_shape((10_000, 4_000), 2.0) == (10_000, 2_000)
    assert _square_shape((4_000, 10_000), 0.5) == (2_000, 10_000)
    assert _square_shape((2_000, 4_000), 2.0) == (4_000, 4_000)


def test_shrinking_takes_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.reading.square.MAX_SIDE", 60)
    levels = np.tile(np.array([100, 300], np.uint16), (48, 20))
    film = Decoded(levels, 1.0, 0.0, (full_range_window(0, 400),), "test")
    shrunk = with_square_pixels(film, ratio=2.0)
    assert shrunk.levels.shape == (48, 20)
    assert set(np.unique(shrunk.levels)) == {200}


def _with_resolution(form: str, **options: Any) -> bytes:
    stream = BytesIO()
    Image.fromarray((ramp() // 16).astype(np.uint8)).save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (_with_resolution("PNG", dpi=(200, 100)), (96, 40)),  # half as many a length: taller
        (_with_resolution("PNG", dpi=(100, 200)), (48, 80)),
        (_with_resolution("TIFF", dpi=(204, 102)), (96, 40)),
        (_with_resolution("JPEG", dpi=(150, 100)), (72, 40)),
        (_with_resolution("PNG", dpi=(96, 96)), (48, 40)),
        (_with_resolution("PNG"), (48, 40)),
    ],
)
def test_resolution_of_raster_files(data: bytes, shape: tuple[int, int]) -> None:
    assert read_radiograph(data).shape == shape


def test_resolution_turns_with_the_image() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter: 48 x 40 stored, 40 x 48 upright
    data = raster((ramp() // 16).astype(np.uint8), "JPEG", dpi=(200, 100), exif=exif)
    assert read_radiograph(data).shape == (40, 96)


def test_deep_colour_and_colour_films_are_square_too() -> None:
    colour = np.stack([(ramp() // 16).astype(np.uint8)] * 3, axis=-1)
    film = read_radiograph(dicom(colour, Modality="OT", PixelAspectRatio=[2, 1]))
    assert film.shape == (96, 40)
