"""Every ugly upload gets a clear sentence of the right kind, and quickly."""

import struct
import time
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from explorer.errors import (
    DamagedFileError,
    LimitExceededError,
    ReadingError,
    UnsupportedFileError,
)
from explorer.reading import read_radiograph
from explorer.reading.limits import MAX_FILE_BYTES
from explorer.reading.sniff import sniff
from tests.reading.files import (
    CT_STORAGE,
    dataset,
    deflated,
    dicom,
    lossless_dicoms,
    ramp,
    raster,
    rasters,
    saved,
)

GREY = (ramp() // 16).astype(np.uint8)


def _png_header(width: int, height: int) -> bytes:
    """A PNG whose header promises `width` x `height` pixels, with hardly any data."""
    body = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    header = struct.pack(">I", 13) + b"IHDR" + body + struct.pack(">I", zlib.crc32(b"IHDR" + body))
    return b"\x89PNG\r\n\x1a\n" + header + raster(GREY)[33:]


def _bomb_png(side: int) -> bytes:
    """A valid black PNG of side x side pixels in a few kilobytes."""
    stream = BytesIO()
    Image.new("1", (side, side)).save(stream, "PNG", compress_level=9)
    return stream.getvalue()


def _lying_dicom(rows: int, columns: int) -> bytes:
    return dicom(ramp(), Rows=rows, Columns=columns)


UGLY = {
    "empty": (b"", DamagedFileError, "0 bytes"),
    "zero bytes only": (b"\x00" * 500, UnsupportedFileError, "zero bytes"),
    "PDF": (b"%PDF-1.7\n" + b"x" * 900, UnsupportedFileError, "PDF"),
    "ZIP": (b"PK\x03\x04" + b"\x00" * 100, UnsupportedFileError, "ZIP"),
    "HEIC": (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 99, UnsupportedFileError, "HEIC"),
    "GIF": (b"GIF89a" + b"\x00" * 99, UnsupportedFileError, "GIF"),
    "text": (b"Findings: normal heart.", UnsupportedFileError, "report field"),
    "HTML": (b"<!DOCTYPE html><p>hi", UnsupportedFileError, "web page"),
    "pickle": (b"\x80\x04\x95" + b"\x00" * 30, UnsupportedFileError, "pickle"),
    "noise": (bytes(range(7, 256)) * 9, UnsupportedFileError, "unknown kind"),
    "CT slice": (dicom(ramp(), Modality="CT", SOPClassUID=CT_STORAGE), UnsupportedFileError, "CT"),
    "zero rows": (_lying_dicom(0, 40), DamagedFileError, "40 x 0"),
    "20,000 x 20,000 DICOM": (_lying_dicom(20_000, 20_000), LimitExceededError, "20,000 x 20,000"),
    "more rows than data": (_lying_dicom(4_000, 4_000), DamagedFileError, "break off"),
    "20,000 x 20,000 PNG": (_png_header(20_000, 20_000), LimitExceededError, "20,000 x 20,000"),
    "bomb PNG": (_bomb_png(12_000), LimitExceededError, "12,000 x 12,000"),
    "very long PNG": (_png_header(60_000, 100), LimitExceededError, "on a side"),
    "zero-pixel PNG": (_png_header(0, 0), ReadingError, ""),
    "1x1 PNG": (raster(np.zeros((1, 1), np.uint8)), UnsupportedFileError, "at least 32"),
    "1x1 DICOM": (dicom(np.zeros((1, 1), np.uint16)), UnsupportedFileError, "at least 32"),
    "NaN TIFF": (
        raster(np.full((40, 40), np.nan, np.float32), "TIFF"),
        DamagedFileError,
        "NaN or infinite",
    ),
    "bare DICM mark": (b"\x00" * 128 + b"DICM", ReadingError, ""),
}


@pytest.mark.parametrize(("data", "kind", "words"), UGLY.values(), ids=UGLY)
def test_ugly_file_is_refused_with_a_clear_sentence(
    data: bytes, kind: type[ReadingError], words: str
) -> None:
    start = time.perf_counter()
    with pytest.raises(kind) as refusal:
        read_radiograph(data)
    message = str(refusal.value)
    assert words in message
    assert message.endswith(".")
    assert time.perf_counter() - start < 20


WHOLE = lossless_dicoms() | rasters()


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.98])
def test_truncated_file_is_refused_or_has_lost_no_pixel(name: str, share: float) -> None:
    whole = WHOLE[name]
    try:
        radiograph = read_radiograph(whole[: int(len(whole) * share)])
    except ReadingError:
        return
    np.testing.assert_array_equal(radiograph.pixels, read_radiograph(whole).pixels)


def test_oversized_file_is_refused_before_it_is_sent() -> None:
    with pytest.raises(LimitExceededError, match="at most 128 MB"):
        read_radiograph(b"\x00" * (MAX_FILE_BYTES + 1))


def test_deflated_bomb_is_refused_before_it_is_unpacked() -> None:
    small = deflated(dataset(ramp()))
    start = 144 + int.from_bytes(small[140:144], "little")
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    million = b"\x00" * 1024**2
    body = b"".join(packer.compress(million) for _ in range(300)) + packer.flush()
    assert len(body) < 2 * 1024**2
    began = time.perf_counter()
    with pytest.raises(LimitExceededError, match="at most 256 MB"):
        read_radiograph(small[:start] + body)
    assert time.perf_counter() - began < 30


def test_deeply_nested_sequences_are_survived() -> None:
    depth = 5_000
    start = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    whole = saved(dataset(ramp()))
    place = 144 + int.from_bytes(whole[140:144], "little")
    nested = whole[:place] + start * depth + end * depth + whole[place:]
    with pytest.raises(ReadingError):
        read_radiograph(nested)


def test_content_and_not_the_name_decides() -> None:
    assert sniff(raster(GREY)) == "png"
    assert sniff(raster(GREY, "JPEG")) == "jpeg"
    assert sniff(raster(GREY, "TIFF")) == "tiff"
    assert sniff(dicom(ramp())) == "dicom"
    assert sniff(dicom(ramp())[132:]) == "dicom without preamble"


def test_good_file_is_read_after_a_bad_one() -> None:
    with pytest.raises(ReadingError):
        read_radiograph(dicom(ramp())[:400])
    assert read_radiograph(dicom(ramp())).shape == (48, 40)
