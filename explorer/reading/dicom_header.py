"""The DICOM header: which elements are read, what is refused, and the facts a study keeps.

Free text of the header is never quoted. What leaves is matched against closed lists or patterns
first, so a patient's name typed into the wrong element stays inside.
"""

import re
import struct
from collections.abc import Iterator
from decimal import InvalidOperation
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from explorer.entities import Spacing, ViewPosition
from explorer.errors import UnsupportedFileError
from explorer.reading.body_part import body_part_notes
from explorer.reading.notes import DARK_NOTE, LATERAL_NOTE, PROCESSING_NOTE

READ_ELEMENTS = [
    "SOPClassUID", "Modality", "BodyPartExamined", "ViewPosition", "ViewCodeSequence",
    "PatientOrientation", "PatientAge", "PatientSex", "PatientName", "PatientID",
    "OtherPatientIDs", "ReferringPhysicianName", "BurnedInAnnotation", "PixelSpacing",
    "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacingCalibrationType",
    "NumberOfFrames", "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation",
    "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept",
    "ModalityLUTSequence", "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation",
    "VOILUTFunction", "VOILUTSequence", "PresentationLUTShape", "PixelData", "FloatPixelData",
    "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    "RedPaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableData",
    "PixelAspectRatio", "PresentationIntentType", "PixelIntensityRelationshipSign",
]  # fmt: skip

# What pydicom raises when an element holds something other than its type.
ELEMENT_ERRORS = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    OverflowError,
    NotImplementedError,
    InvalidOperation,
    struct.error,
)

RADIOGRAPHY_MODALITIES = ("CR", "DX", "RG")
# Captures and films seldom state more than "other".
CAPTURE_MODALITIES = ("", "OT", "SC", "DF")
OTHER_MODALITIES = {
    "CT": "a CT slice",
    "MR": "an MR slice",
    "MG": "a mammogram",
    "US": "an ultrasound image",
    "IVUS": "an ultrasound image",
    "XA": "an angiogram",
    "RF": "a fluoroscopy image",
    "NM": "a nuclear medicine image",
    "PT": "a PET slice",
    "PX": "a panoramic dental radiograph",
    "IO": "a dental radiograph",
    "BMD": "a bone density image",
    "XC": "a photograph",
    "ES": "an endoscopy image",
    "GM": "a microscopy image",
    "SM": "a microscopy image",
    "OP": "an image of the eye",
    "OPT": "an image of the eye",
    "ECG": "an electrocardiogram",
    "SR": "a structured report, not an image",
    "PR": "a presentation state, not an image",
    "KO": "a list of key images, not an image",
    "SEG": "a segmentation, not an image",
    "DOC": "a document, not an image",
    "REG": "a registration, not an image",
    "RTSTRUCT": "a radiotherapy structure set, not an image",
    "RTPLAN": "a radiotherapy plan, not an image",
    "RTDOSE": "a radiotherapy dose, not an image",
    "RTIMAGE": "a radiotherapy image",
}
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_SECONDARY_CAPTURE = _STORAGE + "7"
_MODALITY_OF_CLASS = {
    _STORAGE + number: modality
    for number, modality in {
        "2": "CT", "2.1": "CT", "2.2": "CT", "4": "MR", "4.1": "MR", "4.3": "MR",
        "1.2": "MG", "1.2.1": "MG", "13.1.3": "MG", "1.3": "IO", "1.3.1": "IO",
        "6.1": "US", "3.1": "US", "12.1": "XA", "12.1.1": "XA", "12.2": "RF", "12.2.1": "RF",
        "20": "NM", "128": "PT", "130": "PT", "104.1": "DOC", "11.1": "PR", "66.4": "SEG",
        "88.11": "SR", "88.22": "SR", "88.33": "SR", "88.59": "KO",
        "481.1": "RTIMAGE", "481.2": "RTDOSE", "481.3": "RTSTRUCT", "481.5": "RTPLAN",
    }.items()
}  # fmt: skip
_DX_FOR_PROCESSING = _STORAGE + "1.1.1"


def text_of(dataset: Dataset, keyword: str) -> str:
    """The element as upper-case text without surrounding blanks; "" when absent or broken."""
    try:
        value = dataset.get(keyword)
        return "" if value is None else str(value).strip("\x00 ").upper()
    except ELEMENT_ERRORS:
        return ""


def texts_of(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Every text of an element as it is written; () when it is absent or broken."""
    try:
        value = dataset.get(keyword)
        if value is None:
            return ()
        return (value,) if isinstance(value, str) else tuple(str(item) for item in value)
    except ELEMENT_ERRORS:
        return ()


def numbers_of(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """The finite numbers of an element; () when it is absent or broken."""
    try:
        value: Any = dataset.get(keyword)
        if value is None or value == "":
            return ()
        many = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
        found = tuple(float(item) for item in many)
    except ELEMENT_ERRORS:
        return ()
    return found if np.isfinite(found).all() else ()


def integer_of(dataset: Dataset, keyword: str, default: int) -> int:
    """The element as an integer, `default` when it is absent or broken."""
    numbers = numbers_of(dataset, keyword)
    return int(numbers[0]) if numbers else default


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence element; [] when it is absent or broken."""
    try:
        value = dataset.get(keyword)
        return [item for item in value if isinstance(item, Dataset)] if value else []
    except ELEMENT_ERRORS:
        return []


def check_modality(dataset: Dataset) -> str:
    """Refuse everything that is not a radiograph or a capture.

    Returns:
        "CR", "DX", "RG", "SC" or "" for the description of the file.
    """
    storage_class = text_of(dataset, "SOPClassUID")
    modality = text_of(dataset, "Modality")
    stated = _MODALITY_OF_CLASS.get(storage_class, modality)
    if stated in OTHER_MODALITIES:
        raise UnsupportedFileError(
            f"Only radiographs (CR, DX or SC) are read, this DICOM file is "
            f"{OTHER_MODALITIES[stated]} (modality {stated}). Upload a chest radiograph."
        )
    if modality in RADIOGRAPHY_MODALITIES:
        return modality
    if modality not in CAPTURE_MODALITIES:
        raise UnsupportedFileError(
            "Only radiographs (CR, DX or SC) are read, this DICOM file states another modality. "
            "Upload a chest radiograph."
        )
    return "SC" if storage_class.startswith(_SECONDARY_CAPTURE) or modality == "SC" else ""


def view_of(dataset: Dataset) -> ViewPosition:
    """Projection from View Position, the view code or the orientation of the rows."""
    stated = re.sub(r"[^A-Z]", "", text_of(dataset, "ViewPosition"))
    for item in items_of(dataset, "ViewCodeSequence"):
        stated = stated or re.sub(r"[^A-Z]", "", text_of(item, "CodeMeaning"))
    if stated in ("LL", "RL", "LAT", "LLAT", "RLAT", "LLD", "RLD") or "LATERAL" in stated:
        # A decubitus film is frontal by its projection, whatever side the patient lies on.
        return "unknown" if stated in ("LLD", "RLD") or "DECUB" in stated else "lateral"
    if stated.startswith(("PA", "POSTEROANTERIOR")):
        return "PA"
    if stated.startswith(("AP", "ANTEROPOSTERIOR")):
        return "AP"
    return "lateral" if _row_direction(dataset)[:1] in ("A", "P") else "unknown"


def laterality_of(dataset: Dataset) -> str | None:
    """Patient's side at the left edge of the image, from Patient Orientation."""
    return {"L": "right", "R": "left"}.get(_row_direction(dataset)[:1])


def _row_direction(dataset: Dataset) -> str:
    try:
        orientation = dataset.get("PatientOrientation")
        return str(orientation[0]).strip().upper() if orientation else ""
    except ELEMENT_ERRORS:
        return ""


def spacing_of(dataset: Dataset) -> Spacing | None:
    """Pixel spacing with its source; spacing at the detector plane is named as such."""
    detector = _spacing_pair(dataset, "ImagerPixelSpacing")
    stated = _spacing_pair(dataset, "PixelSpacing")
    if stated is not None:
        calibration = text_of(dataset, "PixelSpacingCalibrationType")
        if calibration in ("GEOMETRY", "FIDUCIAL"):
            return Spacing(*stated, f"PixelSpacing, calibrated by {calibration.lower()}")
        if stated == detector:
            return Spacing(*stated, "PixelSpacing, same as at the detector plane")
        return Spacing(*stated, "PixelSpacing")
    if detector is not None:
        return Spacing(*detector, "ImagerPixelSpacing, at the detector plane")
    scanned = _spacing_pair(dataset, "NominalScannedPixelSpacing")
    return Spacing(*scanned, "NominalScannedPixelSpacing, of the film") if scanned else None


def _spacing_pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    pair = numbers_of(dataset, keyword)
    return pair if len(pair) == 2 and all(0.001 <= side <= 10 for side in pair) else None


def burned_in_of(dataset: Dataset) -> bool | None:
    """Burned-in annotation flag; None when it is not stated."""
    return {"YES": True, "NO": False}.get(text_of(dataset, "BurnedInAnnotation"))


def age_of(dataset: Dataset) -> str | None:
    """Age string such as "063Y"; None when absent or of another form."""
    age = text_of(dataset, "PatientAge")
    return age if re.fullmatch(r"\d{3}[DWMY]", age, re.ASCII) else None


def sex_of(dataset: Dataset) -> str | None:
    """Sex as "M", "F" or "O"; None when absent or other."""
    sex = text_of(dataset, "PatientSex")
    return sex if sex in ("M", "F", "O") else None


def notes_of(dataset: Dataset) -> Iterator[str]:
    """Warnings that follow from the header alone."""
    yield from body_part_notes(text_of(dataset, "BodyPartExamined"))
    yield from processing_notes(dataset)
    if view_of(dataset) == "lateral":
        yield LATERAL_NOTE
    if laterality_of(dataset) == "left":
        yield "The file states that the patient's left side is at the left edge of the image."
    if burned_in_of(dataset):
        yield "The file states that text is burned into the image; it may name the patient."


def dense_is_dark(dataset: Dataset) -> bool:
    """Whether unprocessed pixels are shown with bone dark, by the sign that the file states.

    Pixel Intensity Relationship Sign 1: higher values are more X-ray light, as behind air.
    """
    if not _is_for_processing(dataset):
        return False
    sign = integer_of(dataset, "PixelIntensityRelationshipSign", 0)
    inverted = text_of(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    return sign == (-1 if inverted else 1)


def processing_notes(dataset: Dataset) -> Iterator[str]:
    """What to say of an image that its maker means for further processing, not for the eye."""
    if _is_for_processing(dataset):
        yield PROCESSING_NOTE
    if dense_is_dark(dataset):
        yield DARK_NOTE


def _is_for_processing(dataset: Dataset) -> bool:
    return text_of(dataset, "PresentationIntentType") == "FOR PROCESSING" or (
        text_of(dataset, "SOPClassUID") == _DX_FOR_PROCESSING
    )


def window_name(dataset: Dataset, text: str, index: int) -> str:
    """Name of a window as the file gives it, or "window 2" when it is empty or looks personal."""
    name = text.strip("\x00 ")
    plain = re.fullmatch(r"[A-Za-z0-9 _.,:/()+\-]{1,32}", name)
    if not plain or re.search(r"\d{4}", name) or _private_words(dataset) & _words(name):
        return f"window {index + 1}"
    return name


def _private_words(dataset: Dataset) -> set[str]:
    keywords = ("PatientName", "PatientID", "OtherPatientIDs", "ReferringPhysicianName")
    return set().union(*(_words(text_of(dataset, keyword)) for keyword in keywords))


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[\W_]+", text.upper()) if len(word) > 1}
