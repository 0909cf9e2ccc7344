"""Files the reading tests need, written with pydicom and Pillow."""

import zlib
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

DX_STORAGE = UID("1.2.840.10008.5.1.4.1.1.1.1")
DX_FOR_PROCESSING = UID("1.2.840.10008.5.1.4.1.1.1.1.1")
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
SC_STORAGE = "1.2.840.10008.5.1.4.1.1.7"
DEFLATED = UID("1.2.840.10008.1.2.1.99")


def ramp(rows: int = 48, columns: int = 40, *, step: int = 2) -> NDArray[np.uint16]:
    """Values 0, step, 2 step, ... in reading order: every pixel differs from its neighbours."""
    return (np.arange(rows * columns, dtype=np.uint16) * step).reshape(rows, columns)


def dataset(pixels: NDArray[Any], **elements: Any) -> Dataset:
    """A DX data set around grey (H, W) or colour (H, W, 3) pixels; `elements` win."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DX_STORAGE
    meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    made = Dataset()
    made.file_meta = meta
    made.SOPClassUID = DX_STORAGE
    made.SOPInstanceUID = "1.2.3"
    made.Modality = "DX"
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    made.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = pixels.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def dicom(pixels: NDArray[Any], **elements: Any) -> bytes:
    """Bytes of a DICOM file, Explicit VR Little Endian."""
    return saved(dataset(pixels, **elements))


def saved(made: Dataset) -> bytes:
    """Bytes of a data set as its transfer syntax asks."""
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def deflated(made: Dataset) -> bytes:
    """Bytes of a deflated data set, packed here and not by pydicom."""
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plain = saved(made)
    start = 144 + int.from_bytes(plain[140:144], "little")
    made.file_meta.TransferSyntaxUID = DEFLATED
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(plain[start:]) + packer.flush()
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    meta = stream.getvalue()
    end = 144 + int.from_bytes(meta[140:144], "little")
    return meta[:end] + body


def compressed(made: Dataset, uid: str, frame: bytes | bytearray) -> bytes:
    """Bytes of a data set whose pixel data is one ready codestream."""
    made.file_meta.TransferSyntaxUID = UID(uid)
    made.PixelData = encapsulate([bytes(frame)])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return saved(made)


def raster(pixels: NDArray[Any], form: str = "PNG", **options: Any) -> bytes:
    """Bytes of a PNG, JPEG or TIFF."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()


def lossless_dicoms() -> dict[str, bytes]:
    """The same 12-bit ramp in every lossless transfer syntax."""
    pixels = ramp()
    files = {}
    for uid in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian):
        made = dataset(pixels, BitsStored=12, HighBit=11)
        made.file_meta.TransferSyntaxUID = uid
        if uid == ExplicitVRBigEndian:
            made.PixelData = pixels.astype(">u2").tobytes()
        files[uid.name] = saved(made)
    for uid in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        made = dataset(pixels, BitsStored=12, HighBit=11)
        made.compress(uid, generate_instance_uid=False)
        files[uid.name] = saved(made)
    frame = imagecodecs.ljpeg_encode(pixels, bitspersample=12)
    for uid in (JPEGLosslessSV1, JPEGLossless):
        made = dataset(pixels, BitsStored=12, HighBit=11)
        files[uid.name] = compressed(made, uid, frame)
    files["Deflated"] = deflated(dataset(pixels, BitsStored=12, HighBit=11))
    files["without preamble"] = files[ExplicitVRLittleEndian.name][132:]
    return files


def lossy_dicoms() -> dict[str, bytes]:
    """A smooth image in the two lossy JPEG processes of 8 and 12 bits."""
    smooth = ramp(step=2)
    eight = (smooth // 16).astype(np.uint8)
    twelve = imagecodecs.jpeg8_encode(smooth, bitspersample=12, level=98)
    return {
        "JPEG Baseline": compressed(
            dataset(eight), JPEGBaseline8Bit, raster(eight, "JPEG", quality=98)
        ),
        "JPEG Extended": compressed(
            dataset(smooth, BitsStored=12, HighBit=11), JPEGExtended12Bit, twelve
        ),
    }


def rasters() -> dict[str, bytes]:
    """One small image in many raster layouts."""
    deep, grey = ramp(step=32), (ramp(step=1) // 8).astype(np.uint8)
    colour = np.stack([grey, grey[::-1], grey[:, ::-1]], axis=-1)
    alpha = np.dstack([colour, np.full(grey.shape, 255, np.uint8)])
    palette = Image.fromarray(colour).quantize(16)
    stream = BytesIO()
    palette.save(stream, "PNG")
    return {
        "PNG 8": raster(grey),
        "PNG 16": raster(deep),
        "PNG RGB": raster(colour),
        "PNG RGBA": raster(alpha),
        "PNG palette": stream.getvalue(),
        "PNG RGB 16": bytes(imagecodecs.png_encode(np.stack([deep] * 3, axis=-1))),
        "JPEG": raster(grey, "JPEG", quality=95),
        "JPEG RGB": raster(colour, "JPEG", quality=95),
        "TIFF 8": raster(grey, "TIFF"),
        "TIFF 16": raster(deep, "TIFF"),
        "TIFF LZW": raster(grey, "TIFF", compression="tiff_lzw"),
        "TIFF deflate": raster(deep, "TIFF", compression="tiff_adobe_deflate"),
        "TIFF float": raster(deep.astype(np.float32) / 7, "TIFF"),
    }
