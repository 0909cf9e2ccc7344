"""Chosen files become a study: films and report told apart by content, what is unusable named."""

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.entities import Radiograph, Report
from explorer.errors import ExplorerError, ReadingError, UnsupportedFileError
from explorer.ui.door import pipeline
from explorer.ui.loaded import LoadedStudy
from explorer.ui.state import File, Problem
from explorer.ui.wording import count

TITLE = "Your study"


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of an upload.

    Attributes:
        study: None when no radiograph could be read.
        report: Text of a report that came without a radiograph.
        problems: What could not be used.
    """

    study: LoadedStudy | None
    report: str | None
    problems: tuple[Problem, ...]


def read_upload(files: Sequence[File], *, joined_to: LoadedStudy | None = None) -> Opened:
    """Read what was chosen.

    Args:
        files: Radiographs and at most one report, in any order.
        joined_to: The study whose films and report the new ones are added to; None opens another.
    """
    problems: list[Problem] = []
    films, texts = _read_files(files, problems)
    report = _read_report(texts, problems)
    if not films and joined_to is None:
        return Opened(None, report.text if report else None, tuple(problems))
    if joined_to is not None:
        known = list(zip(joined_to.labels, joined_to.study.radiographs, strict=True))
        digests = {film.digest for _, film in known}
        films = [*known, *((name, film) for name, film in films if film.digest not in digests)]
        report = report or joined_to.study.report
    study = pipeline.make_study([film for _, film in films], report=report)
    loaded = LoadedStudy(
        study=study, origin="upload", title=TITLE, labels=tuple(name for name, _ in films)
    )
    return Opened(loaded, None, tuple(problems))


def _read_files(
    files: Sequence[File], problems: list[Problem]
) -> tuple[list[tuple[str, Radiograph]], list[tuple[str, str]]]:
    """Return the readable radiographs with their file names, each image once, and the texts."""
    try:
        outcomes = pipeline.read_files([file.data for file in files])
    except ReadingError as error:
        problems.append(Problem.of(error, about=count(len(files), "file")))
        return [], []
    films: dict[str, tuple[str, Radiograph]] = {}
    texts: list[tuple[str, str]] = []
    for file, outcome in zip(files, outcomes, strict=True):
        if isinstance(outcome, Radiograph):
            films.setdefault(outcome.digest, (file.name, outcome))
        elif isinstance(outcome, UnsupportedFileError) and (text := _as_text(file)) is not None:
            texts.append((file.name, text))
        else:
            problems.append(Problem.of(outcome, about=file.name))
    return list(films.values()), texts


def _as_text(file: File) -> str | None:
    """Text of a file that is no image, or None when it is no text either."""
    try:
        return pipeline.read_report_file(file.data)
    except ExplorerError:
        return None


def _read_report(texts: Sequence[tuple[str, str]], problems: list[Problem]) -> Report | None:
    if len(texts) > 1:
        problems.append(
            Problem(
                about=count(len(texts), "report"),
                title="Which report is it?",
                message="A study has one report. None of these was used; open the one that "
                "belongs to this study.",
            )
        )
        return None
    for name, text in texts:
        try:
            return pipeline.read_report(text)
        except ExplorerError as error:
            problems.append(Problem.of(error, about=name))
    return None
