"""What kind of file a run of bytes is, by its content and never by its name."""

from typing import Literal

from explorer.errors import UnsupportedFileError

FileKind = Literal["dicom", "dicom without preamble", "png", "jpeg", "tiff"]

REMEDY = "Upload the radiograph as DICOM, PNG, JPEG or TIFF."

# (offset, magic bytes, what it is); the first that fits is named in the refusal.
_REFUSED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "an xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (257, b"ustar", "a TAR archive"),
    (0, b"GIF8", "a GIF image"),
    (0, b"BM", "a BMP image"),
    (8, b"WEBP", "a WebP image"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 image outside a DICOM file"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image outside a DICOM file"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (4, b"ftyphei", "a HEIC photograph"),
    (4, b"ftypmif1", "a HEIC photograph"),
    (4, b"ftypmsf1", "a HEIC photograph"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyp", "a video"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"\x93NUMPY", "a NumPy array file"),
    (0, b"NRRD", "an NRRD volume"),
    (344, b"n+1\x00", "a NIfTI volume"),
    (344, b"ni1\x00", "a NIfTI volume"),
    (0, b"MZ", "a program"),
    (0, b"\x7fELF", "a program"),
    (0, b"\x80\x02", "a Python pickle"),
    (0, b"\x80\x04", "a Python pickle"),
    (0, b"\x80\x05", "a Python pickle"),
)
_VALUE_REPRESENTATIONS = frozenset({
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"OB",
    b"OD", b"OF", b"OL", b"OV", b"OW", b"PN", b"SH", b"SL", b"SQ", b"SS", b"ST", b"TM", b"UC",
    b"UI", b"UL", b"UN", b"UR", b"US", b"UT",
})  # fmt: skip


def sniff(data: bytes) -> FileKind:
    """Name the kind of a file that can be read.

    Raises:
        UnsupportedFileError: The content is something else; the message says what.
    """
    if data[128:132] == b"DICM":
        return "dicom"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "tiff"
    what = describe_refused(data)
    if what is None and _is_bare_dicom(data):
        return "dicom without preamble"
    raise UnsupportedFileError(
        f"Only radiographs are read, this file is {what or 'of an unknown kind'}. {REMEDY}"
    )


def describe_refused(data: bytes) -> str | None:
    """Say what a file is that is not a radiograph, e.g. "a PDF document"; None when unknown."""
    for offset, magic, what in _REFUSED:
        if data[offset : offset + len(magic)] == magic:
            return what
    if b"%PDF-" in data[:1024]:
        return "a PDF document"
    if not data.strip(b"\x00"):
        return "nothing but zero bytes"
    return _describe_text(data[:4096])


def _describe_text(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "a text file; a report goes into the report field"
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return None
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith((b"<?xml", b"<svg")):
        return "an XML or SVG file"
    return "a text file; a report goes into the report field"


def _is_bare_dicom(data: bytes) -> bool:
    """Whether `data` starts with a DICOM element of group 0002 or 0008, without a preamble."""
    for order in ("little", "big"):
        group = int.from_bytes(data[0:2], order)
        element = int.from_bytes(data[2:4], order)
        if group not in (0x0002, 0x0008) or element > 0x0070:
            continue
        if data[4:6] in _VALUE_REPRESENTATIONS:
            return True
        if order == "little" and 0 < int.from_bytes(data[4:8], order) <= 1024:
            return len(data) > 132
    return False
