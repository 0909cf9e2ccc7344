"""A phantom as a 16-bit DICOM DX file that says in plain words that it is a phantom."""

import hashlib
from io import BytesIO
from typing import Literal

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from explorer.phantom.study import PhantomStudy

Compression = Literal["none", "jpeg-ls", "jpeg 2000", "rle"]
_SYNTAX = {
    "jpeg-ls": JPEGLSLossless,
    "jpeg 2000": JPEG2000Lossless,
    "rle": RLELossless,
}
_VIEW_CODES = {
    "PA": ("399348003", "postero-anterior"),
    "AP": ("399067008", "antero-posterior"),
    "lateral": ("399198007", "lateral"),
}
_BITS = 12
_DATE = "20260101"


def to_dicom(
    study: PhantomStudy,
    *,
    compression: Compression = "jpeg-ls",
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2",
) -> bytes:
    """Encode a study's image as a DICOM file of the DX IOD (PS3.3 A.26), For Presentation.

    Pixels hold 12 bits in 16 allocated. There is no patient: names and ids say so, and
    PatientIdentityRemoved is YES. UIDs come from the pixels, so the same study gives the same file.

    Args:
        study: A radiograph phantom.
        compression: All are lossless.
        photometric: MONOCHROME1 stores dense as dark numbers, as some older detectors do.
    """
    levels = (study.image >> (16 - _BITS)).astype(np.uint16)
    if photometric == "MONOCHROME1":
        levels = (2**_BITS - 1 - levels).astype(np.uint16)
    root = _uid(levels, study)
    dataset = _with_meta(root)
    _describe_study(dataset, root, study)
    _describe_image(dataset, levels, study=study, photometric=photometric)
    if compression != "none":
        dataset.compress(_SYNTAX[compression], generate_instance_uid=False)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _uid(levels: np.ndarray, study: PhantomStudy) -> str:
    """A UID under 2.25 (ISO/IEC 9834-8 form) from the content."""
    digest = hashlib.sha256(levels.tobytes() + str(study.seed).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def _with_meta(root: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = UID(f"{root}.3")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID("2.25.30411020300912")
    return FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)


def _describe_study(dataset: FileDataset, root: str, study: PhantomStudy) -> None:
    """Patient (none), study, series and equipment."""
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = f"{root}.3"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{root}.1", f"{root}.2"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = "Phantom^No patient", "PHANTOM"
    dataset.PatientBirthDate, dataset.PatientSex = "", ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Rendered phantom, no patient"
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = dataset.AcquisitionDate = _DATE
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = dataset.AcquisitionTime = "0000"
    dataset.AccessionNumber, dataset.ReferringPhysicianName, dataset.StudyID = "", "", "1"
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "DX", 1, 1
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.StudyDescription = "Chest radiograph phantom"
    dataset.SeriesDescription = f"PHANTOM {study.view}, rendered from CT"
    dataset.ImageComments = (
        f"Phantom, seed {study.seed}: projected from a public chest CT (LIDC-IDRI, CC BY 3.0) "
        "with inserted findings. Not a patient. Not for diagnosis."
    )
    dataset.Manufacturer = "Radiograph Grounding Explorer"
    dataset.ManufacturerModelName = "Phantom"


def _describe_image(
    dataset: FileDataset, levels: np.ndarray, *, study: PhantomStudy, photometric: str
) -> None:
    """Image pixel, DX image, positioning, detector and VOI modules."""
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.DerivationDescription = "Rendered phantom"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, photometric
    dataset.Rows, dataset.Columns = levels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, _BITS, _BITS - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    # -1: higher values are less X-ray light, as in any film shown bright for dense.
    dataset.PixelIntensityRelationshipSign = 1 if photometric == "MONOCHROME1" else -1
    dataset.PresentationLUTShape = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.WindowCenter, dataset.WindowWidth = str(2 ** (_BITS - 1)), str(2**_BITS)
    dataset.WindowCenterWidthExplanation = "FULL RANGE"
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "NO"  # A side marker does not identify anyone (C.7.6.1.1).
    dataset.ImagerPixelSpacing = [f"{study.pixel_mm:.6g}"] * 2
    dataset.PixelSpacing = [f"{study.pixel_mm:.6g}"] * 2
    dataset.PixelSpacingCalibrationType = "GEOMETRY"
    dataset.PixelSpacingCalibrationDescription = "Millimetres in the patient"
    dataset.BodyPartExamined, dataset.ImageLaterality = "CHEST", "U"
    dataset.ViewPosition = {"lateral": "LL"}.get(study.view, study.view)
    dataset.PatientOrientation = ["P", "F"] if study.view == "lateral" else ["L", "F"]
    dataset.DetectorType, dataset.DetectorConfiguration = "DIRECT", "AREA"
    dataset.PositionerType = "NONE"
    dataset.AnatomicRegionSequence = [_code("51185008", "Chest")]
    dataset.ViewCodeSequence = [_code(*_VIEW_CODES[study.view])]
    dataset.AcquisitionContextSequence = []
    dataset.PixelData = levels.astype("<u2").tobytes()


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code
