"""Shared by the layouts: finding which one a folder has, tables, reports, splits, missing files.

A layout is a module of this folder with `TITLE`, `evidence(folder)`, which says in a few words
what it recognises ("" for nothing), and `read_folder(folder)`. One with `GENERAL = True` is asked
only when no other recognises the folder.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

import pandas as pd
from PIL import Image, UnidentifiedImageError

from explorer import corpora, registry
from explorer.corpora._base import CorpusImage
from explorer.errors import DataSetError, ReadingError, table_remedy
from explorer.reading import decode_report

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom"})
FRONTAL_VIEWS = frozenset({"PA", "AP", "frontal"})
NO_FINDING = frozenset({"No Finding", "No finding", "normal", ""})
_ENCODINGS = ("utf-8-sig", "cp1252")

# Words of other data sets -> the words of NIH ChestX-ray14, where both mean the same.
_NIH_WORDS = {
    "Pleural Effusion": "Effusion",
    "Pleural effusion": "Effusion",
    "Pleural thickening": "Pleural_Thickening",
    "Pleural Thickening": "Pleural_Thickening",
    "Pulmonary fibrosis": "Fibrosis",
    "Pulmonary Fibrosis": "Fibrosis",
    "Pulmonary Atelectasis": "Atelectasis",
    "Pulmonary Edema": "Edema",
    "Pulmonary Emphysema": "Emphysema",
    "Hernia, Hiatal": "Hernia",
    "Opacity": "Lung Opacity",
}


class Layout(Protocol):
    """A module of this folder that reads a whole data set."""

    TITLE: str

    def evidence(self, folder: Path) -> str:
        """What of this layout the folder holds; "" when it is another."""
        ...

    def read_folder(self, folder: Path) -> tuple[CorpusImage, ...]:
        """Read every image of the data set."""
        ...


@cache
def layouts() -> dict[str, Layout]:
    """Layouts by id, sorted."""
    found: dict[str, ModuleType] = registry.discover(corpora)
    return {n: cast(Layout, m) for n, m in found.items() if hasattr(m, "read_folder")}


def read_data(folder: Path, *, layout: str | None = None) -> tuple[CorpusImage, ...]:
    """Read a data set on disk in the layout that is named, or found by its files.

    Raises:
        DataSetError: The layout is unknown, cannot be told, or its files are not complete.
    """
    name = layout or detect(folder)
    if name not in layouts():
        raise DataSetError(f"--layout must be one of {', '.join(layouts())}, got {name!r}.")
    images = layouts()[name].read_folder(folder)
    if not any(i.labelled or i.boxes or i.report for i in images):
        raise DataSetError(
            f"A data set to learn from has labels, boxes or reports, the {len(images):,} images of "
            f"{folder.name!r} have none ({name} layout). See docs/training.md for where they go."
        )
    return images


def detect(folder: Path) -> str:
    """Id of the one layout that a folder has.

    Raises:
        DataSetError: None or several recognise it.
    """
    said = {name: layout.evidence(folder) for name, layout in layouts().items()}
    special = [n for n in said if said[n] and not getattr(layouts()[n], "GENERAL", False)]
    found = special or [name for name in said if said[name]]
    if not found:
        known = "; ".join(f"{name} ({layout.TITLE})" for name, layout in layouts().items())
        raise DataSetError(
            f"{folder.name!r} has none of the known layouts: {known}. See docs/training.md, "
            '"Your own data".'
        )
    if len(found) > 1:
        seen = "; ".join(f"{name}: {said[name]}" for name in found)
        raise DataSetError(
            f"A data set has one layout, {folder.name!r} looks like several ({seen}). Say which "
            "with --layout, or give the folder of one set."
        )
    return found[0]


def split_of(patient: str) -> str:
    """Split of a patient where the data set brings none: 80 % train, 10 % val, 10 % test.

    From the first 8 hexadecimal digits of the SHA-256 of the id, so it is the same on every
    machine and all images of a patient fall together.

    >>> split_of("10000032"), split_of("7")
    ('train', 'train')
    """
    share = int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) % 100
    return "train" if share < 80 else "val" if share < 90 else "test"


def read_table(path: Path, *, needed: Iterable[str]) -> pd.DataFrame:
    """A CSV file, plain or gzip, as strings; UTF-8 or Western, any line ends.

    Raises:
        DataSetError: It cannot be read or lacks a column.
    """
    for encoding in _ENCODINGS:
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding)
            break
        except UnicodeDecodeError:
            continue
        except (OSError, ValueError, EOFError) as error:
            raise DataSetError(
                f"Cannot read the table {path.name!r} ({type(error).__name__}). It must be a CSV "
                "file with a header line; download it again."
            ) from error
    else:
        raise DataSetError(f"{path.name!r} must be text, it is not. Download it again.")
    table.columns = table.columns.str.strip()
    missing = sorted(set(needed) - set(table.columns))
    if missing:
        raise DataSetError(
            f"{path.name!r} lacks the columns {', '.join(missing)}. It must be the table as its "
            f"publisher wrote it. {table_remedy(table.columns)}"
        )
    return table


def find_table(folder: Path, stem: str) -> Path | None:
    """`stem*.csv` or `stem*.csv.gz` in a folder, the first by name."""
    found = sorted([*folder.glob(f"{stem}*.csv"), *folder.glob(f"{stem}*.csv.gz")])
    return found[0] if found else None


def read_report_text(path: Path) -> str:
    """Text of a report file in whatever encoding; "" when the file is empty.

    Raises:
        DataSetError: The file is not text.
    """
    data = path.read_bytes()
    if not data.strip():
        return ""
    try:
        return decode_report(data)
    except ReadingError as error:
        raise DataSetError(f"The report {path.name!r} cannot be read: {error}") from error


def files_by_name(folder: Path, *, suffixes: Iterable[str]) -> dict[str, list[Path]]:
    """File name without suffix -> files of these suffixes anywhere below a folder, sorted."""
    wanted, found = set(suffixes), dict[str, list[Path]]()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in wanted and path.is_file():
            found.setdefault(path.stem, []).append(path)
    return found


def only_file(name: str, found: dict[str, list[Path]]) -> Path | None:
    """The file of a name, None when there is none.

    Raises:
        DataSetError: There are several.
    """
    paths = found.get(name, [])
    if len(paths) > 1:
        raise DataSetError(
            f"A file name must be there once, {paths[0].name!r} is there {len(paths)} times "
            f"(in {paths[0].parent.name!r} and {paths[1].parent.name!r}). Remove the copies."
        )
    return paths[0] if paths else None


def check_complete(missing: Sequence[str], *, of: int, what: str, remedy: str) -> None:
    """Refuse a data set of which files are missing.

    Raises:
        DataSetError: `missing` names at least one.
    """
    if missing:
        raise DataSetError(
            f"{len(missing):,} of {of:,} {what} are missing, e.g. {missing[0]}. {remedy}"
        )


def check_distinct(names: pd.Series, *, table: str) -> None:
    """Refuse a table that names an image twice.

    Raises:
        DataSetError: It does.
    """
    again = names[names.duplicated()]
    if len(again):
        raise DataSetError(
            f"{table!r} must name each image once, {len(again):,} rows repeat one, e.g. "
            f"{again.iloc[0]}. Take the repeated rows out."
        )


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) from the header of a picture; DICOM is decoded.

    Raises:
        DataSetError: The file is not a picture.
    """
    if path.suffix.lower() in {".dcm", ".dicom"}:
        from explorer.corpora._pixels import read_pixels

        height, width = read_pixels(path).shape
        return height, width
    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except (OSError, UnidentifiedImageError) as error:
        raise DataSetError(
            f"{path.name!r} cannot be read as a picture ({type(error).__name__}). "
            "Replace the file or take it out."
        ) from error


def nih_words(labels: Iterable[str]) -> frozenset[str]:
    """Labels in the words of NIH ChestX-ray14 where it has them; "No Finding" is none.

    >>> sorted(nih_words(["Pleural Effusion", "Fracture", "No Finding"]))
    ['Effusion', 'Fracture']
    """
    stripped = (label.strip() for label in labels)
    return frozenset(_NIH_WORDS.get(label, label) for label in stripped if label not in NO_FINDING)
