"""Compressed pixel data whose wrapping is not whole: a missing delimiter, bytes behind the end."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

DELIMITER_NOTE = "The compressed image lacks its closing delimiter; it was read up to its end mark."
BEHIND_NOTE = "Bytes behind the end mark of the compressed image were left out."

_ITEM = b"\xfe\xff\x00\xe0"
_DELIMITER = b"\xfe\xff\xdd\xe0" + bytes(4)
# The element Pixel Data of undefined length with explicit or implicit type, then its first item.
_START = re.compile(
    rb"\xe0\x7f\x10\x00(?:O[BW]\x00\x00|UN\x00\x00)?\xff\xff\xff\xff(?=\xfe\xff\x00\xe0)"
)
_END_MARK = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Codestream:
    """A compressed frame up to its end mark, and what lay behind it."""

    frame: bytes
    notes: tuple[str, ...] = ()


def with_delimiter(data: bytes) -> bytes | None:
    """Close compressed pixel data that has no delimiter.

    Args:
        data: A whole DICOM file, in which no pixel data was found.

    Returns:
        The file up to its last item, closed; None when it holds no compressed pixel data.
    """
    places = [found.end() for found in _START.finditer(data)]
    if not places:
        return None
    start = places[-1]  # an icon may come before
    return data[:start] + b"".join(_items(data, start)) + _DELIMITER


def _items(data: bytes, position: int) -> Iterator[bytes]:
    """Whole items one after another; the last one is shortened to what is there."""
    while data[position : position + 4] == _ITEM and position + 8 <= len(data):
        body = data[position + 8 :][: int.from_bytes(data[position + 4 : position + 8], "little")]
        yield _ITEM + len(body).to_bytes(4, "little") + body
        position += 8 + len(body)


def cut_at_end_mark(frame: bytes, *, start: int) -> Codestream | None:
    """Leave out what lies behind the last end mark of JPEG, JPEG-LS or JPEG 2000.

    One byte behind is the usual padding to an even length and is not spoken of.

    Args:
        frame: The codestream.
        start: Where its image begins, behind any embedded preview.

    Returns:
        None when there is no end mark: the image breaks off.
    """
    end = frame.rfind(_END_MARK, start)
    if end < 0:
        return None
    behind = len(frame) - end - len(_END_MARK)
    return Codestream(frame[: end + len(_END_MARK)], (BEHIND_NOTE,) if behind > 1 else ())
