"""Any folder as examinations: study folders, a known layout, or a tree of images and nothing else.

An index wants every film there is, so images without labels or reports are welcome here, and a
file that cannot be read costs only itself: nothing is decoded yet.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.corpora._base import CorpusImage
from explorer.corpora.layouts import IMAGE_SUFFIXES, NO_FINDING, detect, layouts, read_report_text
from explorer.errors import DataSetError
from explorer.reading import study_token

REPORT_FILE, TRUTH_FILE = "report.txt", "truth.json"
STUDY_FOLDERS, IMAGE_TREE = "study folders", "images"
MOST_FILMS = 16  # of one examination
_MAGIC_AT, _MAGIC = 128, b"DICM"


@dataclass(frozen=True, slots=True)
class CorpusStudy:
    """One examination on disk, with what its data set says of it.

    Attributes:
        paths: Its image files.
        report: "" where there is none.
        findings: In the words of the data set.
        labelled: Whether `findings` is known.
        view: "" where nothing says.
        age, sex: As the data set gives them; "" where it does not.
        source: Name of the data set's layout.
    """

    paths: tuple[Path, ...]
    report: str = ""
    findings: frozenset[str] = frozenset()
    labelled: bool = False
    view: str = ""
    age: str = ""
    sex: str = ""
    source: str = IMAGE_TREE


def read_studies(folder: Path, *, layout: str | None = None) -> tuple[CorpusStudy, ...]:
    """Every examination below a folder, in order of its paths.

    Args:
        folder: Study folders (`report.txt` or `truth.json` beside the images), a layout that
            `explorer train` knows, or any tree of images; DICOM files need no suffix.
        layout: Id of the layout, or "study folders" or "images"; found by the files when None.

    Raises:
        DataSetError: There is no image, the layout is unknown, or its tables are not complete.
    """
    name = layout or _detect(folder)
    if name == STUDY_FOLDERS:
        found = _study_folders(folder)
    elif name == IMAGE_TREE:
        found = _examinations(_images(folder.rglob("*")))
    elif name in layouts():
        found = _grouped(layouts()[name].read_folder(folder), source=name)
    else:
        known = ", ".join([*layouts(), STUDY_FOLDERS, IMAGE_TREE])
        raise DataSetError(f"--layout must be one of {known}, got {name!r}.")
    if not found:
        raise DataSetError(
            f"A corpus needs at least one image ({', '.join(sorted(IMAGE_SUFFIXES))}, or DICOM "
            f"without a suffix), {folder.name!r} has none."
        )
    return found


def _examinations(paths: Sequence[Path]) -> tuple[CorpusStudy, ...]:
    """Films whose DICOM headers name one examination together, in order of their first path."""
    groups: dict[str, list[Path]] = {}
    for path in paths:
        groups.setdefault(study_token(path) or str(path), []).append(path)
    found = []
    for group in groups.values():
        if len(group) > MOST_FILMS:  # one name for all is a slip of who took the names away
            found += [CorpusStudy(paths=(path,)) for path in group]
        else:
            found.append(CorpusStudy(paths=tuple(group)))
    return tuple(sorted(found, key=lambda study: study.paths[0]))


def _detect(folder: Path) -> str:
    if any(_is_study_folder(path.parent) for path in _said_beside(folder)):
        return STUDY_FOLDERS
    if any(layout.evidence(folder) for layout in layouts().values()):
        return detect(folder)
    return IMAGE_TREE


def _said_beside(folder: Path) -> Iterable[Path]:
    yield from folder.rglob(REPORT_FILE)
    yield from folder.rglob(TRUTH_FILE)


def _is_study_folder(folder: Path) -> bool:
    """Whether the report belongs to the folder: no image is named like it."""
    images = _images(folder.iterdir())
    return bool(images) and all(path.stem != Path(REPORT_FILE).stem for path in images)


def _study_folders(folder: Path) -> tuple[CorpusStudy, ...]:
    """Study folders, and films that lie outside of all of them: those have no report."""
    parents = {path.parent for path in _said_beside(folder)}
    places = {parent for parent in parents if _is_study_folder(parent)}
    loose = [path for path in _images(folder.rglob("*")) if places.isdisjoint(path.parents)]
    found = [_read_study_folder(place) for place in places]
    found += [replace(study, source=STUDY_FOLDERS) for study in _examinations(loose)]
    return tuple(sorted(found, key=lambda study: study.paths[0]))


def _read_study_folder(folder: Path) -> CorpusStudy:
    report = folder / REPORT_FILE
    study = CorpusStudy(
        paths=tuple(_images(folder.iterdir())),
        report=read_report_text(report) if report.is_file() else "",
        source=STUDY_FOLDERS,
    )
    truth = folder / TRUTH_FILE
    if not truth.is_file():
        return study
    try:
        data = json.loads(truth.read_text(encoding="utf-8"))
        placed = [str(f["name"]) for f in data.get("findings", [])]
        names = frozenset(placed or [str(box["label"]) for box in data.get("boxes", [])])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataSetError(
            f"{TRUTH_FILE} of the study folder {folder.name!r} cannot be read "
            f"({type(error).__name__}). Delete the file or write it again."
        ) from error
    return replace(study, findings=names, labelled=True, source="phantoms")


def _grouped(images: Sequence[CorpusImage], *, source: str) -> tuple[CorpusStudy, ...]:
    """Images of one examination together; those without an examination each alone."""
    groups: dict[object, list[CorpusImage]] = {}
    for image in images:
        groups.setdefault(image.study or image.path, []).append(image)
    return tuple(
        CorpusStudy(
            paths=tuple(image.path for image in group),
            report=next((image.report for image in group if image.report), ""),
            findings=frozenset().union(*(image.findings for image in group)) - NO_FINDING,
            labelled=any(image.labelled for image in group),
            view=group[0].view,
            age=group[0].age,
            sex=group[0].sex,
            source=source,
        )
        for group in groups.values()
    )


def _images(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if _is_image(path))


def _is_image(path: Path) -> bool:
    if path.name.startswith(".") or not path.is_file():
        return False
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    # DICOM files are often numbered, or named by a UID whose end looks like a suffix.
    if path.suffix and not path.suffix[1:].isdigit():
        return False
    try:
        with path.open("rb") as file:
            file.seek(_MAGIC_AT)
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False
