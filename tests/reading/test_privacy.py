"""Planted patient data occurs in no field, no log, no warning and no message."""

import dataclasses
import logging
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pydicom.dataset import Dataset

from explorer.entities import Radiograph
from explorer.errors import ReadingError
from explorer.reading import make_study, read_files, read_radiograph, read_study
from tests.reading.files import dataset, dicom, ramp, raster, saved

SECRETS = ("Mustermann", "Erika", "PID4711", "19611224", "Doe-Hospital", "ACC998877", "Zugspitz")
PLANTED = {
    "PatientName": "Mustermann^Erika",
    "PatientID": "PID4711",
    "PatientBirthDate": "19611224",
    "PatientAddress": "Zugspitzstrasse 1",
    "OtherPatientNames": "Mustermann^E",
    "PatientComments": "Erika Mustermann",
    "InstitutionName": "Doe-Hospital",
    "AccessionNumber": "ACC998877",
    "StudyID": "ACC998877",
    "StudyDescription": "Chest of Mustermann",
    "SeriesDescription": "Erika",
    "ImageComments": "Mustermann, Erika",
    "ReferringPhysicianName": "Mustermann^Max",
    "StudyDate": "19611224",
}
# Secrets typed into elements that do leave `reading`, where only known values may pass.
MISPLACED = {
    "BodyPartExamined": "Mustermann",
    "ViewPosition": "Erika",
    "PatientAge": "PID4711",
    "PatientSex": "Mustermann",
    "PatientOrientation": ["Erika", "PID4711"],
    "PixelSpacingCalibrationType": "Mustermann",
    "BurnedInAnnotation": "Erika",
    "VOILUTFunction": "Mustermann",
    "PresentationLUTShape": "Erika",
    "WindowCenter": [1500, 1000],
    "WindowWidth": [2000, 900],
    "WindowCenterWidthExplanation": ["Erika Mustermann", "PID4711"],
}
BREAKING = {
    "modality": {"Modality": "Mustermann"},
    "photometric": {"PhotometricInterpretation": "MUSTERMANN"},
    "rows": {"Rows": 64},
    "samples": {"SamplesPerPixel": 3},
    "bits": {"BitsAllocated": 12},
}


def _assert_clean(text: str) -> None:
    found = [secret for secret in SECRETS if secret.lower() in text.lower()]
    assert found == []


def _everything(radiograph: Radiograph) -> str:
    fields = {
        field.name: getattr(radiograph, field.name)
        for field in dataclasses.fields(radiograph)
        if not isinstance(getattr(radiograph, field.name), np.ndarray)
    }
    return repr(fields)


def _planted(**elements: Any) -> bytes:
    """A file full of secrets; pydicom tells of them while writing, which is not our concern."""
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = dataset(ramp(), **(PLANTED | MISPLACED | elements))
            made.add_new(0x00091010, "LO", "Mustermann")
            return saved(made)
    finally:
        logging.disable(logging.NOTSET)


@pytest.fixture
def logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Callable[[], str]:
    """Everything that was logged or printed during a test."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="PIL")  # it logs what the test itself writes
    return lambda: caplog.text + "".join(capfd.readouterr())


def test_no_field_holds_patient_data(logged: Callable[[], str]) -> None:
    radiograph = read_radiograph(_planted())
    _assert_clean(_everything(radiograph))
    _assert_clean(logged())
    assert [window.name for window in radiograph.windows] == ["window 1", "window 2"]


@pytest.mark.parametrize("elements", BREAKING.values(), ids=BREAKING)
def test_no_error_holds_patient_data(elements: dict[str, Any], logged: Callable[[], str]) -> None:
    with pytest.raises(ReadingError) as refusal:
        read_radiograph(_planted(**elements))
    _assert_clean("".join(traceback.format_exception(refusal.value)))
    _assert_clean(logged())


def test_no_error_of_a_truncated_file_holds_patient_data(logged: Callable[[], str]) -> None:
    whole = _planted()
    for share in range(5, 100, 5):
        (outcome,) = read_files([whole[: len(whole) * share // 100]])
        assert isinstance(outcome, ReadingError)
        _assert_clean("".join(traceback.format_exception(outcome)))
    _assert_clean(logged())


def test_texts_of_a_png_stay_inside(logged: Callable[[], str]) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Description", "Mustermann, Erika")
    exif = Image.Exif()
    exif[0x010E] = "PID4711"
    data = raster((ramp() // 16).astype(np.uint8), pnginfo=info, exif=exif)
    _assert_clean(_everything(read_radiograph(data)))
    _assert_clean(logged())


def test_voi_table_name_of_a_patient_is_dropped() -> None:
    item = Dataset()
    item.LUTDescriptor = [4096, 0, 16]
    item.LUTData = np.arange(4096, dtype="<u2").tobytes()
    item["LUTData"].VR = "OW"
    item.LUTExplanation = "for Mustermann"
    _assert_clean(_everything(read_radiograph(_planted(VOILUTSequence=[item]))))


def test_study_id_depends_on_the_pixels_and_not_on_the_patient() -> None:
    one = read_study([dicom(ramp(), PatientName="A^A", PatientID="1")])
    two = read_study([dicom(ramp(), PatientName="B^B", PatientID="2")])
    other = read_study([dicom(ramp()[::-1], PatientName="A^A", PatientID="1")])
    assert one.study_id == two.study_id != other.study_id
    assert make_study(one.radiographs).study_id == one.study_id
