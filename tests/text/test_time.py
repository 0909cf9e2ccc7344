"""The time of reading a text grows with its length, whatever the text is made of.

One pattern with a nested repeat holds the interpreter's lock and so stops every session: a line of
78 underscores once never ended.
"""

import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from unittest import mock

import pytest

from explorer.reading.report_file import decode_report
from explorer.text import (
    mentions,
    negated,
    phrase_assertion,
    read_report,
    report,
    side_swapped,
    states_normal,
)

ARCHIVE_REPORT = (
    " WET READ: ___ ___ 8:07 PM\n  Left effusion.\n "
    + "_" * 78
    + "\n"
    + " " * 33
    + "FINAL REPORT\n"
    " AP CHEST, 5:43 A.M., ___\n\n IMPRESSION:  AP chest compared to ___:\n\n No effusion.\n"
)
LENGTH = 100_000
CLASSES = [
    "a",
    "A",
    "X",
    "7",
    "_",
    " ",
    "\t",
    "\n",
    "\r\n",
    ".",
    ",",
    ":",
    ";",
    "?",
    "!",
    "-",
    "(",
    ")",
]
CLASSES += ["*", "#", "/", "'", "\u00e9", "\u80ba", "\u0301", "\x00", "\U0001fac1"]
MIXED = ["__ ", "X_", "a.", "A: ", "- ", "1. ", "a) ", "1) a ", "? ", "_____\n", "aaaa:\n", "B\n"]
WORDS = [
    "no ",
    "or ",
    "if ",
    "R ",
    "left ",
    "effusion, ",
    "effusion: none. ",
    "effusion? ",
    "is not ",
]
WORDS += ["versus ", "heart is ", "there is no ", "no interval ", "not seen on the prior ", "dr. "]
WORDS += ["neither of them ", "neither has resolved ", "not seen on the 6 am ", "in place the "]
WORDS += ["PTX (-), ", "not as well ", "tip of the tube ", "not right, ", "L: none; ", "CT of the "]
WORDS += ["LUNGS: clear HEART: ", "ADDENDUM by Dr. Lee on 3/4 at ", "i) a ii) ", "... none "]
WORDS += ["cannot be largely seen ", "could well account for ", "repeat in the ", "despite "]
WORDS += [
    "two total images ",
    "right knee and left ",
    "heart normal, ",
    "otherwise no ",
    "stable hila, ",
]
WORDS += ["<b>", "<b ", "</p>", "&amp;", "&a", "<!--", "kein ", "in der "]
WORDS += ["FINDINGS: ", "WET READ: ", "IMPRESSON: ", "CHEST, TWO VIEWS: ", "recommend ct for the "]


def read_at_any_length(text: str) -> None:
    """`read_report` without its limit on the length."""
    with mock.patch.object(report, "MAX_CHARACTERS", len(text)):
        read_report(text)


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "read_report": read_at_any_length,
    "phrase_assertion": phrase_assertion,
    "mentions": mentions,
    "states_normal": states_normal,
    "negated": negated,
    "side_swapped": side_swapped,
    "decode_report": lambda text: decode_report(
        ("a" + text.replace("\x00", " ").replace("\x01", " ")).encode()[:90_000]
    ),
}


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail after seconds of work rather than hang; a pattern that runs away still hears signals."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def seconds_of(function: Callable[[str], object], text: str) -> float:
    """Processor time of this thread, garbage collection (which grows with the process) left out."""
    gc.disable()
    try:
        begin = time.thread_time()
        function(text)
        return time.thread_time() - begin
    finally:
        gc.enable()


def grows_linearly(function: Callable[[str], object], whole: str, half: str) -> bool:
    """Whether twice the length takes about twice the time; quadratic work takes four times.

    Below a second for 100 kB nothing is asked. A busy machine only makes a try slower, so the
    quickest of some tries counts.
    """
    wholes: list[float] = []
    halves: list[float] = []
    for _ in range(5):
        wholes.append(seconds_of(function, whole))
        if min(wholes) < 1:
            return True
        halves.append(seconds_of(function, half))
        if min(wholes) < 3.3 * min(halves):
            return True
    return False


def check_linear(piece: str, end: str) -> None:
    for name, function in FUNCTIONS.items():
        whole = (piece * LENGTH)[:LENGTH] + end
        half = (piece * LENGTH)[: LENGTH // 2] + end
        with at_most(60):
            assert grows_linearly(function, whole, half), name


def test_quadratic_work_is_told_from_linear_work() -> None:
    clock = [0.0]

    def quadratic(text: str) -> None:
        clock[0] += len(text) ** 2 * 1e-6

    def linear(text: str) -> None:
        clock[0] += len(text) * 1e-2

    with mock.patch.object(time, "thread_time", side_effect=lambda: clock[0]):
        assert not grows_linearly(quadratic, "a" * 2000, "a" * 1000)
        assert grows_linearly(linear, "a" * 2000, "a" * 1000)


@pytest.mark.parametrize("piece", CLASSES)
def test_time_is_linear_in_repeats_of_one_character(piece: str) -> None:
    # What does not fit at the end makes a nested repeat try all ways to divide what stands before.
    check_linear(piece, " a")


@pytest.mark.slow
@pytest.mark.parametrize("end", ["", "\x01"])
@pytest.mark.parametrize("piece", CLASSES + MIXED + WORDS)
def test_time_is_linear_in_repeats_of_anything(piece: str, end: str) -> None:
    check_linear(piece, end)


@pytest.mark.parametrize("piece", ["_", "X", " ", "-", "no ", "effusion, ", "a:\n"])
def test_longest_report_is_read_in_seconds(piece: str) -> None:
    text = (piece * 50_000)[:50_000]
    with at_most(60):
        assert seconds_of(read_report, text) < 10


def test_archive_report_with_a_line_of_underscores_is_read_at_once() -> None:
    with at_most(20):
        assert seconds_of(read_report, ARCHIVE_REPORT) < 1
    assert [s.text for s in read_report(ARCHIVE_REPORT).sentences if s.section != "Wet read"] == [
        "AP chest compared to ___:",
        "No effusion.",
    ]


def test_case_from_an_archive_is_read_at_once() -> None:
    case = Path("../shared/cases/01-mimic-wet-read-underscore-line.txt")
    if not case.exists():
        pytest.skip("the shared cases are not here")
    with at_most(20):
        report = read_report(case.read_text())
    present = [s.text for s in report.sentences if s.assertion == "present"]
    assert present == [
        "Tiny right apical pneumothorax persists.",
        "Left lower lobe atelectasis is unchanged.",
    ]
