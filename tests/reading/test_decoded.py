"""The form on the pipe between child and parent: what is sent arrives, what is wrong is refused."""

import json
import struct
from io import BufferedReader, BytesIO
from typing import Any

import numpy as np
import pytest

from explorer.entities import Spacing, VoiTable, Window
from explorer.errors import DamagedFileError, LimitExceededError, ReadingError
from explorer.reading.decoded import (
    Decoded,
    read_answer,
    read_request,
    write_answer,
    write_request,
)

DECODED = Decoded(
    levels=np.arange(12, dtype=np.uint16).reshape(3, 4),
    level_slope=0.5,
    level_intercept=-7.25,
    windows=(
        VoiTable("table", -3.0, np.linspace(0, 1, 9, dtype=np.float32)),
        Window("NORMAL", 10.5, 20.0, "SIGMOID"),
    ),
    source_format="DICOM DX, RLE",
    inverted=True,
    valid=np.eye(3, 4, dtype=bool),
    view_position="PA",
    laterality="right",
    spacing=Spacing(0.14, 0.15, "PixelSpacing"),
    burned_in=False,
    age="063Y",
    sex="F",
    notes=("one", "two"),
)
FACTS: dict[str, Any] = {"planes": [], "windows": [], "has_valid": False}


def _received(answer: Decoded | ReadingError) -> Decoded:
    stream = BytesIO()
    write_answer(stream, answer)
    return read_answer(BufferedReader(BytesIO(stream.getvalue())))


def _read_raw(data: bytes) -> Decoded:
    return read_answer(BufferedReader(BytesIO(data)))


def _framed(facts: dict[str, Any], planes: bytes = b"") -> bytes:
    text = json.dumps(facts).encode()
    return struct.pack("<Q", len(text)) + text + planes


def test_everything_arrives_as_it_was_sent() -> None:
    received = _received(DECODED)
    for name in Decoded.__slots__:
        sent, got = getattr(DECODED, name), getattr(received, name)
        if isinstance(sent, np.ndarray):
            np.testing.assert_array_equal(got, sent)
            assert got.dtype == sent.dtype
        elif name != "windows":
            assert got == sent
    table, window = received.windows
    assert isinstance(table, VoiTable)
    np.testing.assert_array_equal(table.values, np.linspace(0, 1, 9, dtype=np.float32))
    assert window == DECODED.windows[1]


def test_errors_arrive_with_their_kind_and_words() -> None:
    with pytest.raises(LimitExceededError, match="too much"):
        _received(LimitExceededError("too much"))


def test_unknown_kind_of_error_is_never_made_up() -> None:
    with pytest.raises(DamagedFileError):
        _read_raw(_framed({"error": "SystemExit", "message": "x", "planes": []}))


def test_plane_larger_than_the_limit_takes_no_memory() -> None:
    with pytest.raises(ValueError, match="at most"):
        _read_raw(_framed(FACTS | {"planes": [["uint16", [2**40, 2**40]]]}))


def test_facts_larger_than_the_limit_are_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        _read_raw(struct.pack("<Q", 2**50))


def test_object_planes_are_refused() -> None:
    with pytest.raises(KeyError):
        _read_raw(_framed(FACTS | {"planes": [["object", [1]]]}))


def test_answer_that_breaks_off_is_an_end_of_file() -> None:
    with pytest.raises(EOFError):
        _read_raw(_framed(FACTS | {"planes": [["uint16", [4, 4]]]}, b"\x00" * 5))


def test_requests_arrive_one_after_the_other() -> None:
    stream = BytesIO()
    write_request(stream, b"first")
    write_request(stream, b"")
    stream.seek(0)
    assert [read_request(stream) for _ in range(3)] == [b"first", b"", None]
