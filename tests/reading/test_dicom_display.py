"""Display order, compared with pydicom's own chain and with values worked out by hand."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_presentation_lut, apply_voi_lut

from explorer.entities import VoiTable, Window
from explorer.reading import read_radiograph
from explorer.reading.windows import shown_values
from tests.reading.files import dataset, dicom, ramp, saved

WINDOWED = {"WindowCenter": 1500, "WindowWidth": 2000, "BitsStored": 12, "HighBit": 11}


def _table(entries: Any, *, first: int = 0, bits: int = 16) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item.LUTData = np.asarray(entries, dtype="<u2").tobytes()
    item["LUTData"].VR = "OW"
    return item


def _pydicom_shown(data: bytes, *, low: float, high: float) -> np.ndarray:
    """Modality LUT, VOI LUT, presentation LUT, MONOCHROME1 last; scaled to [0, 1]."""
    made = dcmread(BytesIO(data))
    values = apply_voi_lut(apply_modality_lut(made.pixel_array, made), made)
    shown = (values.astype(np.float64) - low) / (high - low)
    if made.PhotometricInterpretation == "MONOCHROME1":
        return 1.0 - shown
    del made.PixelData
    return apply_presentation_lut(shown, made)


def _assert_as_pydicom(data: bytes, *, low: float, high: float) -> None:
    expected = _pydicom_shown(data, low=low, high=high)
    np.testing.assert_allclose(read_radiograph(data).pixels, expected, atol=1e-6)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_windows_agree_with_pydicom(function: str, photometric: str) -> None:
    data = dicom(ramp(), PhotometricInterpretation=photometric, VOILUTFunction=function, **WINDOWED)
    _assert_as_pydicom(data, low=0, high=4095)


def test_rescale_comes_before_the_window() -> None:
    data = dicom(ramp(), RescaleSlope=0.5, RescaleIntercept=-100, **WINDOWED)
    _assert_as_pydicom(data, low=-100, high=4095 * 0.5 - 100)
    radiograph = read_radiograph(data)
    modality = radiograph.levels * radiograph.level_slope + radiograph.level_intercept
    np.testing.assert_allclose(modality, ramp() * 0.5 - 100)


def test_negative_slope_turns_the_image_round() -> None:
    data = dicom(ramp(), RescaleSlope=-1, RescaleIntercept=4095, **WINDOWED)
    pixels = read_radiograph(data).pixels
    assert pixels[0, 0] == 1.0
    assert pixels[-1, -1] < 0.01


def test_modality_table_comes_before_the_window() -> None:
    table = _table(np.linspace(4095, 0, 3840).astype(int))
    data = dicom(ramp(), ModalityLUTSequence=[table], **WINDOWED)
    _assert_as_pydicom(data, low=0, high=65535)


def test_voi_table_agrees_with_pydicom_and_wins_over_windows() -> None:
    entries = (np.arange(2000) ** 2 // 62).astype(int)
    data = dicom(ramp(), VOILUTSequence=[_table(entries, first=500)], **WINDOWED)
    _assert_as_pydicom(data, low=0, high=65535)
    windows = read_radiograph(data).windows
    assert isinstance(windows[0], VoiTable)
    assert isinstance(windows[1], Window)
    assert windows[0].first == 500


def test_signed_pixels_agree_with_pydicom() -> None:
    values = ramp().astype(np.int16) - 2000
    data = dicom(values, WindowCenter=-100, WindowWidth=3000)
    _assert_as_pydicom(data, low=-32768, high=32767)
    radiograph = read_radiograph(data)
    np.testing.assert_array_equal(radiograph.levels + radiograph.level_intercept, values)


def test_unused_high_bits_are_ignored() -> None:
    clean = dicom(ramp(), **WINDOWED)
    dirty = dicom(ramp() | np.uint16(0xF000), **WINDOWED)
    assert read_radiograph(clean).digest == read_radiograph(dirty).digest


def test_monochrome1_twin_shows_the_same() -> None:
    mono2 = dicom(ramp(), WindowCenter=1500, WindowWidth=2000, VOILUTFunction="LINEAR_EXACT")
    mono1 = dicom(
        4000 - ramp(),
        WindowCenter=2500,
        WindowWidth=2000,
        VOILUTFunction="LINEAR_EXACT",
        PhotometricInterpretation="MONOCHROME1",
    )
    np.testing.assert_allclose(
        read_radiograph(mono1).pixels, read_radiograph(mono2).pixels, atol=1e-6
    )


def test_inverse_shape_of_monochrome1_does_not_turn_it_round_twice() -> None:
    plain = dicom(ramp(), PhotometricInterpretation="MONOCHROME1", **WINDOWED)
    shaped = dicom(
        ramp(),
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
        **WINDOWED,
    )
    assert read_radiograph(shaped).digest == read_radiograph(plain).digest


def test_inverse_shape_of_monochrome2_inverts() -> None:
    inverse = read_radiograph(dicom(ramp(), PresentationLUTShape="INVERSE", **WINDOWED))
    plain = read_radiograph(dicom(ramp(), **WINDOWED))
    assert inverse.inverted
    np.testing.assert_allclose(inverse.pixels, 1 - plain.pixels)


def test_every_named_window_is_kept_in_order() -> None:
    data = dicom(
        ramp(),
        WindowCenter=[1500, 1200, 1800],
        WindowWidth=[3000, 1000, 500],
        WindowCenterWidthExplanation=["NORMAL", "HARDER", "SOFTER"],
    )
    assert read_radiograph(data).windows == (
        Window("NORMAL", 1500, 3000),
        Window("HARDER", 1200, 1000),
        Window("SOFTER", 1800, 500),
    )


def test_unnamed_windows_are_numbered() -> None:
    data = dicom(ramp(), WindowCenter=[1500, 1200], WindowWidth=[3000, 1000])
    assert [window.name for window in read_radiograph(data).windows] == ["window 1", "window 2"]


def test_without_a_window_one_is_fitted() -> None:
    radiograph = read_radiograph(dicom(ramp(100, 100, step=1)))  # values 0 ... 9999
    (window,) = radiograph.windows
    assert isinstance(window, Window)
    assert window.center == pytest.approx(5000, abs=2)
    assert window.width == pytest.approx(9900, abs=2)  # 0.5 % is cut at both ends


@pytest.mark.parametrize(("center", "width"), [(1000, 0), (60000, 10), (0, 65535 * 100)])
def test_window_that_shows_nothing_is_replaced(center: float, width: float) -> None:
    radiograph = read_radiograph(dicom(ramp(), WindowCenter=center, WindowWidth=width))
    assert radiograph.windows[0].name == "fitted to the pixel values"
    assert radiograph.pixels.min() == 0
    assert radiograph.pixels.max() == 1


def test_padding_is_left_out_of_the_fitted_window_and_shown_black() -> None:
    values = ramp(100, 100, step=1) + np.uint16(1000)
    values[:50] = 60000
    values[50] = 60010
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        radiograph = read_radiograph(
            dicom(
                values,
                PhotometricInterpretation=photometric,
                PixelPaddingValue=60010,
                PixelPaddingRangeLimit=60000,
            )
        )
        assert radiograph.valid is not None
        np.testing.assert_array_equal(radiograph.valid, values < 60000)
        window = radiograph.windows[0]
        assert isinstance(window, Window)
        assert window.center + window.width / 2 < 12000
        assert not radiograph.pixels[:51].any()


def test_padding_value_alone_and_signed() -> None:
    values = ramp().astype(np.int16)
    values[:5] = -2000
    radiograph = read_radiograph(dicom(values, PixelPaddingValue=-2000))
    assert radiograph.valid is not None
    assert not radiograph.valid[:5].any()
    assert radiograph.valid[5:].all()


def test_constant_image_is_finite_and_noted() -> None:
    for elements in ({}, WINDOWED):
        radiograph = read_radiograph(dicom(np.full((40, 40), 700, np.uint16), **elements))
        assert np.isfinite(radiograph.pixels).all()
        assert len(np.unique(radiograph.pixels)) == 1
        assert any("same value" in note for note in radiograph.notes)


def test_constant_image_without_a_window_is_mid_grey() -> None:
    assert (read_radiograph(dicom(np.full((40, 40), 7, np.uint16))).pixels == 0.5).all()


def test_eight_bit_image_without_window_keeps_its_full_range() -> None:
    grey = (ramp() // 32).astype(np.uint8)
    np.testing.assert_allclose(read_radiograph(dicom(grey)).pixels, grey / 255, atol=1e-6)


def test_float_pixel_data_is_read() -> None:
    values = ramp().astype(np.float32) / 1000 - 1
    made = dataset(values, BitsAllocated=32)
    del made.PixelData, made.BitsStored, made.HighBit, made.PixelRepresentation
    made.FloatPixelData = values.tobytes()
    radiograph = read_radiograph(saved(made))
    shown = radiograph.levels * radiograph.level_slope + radiograph.level_intercept
    np.testing.assert_allclose(shown, values, atol=1e-4)


def test_linear_window_by_hand() -> None:
    # PS3.3 C.11.2.1.2.1: c=2048, w=4096 maps 0 to 0, 4095 to 1, and 2047.5 to the middle.
    shown = shown_values(np.array([0.0, 2047.5, 4095.0]), Window("", 2048, 4096))
    np.testing.assert_allclose(shown, [0, 0.5, 1], atol=1e-6)


def test_sigmoid_window_by_hand() -> None:
    shown = shown_values(np.array([100.0, 125.0]), Window("", 100, 100, "SIGMOID"))
    np.testing.assert_allclose(shown, [0.5, 1 / (1 + np.exp(-1))], atol=1e-6)


def test_linear_window_of_width_one_is_a_step() -> None:
    shown = shown_values(np.array([9.0, 9.5, 10.0]), Window("", 10, 1))
    np.testing.assert_array_equal(shown, [0, 0, 1])
