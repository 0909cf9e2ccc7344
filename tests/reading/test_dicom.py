"""Every transfer syntax gives the same levels, and the header is checked before decoding."""

from collections.abc import Callable, Iterable

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from explorer.errors import DamagedFileError, UnsupportedFileError
from explorer.reading import read_radiograph
from tests.reading.files import (
    SC_STORAGE,
    compressed,
    dataset,
    dicom,
    lossless_dicoms,
    lossy_dicoms,
    ramp,
    raster,
    saved,
)


@pytest.mark.parametrize(("name", "data"), lossless_dicoms().items(), ids=lossless_dicoms())
def test_lossless_syntaxes_give_the_stored_values(name: str, data: bytes) -> None:
    radiograph = read_radiograph(data)
    np.testing.assert_array_equal(radiograph.levels, ramp())
    assert (radiograph.level_slope, radiograph.level_intercept) == (1.0, 0.0)


@pytest.mark.parametrize("data", lossy_dicoms().values(), ids=lossy_dicoms())
def test_lossy_syntaxes_come_close(data: bytes) -> None:
    radiograph = read_radiograph(data)
    expected = ramp() / ramp().max()
    shown = radiograph.levels / radiograph.levels.max()
    assert np.abs(shown - expected).max() < 0.02


def test_source_format_names_modality_and_compression() -> None:
    formats = {
        name: read_radiograph(data).source_format for name, data in lossless_dicoms().items()
    }
    assert formats[JPEG2000Lossless.name] == "DICOM DX, JPEG 2000"
    assert formats[RLELossless.name] == "DICOM DX, RLE"
    assert formats["Deflated"] == "DICOM DX, deflated"
    assert formats[ExplicitVRLittleEndian.name] == "DICOM DX, uncompressed"


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", "OT", ""])
def test_radiographs_and_captures_are_read(modality: str) -> None:
    assert read_radiograph(dicom(ramp(), Modality=modality, SOPClassUID=SC_STORAGE))


@pytest.mark.parametrize("modality", ["CT", "MR", "MG", "US", "PT", "SR", "XX"])
def test_other_modalities_are_refused(modality: str) -> None:
    with pytest.raises(UnsupportedFileError, match="Only radiographs"):
        read_radiograph(dicom(ramp(), Modality=modality))


def test_ct_class_is_refused_though_the_modality_is_missing() -> None:
    ct = dicom(ramp(), Modality="", SOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    with pytest.raises(UnsupportedFileError, match="CT slice"):
        read_radiograph(ct)


def test_several_frames_are_refused() -> None:
    with pytest.raises(UnsupportedFileError, match="one frame, this one has 3"):
        read_radiograph(dicom(ramp(), NumberOfFrames=3))


def test_equal_channels_become_grey_without_a_note() -> None:
    grey = (ramp() // 16).astype(np.uint8)
    radiograph = read_radiograph(dicom(np.stack([grey] * 3, axis=-1), Modality="OT"))
    np.testing.assert_array_equal(radiograph.levels, grey)
    assert radiograph.notes == ()


def test_real_colour_is_shown_by_its_brightness_with_a_note() -> None:
    colour = np.zeros((40, 40, 3), np.uint8)
    colour[:20, :, 0] = 200  # red: luma 0.299 * 200 = 59.8
    radiograph = read_radiograph(dicom(colour))
    assert radiograph.levels[0, 0] == 60
    assert any("in colour" in note for note in radiograph.notes)


def test_colour_jpeg_is_decoded_to_the_right_brightness() -> None:
    colour = np.zeros((48, 40, 3), np.uint8)
    colour[:24] = (200, 100, 50)  # luma 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
    frame = raster(colour, "JPEG", quality=98)
    made = dataset(colour, PhotometricInterpretation="YBR_FULL_422", Modality="OT")
    radiograph = read_radiograph(compressed(made, JPEGBaseline8Bit, frame))
    assert abs(int(radiograph.levels[5, 20]) - 124) <= 2
    assert any("in colour" in note for note in radiograph.notes)


COLOUR = np.stack([*np.meshgrid(range(0, 200, 5), range(0, 192, 4)), np.full((48, 40), 90)], -1)
COLOUR = COLOUR.astype(np.uint8)
LUMA = (COLOUR @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(int)


@pytest.mark.parametrize("uid", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize("deep", [1, 16])
def test_colour_jpeg_lossless_is_shown_by_its_brightness(uid: str, deep: int) -> None:
    pixels = COLOUR if deep == 1 else COLOUR.astype(np.uint16) * 16
    frame = imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=8 if deep == 1 else 12)
    film = read_radiograph(compressed(dataset(pixels, Modality="OT"), uid, frame))
    assert np.abs(film.levels.astype(int) - LUMA * deep).max() <= deep
    assert any("in colour" in note for note in film.notes)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("uid", [JPEGBaseline8Bit, JPEGExtended12Bit])
def test_colour_is_converted_once(uid: str, photometric: str) -> None:
    frame = imagecodecs.jpeg8_encode(COLOUR, level=98)
    made = dataset(COLOUR, PhotometricInterpretation=photometric, Modality="OT")
    film = read_radiograph(compressed(made, uid, frame))
    assert np.abs(film.levels.astype(int) - LUMA).max() <= 3


@pytest.mark.parametrize(
    ("uid", "encode"),
    [
        (JPEGLosslessSV1, lambda pixels: imagecodecs.jpeg8_encode(pixels, lossless=True)),
        (JPEGBaseline8Bit, lambda pixels: imagecodecs.jpeg8_encode(pixels, level=98)),
        (JPEGLSLossless, imagecodecs.jpegls_encode),
        (JPEG2000Lossless, lambda pixels: imagecodecs.jpeg2k_encode(pixels, level=0)),
    ],
)
def test_codestream_says_whether_it_is_in_colour(
    uid: str, encode: Callable[[np.ndarray], bytes]
) -> None:
    said_grey = dataset(
        COLOUR, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Modality="OT"
    )
    film = read_radiograph(compressed(said_grey, uid, encode(COLOUR)))
    assert np.abs(film.levels.astype(int) - LUMA).max() <= 3
    assert any("differ in colour" in note for note in film.notes)
    grey = LUMA.astype(np.uint8)
    film = read_radiograph(compressed(dataset(COLOUR, Modality="OT"), uid, encode(grey)))
    assert np.abs(film.levels.astype(int) - grey).max() <= 3


def test_colour_secondary_captures_of_every_layout_are_read() -> None:
    planar = dataset(COLOUR, Modality="OT", PlanarConfiguration=1)
    planar.PixelData = np.ascontiguousarray(COLOUR.transpose(2, 0, 1)).tobytes()
    packed = dataset(COLOUR, Modality="OT")
    packed.compress(RLELossless, generate_instance_uid=False)
    for made in (planar, packed, dataset(COLOUR, Modality="OT")):
        assert np.abs(read_radiograph(saved(made)).levels.astype(int) - LUMA).max() <= 1


def test_big_endian_colour_of_16_bits_is_read_and_of_32_refused_by_its_depth() -> None:
    deep = COLOUR.astype(np.uint16) * 257
    big = dataset(deep, Modality="OT")
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    big.PixelData = deep.astype(">u2").tobytes()
    assert np.abs(read_radiograph(saved(big)).levels / 257 - LUMA).max() <= 1
    deeper = dataset(deep, Modality="OT", BitsAllocated=32, BitsStored=32, HighBit=31)
    deeper.PixelData = deep.astype("<u4").tobytes()
    with pytest.raises(UnsupportedFileError, match="8 or 16 bits a channel, this file has 32"):
        read_radiograph(saved(deeper))


def test_htj2k_is_read() -> None:
    frame = imagecodecs.htj2k_encode(ramp())
    radiograph = read_radiograph(compressed(dataset(ramp()), HTJ2KLossless, frame))
    np.testing.assert_array_equal(radiograph.levels, ramp())


def _with_palette(
    made: Dataset, *, red: Iterable[int], green: Iterable[int], blue: Iterable[int]
) -> bytes:
    for name, table in {"Red": red, "Green": green, "Blue": blue}.items():
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 8])
        setattr(made, f"{name}PaletteColorLookupTableData", bytes(table))
    made.PhotometricInterpretation = "PALETTE COLOR"
    return saved(made)


def test_grey_palette_is_looked_up() -> None:
    index = (ramp() // 16).astype(np.uint8)
    falling = range(255, -1, -1)
    data = _with_palette(dataset(index), red=falling, green=falling, blue=falling)
    radiograph = read_radiograph(data)
    np.testing.assert_array_equal(radiograph.levels, 255 - index)
    assert radiograph.notes == ()


def test_colour_palette_gets_a_note() -> None:
    index = (ramp() // 16).astype(np.uint8)
    data = _with_palette(dataset(index), red=range(256), green=[0] * 256, blue=[0] * 256)
    assert any("palette" in note for note in read_radiograph(data).notes)


def test_palette_without_tables_is_damaged() -> None:
    with pytest.raises(DamagedFileError, match="colour tables"):
        read_radiograph(
            dicom((ramp() // 16).astype(np.uint8), PhotometricInterpretation="PALETTE COLOR")
        )


def test_photometric_that_contradicts_the_samples_is_damaged() -> None:
    with pytest.raises(DamagedFileError, match="RGB images have 3 sample"):
        read_radiograph(dicom(ramp(), PhotometricInterpretation="RGB"))


def test_unknown_photometric_is_refused_by_name_of_the_known() -> None:
    with pytest.raises(UnsupportedFileError, match="MONOCHROME2"):
        read_radiograph(dicom(ramp(), PhotometricInterpretation="HSV"))


def test_codestream_of_another_size_is_found_before_decoding() -> None:
    made = dataset(ramp(48, 40), BitsStored=12, HighBit=11)
    made.compress("1.2.840.10008.1.2.4.80", generate_instance_uid=False)
    made.Rows = 64
    with pytest.raises(DamagedFileError, match="40 x 64 pixels, the compressed image 40 x 48"):
        read_radiograph(saved(made))


def test_codestream_without_end_mark_is_damaged() -> None:
    made = dataset(ramp(), BitsStored=12, HighBit=11)
    made.compress("1.2.840.10008.1.2.4.90", generate_instance_uid=False)
    frame = made.PixelData[16:]
    cut = compressed(dataset(ramp()), "1.2.840.10008.1.2.4.90", frame[: len(frame) // 2])
    with pytest.raises(DamagedFileError):
        read_radiograph(cut)


def test_unknown_transfer_syntax_names_the_remedy() -> None:
    made = dataset(ramp())
    made.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    made.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.102")
    with pytest.raises(UnsupportedFileError, match="Export it uncompressed"):
        read_radiograph(saved(made))


def test_file_without_pixels_is_refused() -> None:
    made = dataset(ramp())
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(made, keyword)
    with pytest.raises(UnsupportedFileError, match="holds none"):
        read_radiograph(saved(made))


def test_broken_lookup_table_is_damaged() -> None:
    item = Dataset()
    item.LUTDescriptor = [256, 0, 8]
    item.LUTData = b"\x00" * 10
    with pytest.raises(DamagedFileError, match="lookup table"):
        read_radiograph(dicom(ramp(), VOILUTSequence=[item]))


@pytest.mark.parametrize(
    "keyword", ["SamplesPerPixel", "PixelRepresentation", "BitsStored", "HighBit", "Modality"]
)
def test_gaps_in_the_header_that_have_one_sensible_value_are_filled(keyword: str) -> None:
    made = dataset(ramp())
    delattr(made, keyword)
    np.testing.assert_array_equal(read_radiograph(saved(made)).levels, ramp())
