"""Compressed pixel data whose wrapping is not whole is read, or said to break off."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import UID, JPEG2000Lossless, JPEGLSLossless, RLELossless

from explorer.errors import DamagedFileError
from explorer.reading import read_radiograph
from explorer.reading.encapsulation import cut_at_end_mark, with_delimiter
from tests.reading.files import compressed, dataset, dicom, ramp, saved

SYNTAXES = [RLELossless, JPEG2000Lossless, JPEGLSLossless]
WITH_END_MARK = [JPEG2000Lossless, JPEGLSLossless]


def _made(uid: UID) -> Dataset:
    made = dataset(ramp(47, 41), BitsStored=12, HighBit=11)
    made.compress(uid, generate_instance_uid=False)
    return made


def _with_frame(uid: UID, frame: bytes) -> bytes:
    return compressed(dataset(ramp(47, 41), BitsStored=12, HighBit=11), uid, frame)


@pytest.mark.parametrize("uid", SYNTAXES)
@pytest.mark.parametrize("lost", [1, 3, 4, 5, 7, 8])
def test_delimiter_that_is_lost_or_cut_costs_nothing(uid: UID, lost: int) -> None:
    film = read_radiograph(saved(_made(uid))[:-lost])
    np.testing.assert_array_equal(film.levels, ramp(47, 41))
    if lost > 4:
        assert any("closing delimiter" in note for note in film.notes)


@pytest.mark.parametrize("uid", SYNTAXES)
def test_another_element_in_place_of_the_delimiter(uid: UID) -> None:
    padding = b"\xfc\xff\xfc\xffOB\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"
    film = read_radiograph(saved(_made(uid))[:-8] + padding)
    np.testing.assert_array_equal(film.levels, ramp(47, 41))


def test_several_fragments_without_a_delimiter() -> None:
    made = _made(JPEG2000Lossless)
    frame = get_frame(made.PixelData, 0, number_of_frames=1)
    made.PixelData = encapsulate([frame], fragments_per_frame=3)
    film = read_radiograph(saved(made)[:-8])
    np.testing.assert_array_equal(film.levels, ramp(47, 41))


@pytest.mark.parametrize("uid", SYNTAXES)
@pytest.mark.parametrize("lost", [20, 100])
def test_file_that_ends_within_the_image_is_said_to_break_off(uid: UID, lost: int) -> None:
    with pytest.raises(DamagedFileError, match=r"break(s)? off"):
        read_radiograph(saved(_made(uid))[:-lost])


@pytest.mark.parametrize("kept", [12, 18, 20])
def test_file_that_ends_before_its_first_fragment_is_damaged(kept: int) -> None:
    whole = saved(_made(RLELossless))
    start = whole.index(b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff")
    with pytest.raises(DamagedFileError):
        read_radiograph(whole[: start + kept])


@pytest.mark.parametrize("uid", WITH_END_MARK)
@pytest.mark.parametrize("behind", [bytes(2), bytes(128), bytes(5001), b"\xff" * 40, b"ab" * 99])
def test_bytes_behind_the_end_mark_are_left_out_with_a_note(uid: UID, behind: bytes) -> None:
    frame = get_frame(_made(uid).PixelData, 0, number_of_frames=1)
    film = read_radiograph(_with_frame(uid, frame + behind))
    np.testing.assert_array_equal(film.levels, ramp(47, 41))
    assert any("behind the end mark" in note for note in film.notes)


def test_zeros_behind_rle_change_nothing() -> None:
    frame = get_frame(_made(RLELossless).PixelData, 0, number_of_frames=1)
    film = read_radiograph(_with_frame(RLELossless, frame + bytes(128)))
    np.testing.assert_array_equal(film.levels, ramp(47, 41))


def test_padding_to_an_even_length_is_not_spoken_of() -> None:
    for uid in WITH_END_MARK:
        assert read_radiograph(saved(_made(uid))).notes == ()


def test_end_mark_of_a_preview_does_not_end_the_image() -> None:
    stream = b"\xff\xd8preview\xff\xd9" + b"image that breaks off"
    assert cut_at_end_mark(stream, start=12) is None
    whole = cut_at_end_mark(stream + b"\xff\xd9\x00", start=12)
    assert whole is not None
    assert whole.frame == stream + b"\xff\xd9"
    assert whole.notes == ()


def test_file_without_compressed_pixels_cannot_be_closed() -> None:
    assert with_delimiter(dicom(ramp())) is None
