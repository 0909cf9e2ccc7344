"""Size of a compressed frame by its own header, read before a decoder sees the bytes."""

import struct
from typing import NamedTuple

_STANDALONE = frozenset(range(0xD0, 0xDA)) | {0x01}
# Start-of-frame markers of JPEG and JPEG-LS; C4, C8 and CC are tables.
_START_OF_FRAME = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}


class FrameSize(NamedTuple):
    """What a codestream says of itself."""

    rows: int
    columns: int
    samples: int
    precision: int
    start: int = 0  # where the size was found; the image lies behind
    knows_sign: bool = False  # whether the codestream itself says that its numbers have a sign


def jpeg_size(data: bytes) -> FrameSize | None:
    """Read the start-of-frame segment of JPEG or JPEG-LS; None when there is none."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _START_OF_FRAME and position + 10 <= len(data):
            precision, rows, columns, samples = struct.unpack_from(">BHHB", data, position + 4)
            return FrameSize(rows, columns, samples, precision, start=position)
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None


def jpeg2000_size(data: bytes) -> FrameSize | None:
    """Read the SIZ segment of a JPEG 2000 codestream or JP2 file; None when there is none."""
    start = data[:4096].find(b"\xff\x4f\xff\x51")
    if start < 0 or len(data) < start + 43:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    samples, depth = struct.unpack_from(">HB", data, start + 40)
    precision = (depth & 0x7F) + 1
    return FrameSize(bottom - top, right - left, samples, precision, start, knows_sign=True)
