"""Bytes of an uploaded report file to text, whatever encoding the hospital system wrote."""

import codecs
from itertools import pairwise

import charset_normalizer

from explorer.errors import DamagedFileError, LimitExceededError, UnsupportedFileError
from explorer.reading.limits import MAX_REPORT_BYTES
from explorer.reading.sniff import describe_refused

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Western accents stand alone among ASCII letters; letters of other scripts stand side by side.
_WESTERN_NEIGHBOURS = 0.3
_REMEDY = "Save the report as plain text (.txt, UTF-8) or paste it."


def decode_report(data: bytes) -> str:
    r"""Decode the bytes of a plain-text report.

    UTF-8, UTF-16 and UTF-32 are recognised by their mark or their form; older encodings are
    guessed from the letters (Western ones as cp1252). Line ends become "\n".

    Raises:
        DamagedFileError: The file is empty or holds binary data.
        UnsupportedFileError: It is a document or an image, not plain text.
        LimitExceededError: It is larger than `MAX_REPORT_BYTES`.

    >>> decode_report("Herzgröße normal.".encode("cp1252"))
    'Herzgröße normal.'
    """
    if len(data) > MAX_REPORT_BYTES:
        raise LimitExceededError(
            f"A report file may hold at most {MAX_REPORT_BYTES / 1024:.0f} KB, this one holds "
            f"{len(data) / 1024:.0f} KB. Upload the report of one study."
        )
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if not text.strip():
        raise DamagedFileError(f"A report file must hold text, this one is empty. {_REMEDY}")
    if any(ord(letter) < 32 and letter not in "\t\n\f\v" for letter in text):
        raise _binary()
    return text


def _decode(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    _refuse_documents(data)
    if b"\x00" in data:
        return _strictly(data, _guess_utf16(data))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data)


def _refuse_documents(data: bytes) -> None:
    if data[128:132] == b"DICM" or data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"II*\x00")):
        raise UnsupportedFileError(
            "A report file must be plain text, this one is an image. Upload it as a radiograph."
        )
    what = describe_refused(data) if data else None
    if what is not None and "text file" not in what and "zero bytes" not in what:
        raise UnsupportedFileError(
            f"A report file must be plain text, this one is {what}. {_REMEDY}"
        )


def _guess_utf16(data: bytes) -> str:
    """UTF-16 without a mark has its zero bytes on one side of nearly every pair."""
    half = max(1, len(data) // 2)
    high_first, low_first = data[0::2].count(0) / half, data[1::2].count(0) / half
    if len(data) % 2 or max(high_first, low_first) < 0.5 or min(high_first, low_first) > 0.05:
        raise _binary()
    return "utf-16-be" if high_first > low_first else "utf-16-le"


def _decode_legacy(data: bytes) -> str:
    high = [byte >= 0x80 for byte in data]
    neighbours = sum(one and next_one for one, next_one in pairwise(high))
    if neighbours > _WESTERN_NEIGHBOURS * sum(high):
        match = charset_normalizer.from_bytes(data).best()
        if match is not None:
            return str(match)
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DamagedFileError(
            f"The report file says it is {encoding.upper()} but is not throughout. {_REMEDY}"
        ) from error


def _binary() -> DamagedFileError:
    return DamagedFileError(
        f"A report file must be plain text, this one holds binary data. {_REMEDY}"
    )
