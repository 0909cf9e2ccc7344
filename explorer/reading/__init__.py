"""Bytes to studies: decoding, display order and limits."""

from explorer.reading.report_file import decode_report
from explorer.reading.righted import invert, suggests_inversion, turn
from explorer.reading.sandbox import warm_up
from explorer.reading.study import make_study, read_files, read_radiograph, read_study
from explorer.reading.study_token import study_token

__all__ = [
    "decode_report",
    "invert",
    "make_study",
    "read_files",
    "read_radiograph",
    "read_study",
    "study_token",
    "suggests_inversion",
    "turn",
    "warm_up",
]
