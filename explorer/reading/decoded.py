"""What the decoding child hands back, and its form on the pipe: JSON facts and plain planes.

No pickle crosses the pipe: whoever takes over the child with a crafted file can still only send
numbers and short texts, and their sizes are checked before memory is taken.
"""

import json
import struct
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from explorer import errors
from explorer.entities import Spacing, ViewPosition, VoiTable, Window
from explorer.reading.limits import MAX_PIXELS
from explorer.reading.windows import Levels, Mask

READY = b"ready"  # the child says so once, before the first request
_LENGTH = struct.Struct("<Q")
_MAX_FACTS_BYTES = 1024**2
_PLANE_TYPES = {"uint16": np.uint16, "bool": np.bool_, "float32": np.float32}
_ERRORS = {
    error.__name__: error
    for error in (
        errors.UnsupportedFileError,
        errors.DamagedFileError,
        errors.LimitExceededError,
    )
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded file before windowing; the fields are those of `Radiograph`."""

    levels: Levels
    level_slope: float
    level_intercept: float
    windows: tuple[Window | VoiTable, ...]
    source_format: str
    inverted: bool = False
    valid: Mask | None = None
    view_position: ViewPosition = "unknown"
    laterality: str | None = None
    spacing: Spacing | None = None
    burned_in: bool | None = None
    age: str | None = None
    sex: str | None = None
    notes: tuple[str, ...] = ()


_PLAIN_FACTS = (
    "level_slope",
    "level_intercept",
    "source_format",
    "inverted",
    "view_position",
    "laterality",
    "burned_in",
    "age",
    "sex",
    "notes",
)


def write_request(stream: BinaryIO, data: bytes) -> None:
    """Send one file to the child."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_request(stream: BinaryIO) -> bytes | None:
    """Receive one file in the child; None when the parent has gone."""
    head = stream.read(_LENGTH.size)
    return stream.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else None


def write_answer(stream: BinaryIO, answer: Decoded | errors.ReadingError) -> None:
    """Send the decoded file, or the error that the person should see."""
    if isinstance(answer, errors.ReadingError):
        _write(stream, {"error": type(answer).__name__, "message": str(answer)}, [])
        return
    planes: list[NDArray[Any]] = [answer.levels]
    if answer.valid is not None:
        planes.append(answer.valid)
    windows: list[dict[str, Any]] = []
    for window in answer.windows:
        if isinstance(window, VoiTable):
            windows.append({"name": window.name, "first": window.first})
            planes.append(window.values)
        else:
            windows.append({name: getattr(window, name) for name in Window.__slots__})
    facts = {name: getattr(answer, name) for name in _PLAIN_FACTS}
    facts["windows"] = windows
    facts["has_valid"] = answer.valid is not None
    if answer.spacing is not None:
        facts["spacing"] = [
            answer.spacing.row_mm,
            answer.spacing.column_mm,
            answer.spacing.source,
        ]
    _write(stream, facts, planes)


def read_answer(stream: BufferedReader) -> Decoded:
    """Receive what `write_answer` sent.

    Raises:
        ReadingError: The error the child reported.
        EOFError: The child died.
        ValueError: The child does not keep to the form.
    """
    facts, planes = _read(stream)
    if "error" in facts:
        raise _ERRORS.get(facts["error"], errors.DamagedFileError)(str(facts["message"]))
    queue = iter(planes)
    levels = next(queue)
    valid = next(queue) if facts["has_valid"] else None
    if levels.ndim != 2 or levels.dtype != np.uint16:
        raise ValueError("The decoder must send (H, W) uint16 levels.")
    windows = tuple(
        VoiTable(values=next(queue), **entry) if "first" in entry else Window(**entry)
        for entry in facts["windows"]
    )
    plain = {name: facts[name] for name in _PLAIN_FACTS} | {"notes": tuple(facts["notes"])}
    spacing = Spacing(*facts["spacing"]) if "spacing" in facts else None
    return Decoded(levels=levels, valid=valid, windows=windows, spacing=spacing, **plain)


def _write(stream: BinaryIO, facts: dict[str, Any], planes: list[NDArray[Any]]) -> None:
    facts["planes"] = [[plane.dtype.name, list(plane.shape)] for plane in planes]
    text = json.dumps(facts).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    for plane in planes:
        stream.write(np.ascontiguousarray(plane).data)
    stream.flush()


def _read(stream: BufferedReader) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    head = bytearray(_LENGTH.size)
    _fill(stream, memoryview(head))
    length = _LENGTH.unpack(head)[0]
    if length > _MAX_FACTS_BYTES:
        raise ValueError(f"Facts may take at most {_MAX_FACTS_BYTES} bytes, got {length}.")
    text = bytearray(length)
    _fill(stream, memoryview(text))
    facts = json.loads(text)
    planes = []
    for type_name, shape in facts["planes"]:
        if np.prod(shape, dtype=np.float64) > MAX_PIXELS:
            raise ValueError(f"A plane may have at most {MAX_PIXELS} values, got shape {shape}.")
        plane = np.empty(tuple(shape), dtype=_PLANE_TYPES[type_name])
        _fill(stream, memoryview(plane.data).cast("B"))
        planes.append(plane)
    return facts, planes


def _fill(stream: BufferedReader, view: memoryview) -> None:
    while view:
        count = stream.readinto(view)
        if not count:
            raise EOFError("The decoder ended before its answer.")
        view = view[count:]
