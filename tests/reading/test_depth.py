"""Where header and data state different depths, the data decide and a note tells."""

from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from explorer.entities import VoiTable
from explorer.errors import UnsupportedFileError
from explorer.reading import read_radiograph
from explorer.reading.depth import settle, sign_extended, table_bits
from tests.reading.files import compressed, dataset, dicom, ramp, saved

# 12 bits, 30 rows of 41 pixels and more: 0, 2, 4 ... 4094, smooth from left to right.
DEEP = ramp(64, 32)


def _table(entries: list[int] | NDArray[Any], bits: int, *, as_bytes: bool = False) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries), 0, bits]
    item.LUTData = np.asarray(entries, "u1" if as_bytes else "<u2").tobytes()
    return item


def _voi(item: Dataset, pixels: NDArray[Any] = DEEP) -> tuple[VoiTable, tuple[str, ...]]:
    film = read_radiograph(dicom(pixels, BitsStored=12, HighBit=11, VOILUTSequence=[item]))
    table = film.windows[0]
    assert isinstance(table, VoiTable)
    return table, film.notes


@pytest.mark.parametrize("held", [8, 10, 12, 14, 15])
def test_table_that_states_16_bits_is_as_bright_as_it_holds(held: int) -> None:
    table, notes = _voi(_table(np.linspace(0, 2**held - 1, 4096).astype(int), 16))
    assert float(table.values.max()) == 1.0
    assert any(f"states 16 bits an entry and holds {held}" in note for note in notes)


@pytest.mark.parametrize(("stated", "held"), [(8, 12), (8, 10), (10, 12), (12, 16), (1, 12)])
def test_table_that_holds_more_bits_than_stated_has_no_stripes(stated: int, held: int) -> None:
    table, notes = _voi(_table(np.linspace(0, 2**held - 1, 4096).astype(int), stated))
    assert (np.diff(table.values) >= 0).all()
    assert float(table.values.max()) == 1.0
    assert any(f"states {stated} bits an entry and holds {held}" in note for note in notes)


@pytest.mark.parametrize("stated", [0, 17, 255])
def test_table_of_an_impossible_depth_is_used_with_that_of_its_entries(stated: int) -> None:
    table, notes = _voi(_table(np.arange(4096), stated))
    assert float(table.values.max()) == 1.0
    assert len(notes) == 1


def test_table_in_bytes_that_states_16_bits_is_read_as_bytes() -> None:
    table, notes = _voi(_table(np.arange(256), 16, as_bytes=True), ramp(64, 32, step=1) // 8)
    np.testing.assert_allclose(table.values, np.arange(256) / 255, atol=1e-6)
    assert any("holds 8" in note for note in notes)


@pytest.mark.parametrize(
    ("largest", "stated", "bits"),
    [
        (4095, 12, 12),
        (4000, 12, 12),
        (40_000, 16, 16),
        (32_767, 16, 15),  # ends exactly at a full scale
        (20_000, 16, 16),  # a sound table may be meant dim
        (200, 8, 8),
        (100, 8, 8),
        (4000, 16, 12),
        (4000, 8, 12),
        (0, 12, 12),
    ],
)
def test_bits_of_a_table(largest: int, stated: int, bits: int) -> None:
    assert table_bits(np.array([0, largest]), stated) == bits


def test_modality_table_deeper_than_stated_is_not_folded() -> None:
    film = read_radiograph(
        dicom(DEEP, BitsStored=12, HighBit=11, ModalityLUTSequence=[_table(np.arange(4096), 8)])
    )
    np.testing.assert_array_equal(film.levels, DEEP)
    assert any("holds 12" in note for note in film.notes)


def test_window_made_for_16_bits_does_not_leave_a_12_bit_film_black() -> None:
    window = {"WindowCenter": "32768", "WindowWidth": "65536"}
    film = read_radiograph(dicom(DEEP, BitsStored=12, HighBit=11, **window))
    assert float(film.pixels.max()) == 1.0
    assert any("one was fitted" in note for note in film.notes)


@pytest.mark.parametrize("stated", [8, 10])
@pytest.mark.parametrize(
    "uid", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless]
)
def test_pixels_deeper_than_stated_keep_their_brightness(uid: str, stated: int) -> None:
    made = dataset(DEEP)
    if uid != ExplicitVRLittleEndian:
        made.compress(uid, generate_instance_uid=False)
    made.BitsStored, made.HighBit = stated, stated - 1
    film = read_radiograph(saved(made))
    np.testing.assert_array_equal(film.levels, DEEP)
    assert any(f"states {stated} bits a pixel, its pixels need 12" in n for n in film.notes)


@pytest.mark.parametrize("stated", [8, 10, 16])
def test_codestream_of_12_bits_is_read_with_12(stated: int) -> None:
    frame = imagecodecs.ljpeg_encode(DEEP, bitspersample=12)
    made = dataset(DEEP, BitsStored=stated, HighBit=stated - 1)
    film = read_radiograph(compressed(made, JPEGLosslessSV1, frame))
    np.testing.assert_array_equal(film.levels, DEEP)
    assert bool(film.notes) == (stated < 12)


def test_8_bits_allocated_over_a_codestream_of_12() -> None:
    frame = imagecodecs.ljpeg_encode(DEEP, bitspersample=12)
    made = dataset((DEEP // 16).astype(np.uint8))
    film = read_radiograph(compressed(made, JPEGLosslessSV1, frame))
    np.testing.assert_array_equal(film.levels, DEEP)


def test_white_marker_over_10_bits_stays_white_in_a_lossy_12_bit_stream() -> None:
    film = np.full((64, 48), 300, np.uint16)
    film[20:40, 10:30] = 1023
    frame = imagecodecs.jpeg8_encode(film, bitspersample=12, level=80)
    made = dataset(film, BitsStored=10, HighBit=9, WindowCenter="512", WindowWidth="1024")
    read = read_radiograph(compressed(made, JPEGExtended12Bit, frame))
    assert float(read.pixels[22:38, 12:28].min()) > 0.95


def test_overlay_in_the_upper_bits_is_left_out() -> None:
    drawn = DEEP.copy()
    drawn[10:40, 8:20] |= 0x8000
    film = read_radiograph(dicom(drawn, BitsStored=12, HighBit=11))
    np.testing.assert_array_equal(film.levels, DEEP)
    assert film.notes == ()


def test_bits_at_the_upper_end_are_moved_down() -> None:
    film = read_radiograph(dicom(DEEP * np.uint16(16), BitsStored=12, HighBit=15))
    np.testing.assert_array_equal(film.levels, DEEP)


@pytest.mark.parametrize("uid", [JPEGLosslessSV1, ExplicitVRLittleEndian])
def test_signed_pixels_as_stated_keep_their_sign(uid: str) -> None:
    signed = DEEP.astype(np.int16) - 2048
    if uid == ExplicitVRLittleEndian:
        data = dicom(signed, BitsStored=12, HighBit=11)
    else:
        frame = imagecodecs.ljpeg_encode((signed & 0xFFF).astype(np.uint16), bitspersample=12)
        data = compressed(dataset(signed, BitsStored=12, HighBit=11), uid, frame)
    film = read_radiograph(data)
    np.testing.assert_array_equal(film.levels + film.level_intercept, signed)
    assert film.notes == ()


def test_sign_that_may_lie_in_two_places_is_refused_by_name() -> None:
    frame = imagecodecs.ljpeg_encode(DEEP, bitspersample=12)
    made = dataset(DEEP.astype(np.int16), BitsStored=16, HighBit=15)
    with pytest.raises(UnsupportedFileError, match=r"sign must be known.* 16 bits .* has 12"):
        read_radiograph(compressed(made, JPEGLosslessSV1, frame))


def test_settle_by_hand() -> None:
    rising = np.array([[1020, 1022, 1024, 1026]])
    kept, note = settle(rising, stated=10, high_bit=9, depth=16, signed=False, is_certain=False)
    np.testing.assert_array_equal(kept, rising)  # 2 a step with the upper bits, 1022 without
    assert "need 11" in note
    marked = np.array([[100, 100 + 4096, 102 + 4096, 102]])
    kept, note = settle(marked, stated=12, high_bit=11, depth=16, signed=False, is_certain=False)
    np.testing.assert_array_equal(kept, [[100, 100, 102, 102]])
    assert note == ""


def test_signed_pixels_without_their_upper_bits_are_as_stated() -> None:
    written = np.array([[-2048, 0, 2047, 2048, 4095]])  # the last two lost their upper bits
    kept, note = settle(written, stated=12, high_bit=11, depth=16, signed=True, is_certain=False)
    np.testing.assert_array_equal(kept, [[-2048, 0, 2047, -2048, -1]])
    assert note == ""


def test_sign_extension_by_hand() -> None:
    values = np.array([0, 1, 511, 512, 1023], np.uint16)
    np.testing.assert_array_equal(sign_extended(values, 10), [0, 1, 511, -512, -1])
