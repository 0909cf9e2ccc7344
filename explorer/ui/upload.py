"""Uploaded files and a report text become a study; what is unusable is named, the rest is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.entities import Radiograph, Study
from explorer.errors import ExplorerError, ReadingError, ReportError
from explorer.ui import cache
from explorer.ui.state import LoadedStudy, Problem
from explorer.ui.wording import count


@dataclass(frozen=True, slots=True)
class File:
    """One uploaded file; `name` is shown to the person and goes nowhere else."""

    name: str
    data: bytes


def read_upload(
    files: Sequence[File], *, typed_report: str = "", report_file: File | None = None
) -> tuple[LoadedStudy | None, tuple[Problem, ...]]:
    """Read what was uploaded.

    Args:
        files: Radiographs, in any order.
        typed_report: Text of the report; goes before a file when both are given.
        report_file: A text file with the report.

    Returns:
        The study, or None when no radiograph could be read; and what could not be used.
    """
    problems: list[Problem] = []
    if not files:
        problems.append(
            Problem(
                about="",
                title="A radiograph is missing",
                message="Grounding needs at least one radiograph, got none. Choose a DICOM, PNG, "
                "JPEG or TIFF file.",
            )
        )
        return None, tuple(problems)
    report = typed_report if typed_report.strip() else _decoded(report_file, problems)
    study, kept = _read(list(files), report, problems)
    if study is None:
        return None, tuple(problems)
    labels = tuple(_label(film, kept, i) for i, film in enumerate(study.radiographs))
    loaded = LoadedStudy(study=study, origin="upload", title="Your files", labels=labels)
    return loaded, tuple(problems)


def _decoded(file: File | None, problems: list[Problem]) -> str | None:
    if file is None:
        return None
    try:
        return cache.decode_report(file.data)
    except ExplorerError as error:
        problems.append(Problem.of(error, about=file.name))
        return None


def _read(
    files: list[File], report: str | None, problems: list[Problem]
) -> tuple[Study | None, list[File]]:
    """Read all at once; when that fails find out which file is to blame and leave it out."""
    try:
        return cache.read_study([file.data for file in files], report), files
    except ReportError as error:
        problems.append(Problem.of(error, about="Report"))
        return _read(files, None, problems)
    except ReadingError as error:
        if len(files) == 1:
            problems.append(Problem.of(error, about=files[0].name))
            return None, []
        good = [file for file in files if _is_readable(file, problems)]
        if len(good) == len(files):
            problems.append(Problem.of(error, about=count(len(files), "file")))
            return None, []
        return _read(good, report, problems) if good else (None, [])


def _is_readable(file: File, problems: list[Problem]) -> bool:
    try:
        cache.read_study([file.data], None)
    except ReadingError as error:
        problems.append(Problem.of(error, about=file.name))
        return False
    return True


def _label(film: Radiograph, files: Sequence[File], index: int) -> str:
    name = files[index].name if index < len(files) else f"Radiograph {index + 1}"
    view = "" if film.view_position == "unknown" else f", {film.view_position}"
    return f"{index + 1}: {name}{view}"
