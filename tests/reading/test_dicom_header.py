"""Facts a study keeps of the header: view, laterality, spacing, flags, age and sex."""

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from explorer.entities import Radiograph, Spacing
from explorer.reading import read_radiograph, suggests_inversion
from explorer.reading.body_part import body_part_notes
from tests.reading.files import DX_FOR_PROCESSING, dicom, ramp


def _read(**elements: Any) -> Radiograph:
    return read_radiograph(dicom(ramp(), **elements))


@pytest.mark.parametrize(
    ("stated", "view"),
    [
        ("PA", "PA"),
        ("AP", "AP"),
        ("AP SUPINE", "AP"),
        ("LL", "lateral"),
        ("RL", "lateral"),
        ("LATERAL", "lateral"),
        ("LLD", "unknown"),
        ("", "unknown"),
        ("XYZ", "unknown"),
    ],
)
def test_view_position(stated: str, view: str) -> None:
    assert _read(ViewPosition=stated).view_position == view


def test_lateral_view_is_noted() -> None:
    assert any("lateral view" in note for note in _read(ViewPosition="LL").notes)
    assert not any("lateral" in note for note in _read(ViewPosition="PA").notes)


def test_view_from_the_code_when_view_position_is_missing() -> None:
    code = Dataset()
    code.CodeValue = "272479007"
    code.CodingSchemeDesignator = "SCT"
    code.CodeMeaning = "postero-anterior"
    assert _read(ViewCodeSequence=[code]).view_position == "PA"


def test_laterality_is_the_side_at_the_left_edge() -> None:
    # Rows that run to the patient's left start at the right side.
    assert _read(PatientOrientation=["L", "F"]).laterality == "right"
    flipped = _read(PatientOrientation=["R", "F"])
    assert flipped.laterality == "left"
    assert any("left edge" in note for note in flipped.notes)
    assert _read().laterality is None


def test_rows_along_the_body_axis_are_a_lateral_view() -> None:
    assert _read(PatientOrientation=["P", "F"]).view_position == "lateral"


def test_pixel_spacing_wins_and_says_how_it_was_calibrated() -> None:
    both = _read(PixelSpacing=[0.14, 0.141], ImagerPixelSpacing=[0.2, 0.2])
    assert both.spacing == Spacing(0.14, 0.141, "PixelSpacing")
    calibrated = _read(PixelSpacing=[0.14, 0.141], PixelSpacingCalibrationType="GEOMETRY")
    assert calibrated.spacing == Spacing(0.14, 0.141, "PixelSpacing, calibrated by geometry")


def test_detector_spacing_is_named_as_such() -> None:
    spacing = _read(ImagerPixelSpacing=[0.2, 0.2]).spacing
    assert spacing == Spacing(0.2, 0.2, "ImagerPixelSpacing, at the detector plane")
    same = _read(PixelSpacing=[0.2, 0.2], ImagerPixelSpacing=[0.2, 0.2]).spacing
    assert same == Spacing(0.2, 0.2, "PixelSpacing, same as at the detector plane")


@pytest.mark.parametrize("pair", [[0, 0], [-1, 1], [1000, 1000]])
def test_impossible_spacing_is_none(pair: list[float]) -> None:
    assert _read(PixelSpacing=pair).spacing is None


def test_burned_in_flag() -> None:
    assert _read(BurnedInAnnotation="YES").burned_in is True
    assert any("burned" in note for note in _read(BurnedInAnnotation="YES").notes)
    assert _read(BurnedInAnnotation="NO").burned_in is False
    assert _read().burned_in is None


def test_age_and_sex() -> None:
    read = _read(PatientAge="063Y", PatientSex="F")
    assert (read.age, read.sex) == ("063Y", "F")
    assert (_read().age, _read().sex) == (None, None)


@pytest.mark.parametrize(
    "stated",
    [
        "CHEST",
        "CHEST_PA",
        "PORT CHEST",
        "chest 2 views",
        "TORAX",
        "TÓRAX AP",
        "Thorax PA",
        "TORACE",
        "CXR",
        "RIBS",
        "THORACIC SPINE",
        "TSPINE",
        "CHEST/ABDOMEN",
        "LUNGE",
        "",
    ],
)
def test_the_chest_in_many_words_is_not_noted(stated: str) -> None:
    assert list(body_part_notes(stated)) == []


def test_body_parts_that_the_standard_does_not_allow_are_read() -> None:
    data = dicom(ramp(), BodyPartExamined="CHESTXPA")
    assert read_radiograph(data.replace(b"CHESTXPA", b"Chest_pa")).notes == ()
    assert read_radiograph(data.replace(b"CHESTXPA", b"T\xd3RAX/AP")).notes == ()
    assert len(read_radiograph(data.replace(b"CHESTXPA", b"hand-2vw")).notes) == 1


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        ("HAND", "hand"),
        ("HAND_LEFT", "hand"),
        ("LT KNEE", "knee"),
        ("BOTH HANDS", "hand"),
        ("PELVIS AP", "pelvis"),
        ("LSPINE", "spine"),
        ("CERVICAL SPINE", "spine"),
        ("ABDOMENPELVIS", "abdomen"),
        ("DENTAL PANORAMIC", "dental"),
        ("SMITH JOHN", None),
    ],
)
def test_another_body_part_is_noted_by_a_word_of_ours(stated: str, named: str | None) -> None:
    (note,) = _read(BodyPartExamined=stated).notes
    assert "smith" not in note.lower()
    assert (f"({named})" if named else "does not state the chest") in note


def test_images_for_processing_say_so() -> None:
    stated = _read(PresentationIntentType="FOR PROCESSING")
    by_class = _read(SOPClassUID=DX_FOR_PROCESSING)
    for film in (stated, by_class):
        assert any("FOR PROCESSING" in note for note in film.notes)
        assert not suggests_inversion(film)
    assert _read(PresentationIntentType="FOR PRESENTATION").notes == ()


@pytest.mark.parametrize(
    ("photometric", "sign", "is_dark"),
    [
        ("MONOCHROME2", 1, True),  # more light, higher value, shown bright: air is white
        ("MONOCHROME2", -1, False),
        ("MONOCHROME1", 1, False),
        ("MONOCHROME1", -1, True),
    ],
)
def test_unprocessed_film_with_dark_bone_offers_inversion(
    photometric: str, sign: int, is_dark: bool
) -> None:
    elements = {
        "PhotometricInterpretation": photometric,
        "PixelIntensityRelationshipSign": sign,
    }
    film = _read(PresentationIntentType="FOR PROCESSING", **elements)
    assert suggests_inversion(film) == is_dark
    assert not suggests_inversion(_read(**elements))  # made for reading: taken as it is


def test_broken_elements_do_not_cost_the_image() -> None:
    data = dicom(ramp(), PixelSpacing=[0.1, 0.1])
    radiograph = read_radiograph(data.replace(b"0.1\\0.1", b"abc\\def"))
    assert radiograph.spacing is None
    np.testing.assert_array_equal(radiograph.levels, ramp())
