"""DICOM file to levels and windows, in the display order of the standard (child process only)."""

import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.errors import InvalidDicomError
from pydicom.pixels import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID

from explorer.errors import DamagedFileError, UnsupportedFileError
from explorer.reading import dicom_header as header
from explorer.reading import jpeg_decoder
from explorer.reading.codestream import FrameSize, jpeg2000_size, jpeg_size
from explorer.reading.decoded import Decoded
from explorer.reading.depth import check_sign, settle, sign_extended
from explorer.reading.dicom_display import display
from explorer.reading.encapsulation import DELIMITER_NOTE, cut_at_end_mark, with_delimiter
from explorer.reading.levels import COLOUR_NOTE, grey_from_colour
from explorer.reading.limits import MAX_DATASET_BYTES, check_image_size, check_inflated_size
from explorer.reading.square import stated_shape, with_square_pixels

# Transfer syntax -> (name for the person, pydicom plug-in; "" for uncompressed).
TRANSFER_SYNTAXES = {
    "1.2.840.10008.1.2": ("uncompressed", ""),
    "1.2.840.10008.1.2.1": ("uncompressed", ""),
    "1.2.840.10008.1.2.2": ("uncompressed, big endian", ""),
    "1.2.840.10008.1.2.5": ("RLE", "pydicom"),
    "1.2.840.10008.1.2.4.50": ("JPEG", "pillow"),
    "1.2.840.10008.1.2.4.51": ("JPEG, 12 bit", jpeg_decoder.PLUGIN),
    "1.2.840.10008.1.2.4.57": ("JPEG Lossless", jpeg_decoder.PLUGIN),
    "1.2.840.10008.1.2.4.70": ("JPEG Lossless", jpeg_decoder.PLUGIN),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS", "pyjpegls"),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS, near-lossless", "pyjpegls"),
    "1.2.840.10008.1.2.4.90": ("JPEG 2000", "pylibjpeg"),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", "pylibjpeg"),
    "1.2.840.10008.1.2.4.201": ("HTJ2K", "pylibjpeg"),
    "1.2.840.10008.1.2.4.202": ("HTJ2K", "pylibjpeg"),
    "1.2.840.10008.1.2.4.203": ("HTJ2K", "pylibjpeg"),
}
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_EXPLICIT = b"1.2.840.10008.1.2.1".ljust(len(_DEFLATED), b"\x00")
_SYNTAX_ELEMENT = b"\x02\x00\x10\x00UI"
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
_SAMPLES = {
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    "RGB": 3,
    "YBR_FULL": 3,
    "YBR_FULL_422": 3,
    "YBR_PARTIAL_420": 3,
    "YBR_ICT": 3,
    "YBR_RCT": 3,
}
_EVERY_BIT: Any = {"correct_unused_bits": False, "apply_jls_sign_correction": False}
_PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def decode_dicom(data: bytes) -> Decoded:
    """Decode a DICOM file with or without a preamble.

    Raises:
        UnsupportedFileError: Not a single-frame radiograph, or a compression not read here.
        DamagedFileError: The file contradicts itself or ends early.
        LimitExceededError: It is too large; found out before decoding.
    """
    plain = _inflated(data)
    dataset, notes = _read_dataset(plain)
    modality = header.check_modality(dataset)
    _check_pixel_header(dataset)
    compression, plugin = _transfer_syntax(dataset)
    compression = compression if plain is data else "deflated"
    notes += header.notes_of(dataset)
    size = None
    if plugin:
        size, frame_notes = _check_frame(dataset, compression)
        notes += frame_notes
    stored, photometric, depth_notes = _stored_values(dataset, plugin, size)
    notes += depth_notes
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        shown = display(dataset, stored)
    else:
        grey, colour_notes = _grey(dataset, stored, photometric)
        shown = display(_colour_header(grey), grey)
        notes += colour_notes
    notes += shown.notes
    spacing = header.spacing_of(dataset)
    decoded = Decoded(
        levels=shown.levels,
        level_slope=shown.slope,
        level_intercept=shown.intercept,
        windows=shown.windows,
        inverted=shown.inverted,
        valid=shown.valid,
        source_format=f"{f'DICOM {modality}'.strip()}, {compression}",
        view_position=header.view_of(dataset),
        laterality=header.laterality_of(dataset),
        spacing=spacing,
        burned_in=header.burned_in_of(dataset),
        age=header.age_of(dataset),
        sex=header.sex_of(dataset),
        notes=tuple(dict.fromkeys(notes)),
    )
    return with_square_pixels(decoded, ratio=stated_shape(dataset, spacing))


def _read_dataset(data: bytes) -> tuple[FileDataset, list[str]]:
    """Parse the elements of `READ_ELEMENTS`; all others are skipped unread."""
    dataset = _parsed(data)
    if any(keyword in dataset for keyword in _PIXEL_ELEMENTS):
        return dataset, []
    closed = with_delimiter(data)
    return (dataset, []) if closed is None else (_parsed(closed), [DELIMITER_NOTE])


def _parsed(data: bytes) -> FileDataset:
    try:
        return dcmread(BytesIO(data), force=True, specific_tags=header.READ_ELEMENTS)
    except (InvalidDicomError, EOFError, RecursionError, *header.ELEMENT_ERRORS) as error:
        raise DamagedFileError(
            "A DICOM file must be a list of elements up to its end, this one breaks off or is "
            "garbled. Export or download it again."
        ) from error


def _inflated(data: bytes) -> bytes:
    """Unpack a deflated data set up to the limit; other files pass unchanged."""
    place = data.find(_SYNTAX_ELEMENT, 132) + len(_SYNTAX_ELEMENT) + 2
    if data[128:132] != b"DICM" or data[place : place + len(_DEFLATED)] != _DEFLATED:
        return data
    if data[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        raise DamagedFileError(
            "A deflated DICOM file must state the length of its first group, this one does not. "
            "Export it uncompressed."
        )
    start = 144 + int.from_bytes(data[140:144], "little")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = inflater.decompress(data[start:], MAX_DATASET_BYTES + 1)
    except zlib.error as error:
        raise DamagedFileError(
            "A deflated DICOM file must unpack without errors, this one does not. "
            "Export or download it again."
        ) from error
    check_inflated_size(len(body))
    return data[:place] + _EXPLICIT + data[place + len(_DEFLATED) : start] + body


def _check_pixel_header(dataset: FileDataset) -> None:
    meta = dataset.file_meta
    if header.text_of(meta, "MediaStorageSOPClassUID") == _MEDIA_DIRECTORY:
        raise UnsupportedFileError(
            "Only images are read, this DICOM file is the directory of a disc (DICOMDIR). "
            "Upload the image files that lie beside it."
        )
    if not any(keyword in dataset for keyword in _PIXEL_ELEMENTS):
        if "Rows" in dataset or len(dataset) == 0:  # what breaks off is given up whole
            raise DamagedFileError(
                "A DICOM image must hold pixel data, this file ends before it. "
                "Export or download it again."
            )
        raise UnsupportedFileError(
            "Only images are read, this DICOM file holds none. Upload a chest radiograph."
        )
    check_image_size(
        header.integer_of(dataset, "Rows", 0),
        header.integer_of(dataset, "Columns", 0),
        frames=header.integer_of(dataset, "NumberOfFrames", 1),
    )
    photometric = header.text_of(dataset, "PhotometricInterpretation")
    samples = header.integer_of(dataset, "SamplesPerPixel", _SAMPLES.get(photometric, 1))
    if photometric not in _SAMPLES:
        raise UnsupportedFileError(
            f"The photometric interpretation must be one of {', '.join(_SAMPLES)}, this file "
            "states another or none. Export it as MONOCHROME2."
        )
    if samples != _SAMPLES[photometric]:
        raise DamagedFileError(
            f"{photometric} images have {_SAMPLES[photometric]} sample(s) per pixel, this file "
            f"states {samples}. Export it again."
        )
    _fill_gaps(dataset, samples)


def _fill_gaps(dataset: FileDataset, samples: int) -> None:
    """Set required elements that careless writers leave out to the only sensible value."""
    bits = header.integer_of(dataset, "BitsAllocated", 0)
    for keyword, value in {
        "SamplesPerPixel": samples,
        "PixelRepresentation": 0,
        "PlanarConfiguration": 0,
        "BitsStored": bits,
        "HighBit": header.integer_of(dataset, "BitsStored", bits) - 1,
    }.items():
        if bits in (8, 16, 32) and dataset.get(keyword) is None:
            setattr(dataset, keyword, value)


def _transfer_syntax(dataset: FileDataset) -> tuple[str, str]:
    uid = header.text_of(dataset.file_meta, "TransferSyntaxUID")
    if not uid:
        implicit, little = dataset.original_encoding
        uid = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
        uid = uid if little else "1.2.840.10008.1.2.2"
        dataset.file_meta.TransferSyntaxUID = UID(uid)
    if uid not in TRANSFER_SYNTAXES:
        known = ", ".join(dict.fromkeys(name for name, _ in TRANSFER_SYNTAXES.values()))
        name = UID(uid).name
        stated = name if name != uid else "another one"
        raise UnsupportedFileError(
            f"The pixel data must be {known}; this file states {stated}. "
            "Export it uncompressed (Explicit VR Little Endian)."
        )
    return TRANSFER_SYNTAXES[uid]


def _check_frame(
    dataset: FileDataset, compression: str
) -> tuple[FrameSize | None, tuple[str, ...]]:
    """Compare the codestream's own size with the header before any decoder runs.

    Returns:
        What the codestream says of itself (None: RLE says nothing), and notes.
    """
    try:
        frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    except header.ELEMENT_ERRORS as error:
        raise _broken_pixels() from error
    if compression == "RLE":
        return None, ()
    read_size = jpeg2000_size if "2000" in compression or "HTJ2K" in compression else jpeg_size
    size = read_size(frame)
    if size is None:
        raise _broken_pixels()
    if (size.rows, size.columns) != (dataset.Rows, dataset.Columns):
        raise DamagedFileError(
            f"The header says {dataset.Columns:,} x {dataset.Rows:,} pixels, the compressed "
            f"image {size.columns:,} x {size.rows:,}. Export the file again."
        )
    whole = cut_at_end_mark(frame, start=size.start)
    if whole is None:
        raise DamagedFileError(
            "A compressed image must have an end mark, this one breaks off before it. "
            "Export or download the file again."
        )
    if whole.notes:
        dataset.PixelData = encapsulate([whole.frame])
        dataset["PixelData"].is_undefined_length = True
    return size, whole.notes + _match_samples(dataset, size)


def _match_samples(dataset: FileDataset, size: FrameSize) -> tuple[str, ...]:
    """Take grey or colour from the codestream where the header says the other."""
    if size.samples == dataset.SamplesPerPixel or size.samples not in (1, 3):
        return ()
    dataset.SamplesPerPixel = size.samples
    kept = "in colour" if size.samples == 3 else "grey"
    if size.samples == 1:
        dataset.PhotometricInterpretation = "MONOCHROME2"
    else:
        is_lossless_or_2000 = (
            size.knows_sign or "Lossless" in dataset.file_meta.TransferSyntaxUID.name
        )
        dataset.PhotometricInterpretation = "RGB" if is_lossless_or_2000 else "YBR_FULL_422"
        dataset.PlanarConfiguration = 0
    return (f"The header and the compressed image differ in colour; the image is {kept}.",)


def _stored_values(
    dataset: FileDataset, plugin: str, size: FrameSize | None
) -> tuple[NDArray[Any], str, list[str]]:
    """Decode the pixels to (H, W) or (H, W, 3), the photometric interpretation, and notes."""
    stated, high_bit = (header.integer_of(dataset, k, 0) for k in ("BitsStored", "HighBit"))
    depth = _use_every_bit(dataset, size)
    jpeg_decoder.register()
    try:
        decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
        values, facts = decoder.as_array(
            dataset,
            index=0,
            decoding_plugin=plugin,
            **_EVERY_BIT,
        )
    except (RuntimeError, OSError, EOFError, *header.ELEMENT_ERRORS) as error:
        raise _broken_pixels() from error
    photometric = str(facts["photometric_interpretation"])
    if values.ndim != 2 or values.dtype.kind not in "iu" or not 1 <= stated <= 16:
        return values, photometric, []
    signed = header.integer_of(dataset, "PixelRepresentation", 0) == 1
    if signed and size is not None and not size.knows_sign:
        values = sign_extended(values, depth)
        check_sign(values, stated=stated, depth=depth)
    values, note = settle(
        values,
        stated=stated,
        high_bit=high_bit,
        depth=depth,
        signed=signed,
        # A codestream as wide as its container may carry whatever lay in the unused bits.
        is_certain=size is not None and depth < header.integer_of(dataset, "BitsAllocated", 0),
    )
    return values, photometric, [note] if note else []


def _use_every_bit(dataset: FileDataset, size: FrameSize | None) -> int:
    """Set the header to the depth of the codestream, so that decoding cuts nothing off.

    Returns:
        That depth; of uncompressed and RLE pixels all allocated bits.
    """
    allocated = header.integer_of(dataset, "BitsAllocated", 0)
    depth = allocated if size is None else size.precision
    if depth > allocated:
        dataset.BitsAllocated = 16
    if dataset.SamplesPerPixel == 1 and 1 <= depth <= 16:
        dataset.BitsStored, dataset.HighBit = depth, depth - 1
    return depth


def _grey(
    dataset: FileDataset, stored: NDArray[Any], photometric: str
) -> tuple[NDArray[np.uint16], tuple[str, ...]]:
    if photometric == "PALETTE COLOR":
        try:
            stored = apply_color_lut(stored, dataset)
        except header.ELEMENT_ERRORS as error:
            raise DamagedFileError(
                "A palette colour image must hold its colour tables, this file has none that "
                "fit. Export it as MONOCHROME2."
            ) from error
    stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)  # also big endian ones
    if stored.ndim != 3 or stored.dtype not in (np.uint8, np.uint16):
        raise UnsupportedFileError(
            f"Colour images must have 8 or 16 bits a channel, this file has "
            f"{8 * stored.dtype.itemsize}. Export it as MONOCHROME2."
        )
    if photometric != "PALETTE COLOR":
        return grey_from_colour(stored)
    grey, notes = grey_from_colour(stored)
    return grey, (f"{COLOUR_NOTE} Its colours come from a palette.",) if notes else ()


def _colour_header(grey: NDArray[np.uint16]) -> Dataset:
    """Colour has neither modality values nor a VOI: only its depth is kept."""
    plain = Dataset()
    plain.PhotometricInterpretation = "MONOCHROME2"
    wide = int(grey.max()) > 255
    plain.BitsStored = 16 if wide else 8
    return plain


def _broken_pixels() -> DamagedFileError:
    return DamagedFileError(
        "The pixel data must fit the size and type that the header states, these do not or "
        "break off. Export or download the file again."
    )
