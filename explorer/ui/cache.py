"""The old address of what is now in `engines`, `encoded`, `grounded`, `exports` and `shelf`.

Kept for one step only, so that pages can move to the new addresses one by one.
"""

from collections.abc import Sequence

from explorer.entities import Radiograph, Report, Study
from explorer.errors import ReadingError
from explorer.ui import encoded
from explorer.ui.door import pipeline
from explorer.ui.encoded import Encoded, encode, latencies
from explorer.ui.engines import (
    broken_checkpoints,
    checkpoints,
    engine,
    engine_key,
    loaded_engines,
    unload,
    warm_up,
)
from explorer.ui.exports import as_figure, as_json
from explorer.ui.grounded import Grounded, Share, assertion_of, ground, ground_report, word_shares
from explorer.ui.sharing import turn
from explorer.ui.shelf import bundled, bundled_thumbnail, shelf, thumbnail

__all__ = [
    "Encoded",
    "Grounded",
    "Share",
    "as_figure",
    "as_json",
    "assertion_of",
    "broken_checkpoints",
    "bundled",
    "bundled_thumbnail",
    "checkpoints",
    "decode_report",
    "encode",
    "engine",
    "engine_key",
    "ground",
    "ground_report",
    "latencies",
    "loaded_engines",
    "make_study",
    "null_peaks",
    "read_files",
    "read_report",
    "shelf",
    "thumbnail",
    "turn",
    "unload",
    "warm_up",
    "word_shares",
]


def read_files(files: Sequence[bytes]) -> tuple[Radiograph | ReadingError, ...]:
    """Call `pipeline.read_files`."""
    return tuple(pipeline.read_files(files))


def make_study(radiographs: Sequence[Radiograph], report: Report | None) -> Study:
    """Call `pipeline.make_study`."""
    return pipeline.make_study(radiographs, report=report)


def read_report(text: str) -> Report:
    """Call `pipeline.read_report`."""
    return pipeline.read_report(text)


def decode_report(data: bytes) -> str:
    """Call `pipeline.read_report_file`."""
    return pipeline.read_report_file(data)


def null_peaks(loaded, found, _radiograph):  # type: ignore[no-untyped-def]
    """Call `encoded.null_peaks`."""
    return encoded.null_peaks(loaded, found)
