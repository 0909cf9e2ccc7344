"""The DICOM file holds the picture without loss and says that it is nobody."""

from io import BytesIO

import numpy as np
import pydicom
import pytest

from explorer.phantom.dicom import to_dicom
from explorer.phantom.poses import PoseBank
from explorer.phantom.render import render_study
from explorer.phantom.study import PhantomStudy


@pytest.fixture(scope="module")
def study(bank: PoseBank) -> PhantomStudy:
    return render_study(8, bank=bank, size=(96, 80), wanted=("nodule",))


@pytest.mark.parametrize("compression", ["none", "jpeg-ls", "jpeg 2000", "rle"])
def test_pixels_survive(study: PhantomStudy, compression: str) -> None:
    dataset = pydicom.dcmread(BytesIO(to_dicom(study, compression=compression)))  # type: ignore[arg-type]
    assert dataset.pixel_array.dtype == np.uint16
    assert np.array_equal(dataset.pixel_array, study.image >> 4)


def test_monochrome1_is_the_complement(study: PhantomStudy) -> None:
    plain, inverted = (
        pydicom.dcmread(BytesIO(to_dicom(study, photometric=name)))
        for name in ("MONOCHROME2", "MONOCHROME1")
    )
    assert inverted.PhotometricInterpretation == "MONOCHROME1"
    assert inverted.PresentationLUTShape == "INVERSE"
    assert (plain.pixel_array + inverted.pixel_array == 4095).all()


def test_file_states_no_patient_and_phantom(study: PhantomStudy) -> None:
    dataset = pydicom.dcmread(BytesIO(to_dicom(study)))
    assert dataset.Modality == "DX"
    assert dataset.SOPClassUID.name == "Digital X-Ray Image Storage - For Presentation"
    assert dataset.PatientIdentityRemoved == "YES"
    assert dataset.PatientBirthDate == ""
    assert "PHANTOM" in dataset.SeriesDescription
    assert "Not a patient" in dataset.ImageComments
    assert dataset.ViewPosition == study.view
    assert float(dataset.PixelSpacing[0]) == pytest.approx(study.pixel_mm, rel=1e-4)


def test_required_attributes_are_there(study: PhantomStudy) -> None:
    """Type 1 and 2 attributes of the DX Image, DX Detector, Positioning and General modules."""
    dataset = pydicom.dcmread(BytesIO(to_dicom(study)))
    needed = (
        "ImageType PixelIntensityRelationship PixelIntensityRelationshipSign RescaleIntercept "
        "RescaleSlope RescaleType PresentationLUTShape LossyImageCompression BurnedInAnnotation "
        "PresentationIntentType DetectorType ImagerPixelSpacing ImageLaterality BodyPartExamined "
        "PatientOrientation PositionerType AnatomicRegionSequence ViewCodeSequence "
        "AcquisitionContextSequence StudyInstanceUID SeriesInstanceUID SOPInstanceUID "
        "AccessionNumber ReferringPhysicianName StudyDate StudyTime PatientSex WindowCenter"
    )
    assert [name for name in needed.split() if name not in dataset] == []


def test_same_study_same_file(study: PhantomStudy) -> None:
    assert to_dicom(study) == to_dicom(study)
