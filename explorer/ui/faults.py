"""Errors put into words for a person, and into the log without anything that was uploaded."""

import logging
import secrets
import traceback
from pathlib import Path

from explorer.errors import (
    CheckpointError,
    DamagedFileError,
    DataSetError,
    DecoderStoppedError,
    ExplorerError,
    LimitExceededError,
    NotARadiographError,
    PhraseError,
    PrototypeError,
    ReportError,
    RetrievalError,
    UnsupportedFileError,
)

_LOG = logging.getLogger("explorer.ui")
_TITLES: dict[type[ExplorerError], str] = {
    UnsupportedFileError: "This file cannot be read here",
    DamagedFileError: "This file is damaged",
    DecoderStoppedError: "Reading was stopped",
    LimitExceededError: "This is more than can be read",
    ReportError: "The report could not be used",
    PhraseError: "This phrase cannot be grounded",
    NotARadiographError: "This does not look like a chest radiograph",
    CheckpointError: "The checkpoint could not be loaded",
    RetrievalError: "The index cannot be searched like this",
    DataSetError: "The data set or run cannot be used",
    PrototypeError: "This cannot be clustered or compared",
}


def title_of(error: Exception) -> str:
    """Name an error in a few words, the most specific class first.

    >>> title_of(DamagedFileError("..."))
    'This file is damaged'
    """
    for kind in type(error).__mro__:
        if kind in _TITLES:
            return _TITLES[kind]
    return "Something went wrong"


def explain(error: Exception) -> str:
    """Return the sentence for the person; an unexpected error gives its number only.

    The message of an unexpected error may quote what was uploaded, so neither the page nor the
    log gets it: the log holds the kind of error and the places in the code.
    """
    if isinstance(error, ExplorerError):
        return str(error)
    number = secrets.token_hex(4)
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)[-8:])
    )
    _LOG.error("Unexpected error %s: %s at %s", number, type(error).__name__, places)
    return (
        f"This is a fault of the program, not of your input (number {number}). Nothing you "
        "entered is lost. Try again; if it comes back, report the number and what you did."
    )
