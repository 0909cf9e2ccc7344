"""Uploaded files and a report text become a study; what is unusable is named, the rest is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.entities import Radiograph, Report
from explorer.errors import ExplorerError, ReadingError
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
    films = _read_films(files, problems)
    if not films:
        return None, tuple(problems)
    report = _read_report(typed_report, report_file, problems)
    study = cache.make_study([film for _, film in films], report)
    labels = tuple(_label(name, film, i) for i, (name, film) in enumerate(films))
    loaded = LoadedStudy(study=study, origin="upload", title="Your files", labels=labels)
    return loaded, tuple(problems)


def _read_films(files: Sequence[File], problems: list[Problem]) -> list[tuple[str, Radiograph]]:
    """Return the readable radiographs with their file names, each image once."""
    try:
        outcomes = cache.read_files([file.data for file in files])
    except ReadingError as error:
        problems.append(Problem.of(error, about=count(len(files), "file")))
        return []
    films: dict[str, tuple[str, Radiograph]] = {}
    for file, outcome in zip(files, outcomes, strict=True):
        if isinstance(outcome, ReadingError):
            problems.append(Problem.of(outcome, about=file.name))
        else:
            films.setdefault(outcome.digest, (file.name, outcome))
    return list(films.values())


def _read_report(typed: str, file: File | None, problems: list[Problem]) -> Report | None:
    about = "Report" if typed.strip() or file is None else file.name
    try:
        text = typed if typed.strip() or file is None else cache.decode_report(file.data)
        return cache.read_report(text) if text.strip() else None
    except ExplorerError as error:
        problems.append(Problem.of(error, about=about))
        return None


def _label(name: str, film: Radiograph, index: int) -> str:
    view = "" if film.view_position == "unknown" else f", {film.view_position}"
    return f"{index + 1}: {name}{view}"
