"""The decoding child: reads one file after another from its input and answers with levels.

It is started as `python -m explorer.reading.worker`, limits itself before the first file and
ends when the parent closes the pipe. Nothing it prints leaves it.
"""

import logging
import math
import os
import sys
import warnings
from typing import BinaryIO

import pydicom.config

from explorer.errors import DamagedFileError, LimitExceededError, ReadingError
from explorer.reading.decoded import READY, Decoded, read_request, write_answer
from explorer.reading.dicom import decode_dicom
from explorer.reading.limits import (
    CHILD_CPU_SECONDS,
    CHILD_MEMORY_BYTES,
    CHILD_OPEN_FILES,
    check_file_size,
)
from explorer.reading.raster import decode_raster
from explorer.reading.sniff import sniff


def decode(data: bytes) -> Decoded:
    """Decode one file of any kind that is read here.

    Raises:
        ReadingError: With the sentence for the person.
    """
    check_file_size(len(data))
    kind = sniff(data)
    if kind in ("dicom", "dicom without preamble"):
        return decode_dicom(data)
    return decode_raster(data, kind=kind)


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    requests, answers = _take_over_pipes()
    _be_silent()
    _limit_memory_and_files()
    answers.write(READY)
    answers.flush()
    while (data := read_request(requests)) is not None:
        _renew_time_limit()
        write_answer(answers, _answer(data))
        del data


def _answer(data: bytes) -> Decoded | ReadingError:
    try:
        return decode(data)
    except ReadingError as error:
        return error
    except MemoryError:
        return LimitExceededError(
            f"Decoding may take at most {CHILD_MEMORY_BYTES / 1024**3:.0f} GB of memory, this "
            "file needs more. Upload a smaller version."
        )
    except Exception:  # noqa: BLE001 - whatever a decoder raises on bad bytes means a bad file
        return DamagedFileError(
            "The file must be decodable, the decoder gave up on this one. "
            "Export or download it again."
        )


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes and point standard input and output to nothing.

    Decoders written in C print to standard output; there it would garble the answers.
    """
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=1024**2)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    return requests, answers


def _be_silent() -> None:
    """Warnings and logs of the libraries quote element values: none may leave."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def _limit_memory_and_files() -> None:
    if sys.platform == "win32":
        return
    import resource

    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_FSIZE, 0)
    _set_limit(resource.RLIMIT_NOFILE, CHILD_OPEN_FILES)
    if sys.platform == "linux":  # macOS accepts the limit and does not keep it
        _set_limit(resource.RLIMIT_AS, CHILD_MEMORY_BYTES)


def _renew_time_limit() -> None:
    """Allow `CHILD_CPU_SECONDS` more from now on; the system ends the child beyond."""
    if sys.platform == "win32":
        return
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = math.ceil(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = used + CHILD_CPU_SECONDS
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _set_limit(kind: int, value: int) -> None:
    import resource

    _, hard = resource.getrlimit(kind)
    limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()
