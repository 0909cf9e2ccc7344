"""Errors meant for people: every one says the rule, the value that broke it and the remedy.

    ExplorerError
    ├── ReadingError            an upload cannot become a study
    │   ├── UnsupportedFileError    not a format, modality or photometric that is read here
    │   ├── DamagedFileError        the right kind of file, but broken
    │   ├── LimitExceededError      too many bytes, pixels, frames or characters
    │   └── DecoderStoppedError     the process that decodes was ended twice; the file may be sound
    ├── ReportError             the report text cannot be used
    ├── CheckpointError         a checkpoint folder cannot be loaded
    ├── PhraseError             a phrase cannot be grounded
    ├── NotARadiographError     the image is refused by the image check
    ├── DataSetError            a data set on disk does not follow its layout
    ├── TrainingError           a training cannot go on
    ├── RetrievalError          an index cannot be opened, written or searched
    │   └── ClusterError            machines that should share the work cannot be reached
    └── PrototypeError          points cannot be clustered, or a prototype cannot be edited

A message never holds pixel data, report text or anything that identifies a patient.
"""

from collections.abc import Iterable


class ExplorerError(Exception):
    """Base of all errors whose message may be shown to a person as it is."""


class ReadingError(ExplorerError):
    """An uploaded file cannot become a study."""


class UnsupportedFileError(ReadingError):
    """The file is not of a kind that is read here."""


class DamagedFileError(ReadingError):
    """The file is of a known kind but its content is broken."""


class LimitExceededError(ReadingError):
    """The file asks for more bytes, pixels, frames or characters than are allowed."""


class DecoderStoppedError(ReadingError):
    """The process that decodes was ended while it read the file; the file may be sound."""


class ReportError(ExplorerError):
    """The report text cannot be used."""


class CheckpointError(ExplorerError):
    """A checkpoint folder is missing a file, holds a wrong one, or fails its hash."""


class PhraseError(ExplorerError):
    """A phrase is empty or too long to be grounded."""


class NotARadiographError(ExplorerError):
    """The image does not look like a frontal chest radiograph."""


class DataSetError(ExplorerError):
    """A data set on disk does not follow the layout its reader expects."""


class TrainingError(ExplorerError):
    """A training cannot start or go on: its numbers, or its processes, do not allow it."""


class RetrievalError(ExplorerError):
    """An index cannot be opened, written or searched."""


class ClusterError(RetrievalError):
    """A cluster that should share the work of an index cannot be reached, or loses it."""


class PrototypeError(ExplorerError):
    """Points cannot be clustered as asked, or there is no such prototype to show or edit."""


def table_remedy(columns: Iterable[object]) -> str:
    """What to do about a table whose header holds other columns than are needed.

    >>> table_remedy(["path;split;patient"])
    'Its columns are separated by semicolons or tabs: save it with commas.'
    """
    if any(mark in str(column) for column in columns for mark in ";\t"):
        return "Its columns are separated by semicolons or tabs: save it with commas."
    return "Name them in its first line."
