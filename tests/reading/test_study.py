"""Several files at once: good ones survive broken ones, names come from content."""

import hashlib

import numpy as np
import pytest

from explorer.entities import Radiograph
from explorer.errors import DamagedFileError, LimitExceededError, ReadingError, UnsupportedFileError
from explorer.reading import invert, read_files, read_radiograph, read_study, suggests_inversion
from explorer.reading.study import pixel_digest
from tests.reading.files import dicom, ramp, raster

GOOD = dicom(ramp())
OTHER = raster((ramp() // 16).astype(np.uint8))
PDF = b"%PDF-1.7 nothing"


def test_each_file_gets_its_own_outcome_in_order() -> None:
    good, pdf, other, empty = read_files([GOOD, PDF, OTHER, b""])
    assert isinstance(good, Radiograph)
    assert isinstance(pdf, UnsupportedFileError)
    assert isinstance(other, Radiograph)
    assert isinstance(empty, DamagedFileError)


def test_broken_file_becomes_a_note_of_the_study() -> None:
    study = read_study([PDF, GOOD, OTHER])
    assert len(study.radiographs) == 2
    (note,) = study.radiographs[0].notes
    assert note.startswith("File 1 of 3 was left out.")
    assert "PDF" in note


def test_only_file_broken_raises_its_own_error() -> None:
    with pytest.raises(UnsupportedFileError, match="PDF"):
        read_study([PDF])


def test_all_files_broken_raises_one_error_that_names_each() -> None:
    with pytest.raises(ReadingError, match=r"None of the 2 files.*File 1.*PDF.*File 2.*0 bytes"):
        read_study([PDF, b""])


def test_same_image_twice_is_kept_once() -> None:
    assert len(read_study([GOOD, GOOD, OTHER]).radiographs) == 2


@pytest.mark.parametrize(("count", "error"), [(0, UnsupportedFileError), (17, LimitExceededError)])
def test_number_of_files_is_limited(count: int, error: type[ReadingError]) -> None:
    with pytest.raises(error):
        read_files([GOOD] * count)


def test_report_is_read_with_the_study_and_changes_its_id() -> None:
    text = "FINDINGS: No pleural effusion.\nIMPRESSION: Normal chest."
    study = read_study([GOOD], report=text)
    assert study.report is not None
    assert study.report.text == text
    assert study.study_id != read_study([GOOD]).study_id


def test_digest_is_sha256_of_shape_and_pixels() -> None:
    radiograph = read_radiograph(GOOD)
    expected = hashlib.sha256(b"48x40" + radiograph.pixels.tobytes()).hexdigest()
    assert radiograph.digest == expected
    flat = radiograph.pixels.reshape(40, 48)
    assert pixel_digest(flat) != radiograph.digest


def test_reading_twice_gives_equal_bytes() -> None:
    first, second = read_radiograph(GOOD), read_radiograph(GOOD)
    assert first.pixels.tobytes() == second.pixels.tobytes()
    assert first.digest == second.digest


def test_inversion_exchanges_bright_and_dark_and_leaves_padding_black() -> None:
    pixels = ramp()
    pixels[:, :5] = 4095
    film = read_radiograph(
        dicom(
            pixels,
            PixelPaddingValue=4095,
            PresentationIntentType="FOR PROCESSING",
            PixelIntensityRelationshipSign=1,
        )
    )
    assert suggests_inversion(film)
    other = invert(film)
    np.testing.assert_allclose(other.pixels[:, 5:], 1 - film.pixels[:, 5:], atol=1e-6)
    assert (other.pixels[:, :5] == 0).all()
    assert other.inverted != film.inverted
    assert other.digest == pixel_digest(other.pixels) != film.digest
    assert not suggests_inversion(other)
    assert any("inverted on request" in note for note in other.notes)


def test_inversion_twice_is_the_film_itself() -> None:
    film = read_radiograph(dicom(ramp(), PhotometricInterpretation="MONOCHROME1"))
    again = invert(invert(film))
    np.testing.assert_array_equal(again.pixels, film.pixels)
    assert (again.digest, again.inverted, again.notes) == (film.digest, film.inverted, film.notes)
