"""Uploaded bytes to radiographs and studies."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np

from explorer.entities import Float32, Radiograph, Report, Study
from explorer.errors import ReadingError
from explorer.reading.decoded import Decoded
from explorer.reading.limits import check_file_count
from explorer.reading.sandbox import shared_pool
from explorer.reading.windows import show


def read_radiograph(data: bytes) -> Radiograph:
    """Read one DICOM, PNG, JPEG or TIFF file, decoded in a limited child process.

    Args:
        data: The whole file; its kind is found by content.

    Returns:
        The radiograph as the file's first window shows it, bright = dense.

    Raises:
        UnsupportedFileError: Not a radiograph, or not a format that is read.
        DamagedFileError: Broken, or the decoder did not survive it.
        LimitExceededError: Too large; found out before decoding.
    """
    return to_radiograph(shared_pool().decode(data))


def read_files(files: Sequence[bytes]) -> tuple[Radiograph | ReadingError, ...]:
    """Read several files at once; each gives its radiograph or its error, in order.

    Raises:
        ReadingError: There are no files or too many.
    """
    check_file_count(len(files))
    with ThreadPoolExecutor(max_workers=shared_pool().size) as executor:
        return tuple(executor.map(_read_or_error, files))


def read_study(files: Sequence[bytes], *, report: str | None = None) -> Study:
    """Read the files and the report of one examination.

    A file that cannot be read does not cost the others: its error becomes a note of the first
    radiograph. The same image twice is kept once.

    Raises:
        ReadingError: No file can be read; with one file its own error.
        ReportError: The report is too long.
    """
    outcomes = read_files(files)
    radiographs: dict[str, Radiograph] = {}
    lost: list[tuple[int, ReadingError]] = []
    for number, outcome in enumerate(outcomes, start=1):
        if isinstance(outcome, ReadingError):
            lost.append((number, outcome))
        else:
            radiographs.setdefault(outcome.digest, outcome)
    if not radiographs:
        raise _nothing_read(lost)
    kept = list(radiographs.values())
    notes = tuple(f"File {number} of {len(files)} was left out. {error}" for number, error in lost)
    kept[0] = replace(kept[0], notes=kept[0].notes + notes)
    return make_study(kept, report=_parse_report(report) if report is not None else None)


def make_study(radiographs: Sequence[Radiograph], *, report: Report | None = None) -> Study:
    """Join radiographs and a report into a study named by the digest of its content."""
    identity = hashlib.sha256()
    for radiograph in radiographs:
        identity.update(radiograph.digest.encode())
    if report is not None:
        identity.update(b"report")
        identity.update(report.text.encode("utf-8", "surrogatepass"))
    return Study(identity.hexdigest()[:32], tuple(radiographs), report)


def to_radiograph(decoded: Decoded) -> Radiograph:
    """Show decoded levels through the first window and name the result by its digest."""
    pixels = show(
        decoded.levels,
        decoded.windows[0],
        slope=decoded.level_slope,
        intercept=decoded.level_intercept,
        inverted=decoded.inverted,
        valid=decoded.valid,
    )
    facts = {field.name: getattr(decoded, field.name) for field in fields(Decoded)}
    return Radiograph(pixels=pixels, digest=pixel_digest(pixels), **facts)


def pixel_digest(pixels: Float32) -> str:
    """sha256 of shape and shown pixels, as 64 hexadecimal digits."""
    digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}".encode())
    digest.update(np.ascontiguousarray(pixels, dtype="<f4").data)
    return digest.hexdigest()


def _read_or_error(data: bytes) -> Radiograph | ReadingError:
    try:
        return read_radiograph(data)
    except ReadingError as error:
        return error


def _nothing_read(lost: Sequence[tuple[int, ReadingError]]) -> ReadingError:
    if len(lost) == 1:
        return lost[0][1]
    kinds = {type(error) for _, error in lost}
    kind = kinds.pop() if len(kinds) == 1 else ReadingError
    told = " ".join(f"File {number}: {error}" for number, error in lost)
    return kind(f"None of the {len(lost)} files can be read. {told}")


def _parse_report(text: str) -> Report:
    # Imported here because the decoding child imports this package and never needs reports.
    from explorer.text import read_report

    return read_report(text)
