"""Bytes to studies: decoding, display order and limits."""

from explorer.reading.report_file import decode_report
from explorer.reading.sandbox import warm_up
from explorer.reading.study import (
    invert,
    make_study,
    read_files,
    read_radiograph,
    read_study,
    suggests_inversion,
)

__all__ = [
    "decode_report",
    "invert",
    "make_study",
    "read_files",
    "read_radiograph",
    "read_study",
    "suggests_inversion",
    "warm_up",
]
