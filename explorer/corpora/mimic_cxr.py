"""MIMIC-CXR-JPG with the reports of MIMIC-CXR, as PhysioNet packs them.

mimic-cxr-2.0.0-{metadata,split,chexpert}.csv(.gz), pictures in files/p10/p10000032/s50414267/
<dicom_id>.jpg, reports as s50414267.txt in the folder of their patient: below files/, or below
mimic-cxr-reports/ (with or without files/), or below reports/. Johnson et al., 2019.
"""

from pathlib import Path

import pandas as pd

from explorer.corpora._base import CorpusImage
from explorer.corpora.layouts import (
    check_complete,
    check_distinct,
    nih_words,
    read_report_text,
    read_table,
    split_of,
)
from explorer.errors import DataSetError

TITLE = "MIMIC-CXR-JPG: mimic-cxr-2.0.0-metadata.csv(.gz) and files/p1*/"
_STEM = "mimic-cxr-2"
_SPLITS = {"train": "train", "validate": "val", "test": "test"}
_REPORT_FOLDERS = ("files", "mimic-cxr-reports/files", "mimic-cxr-reports", "reports")


def evidence(folder: Path) -> str:
    """The table of metadata."""
    table = _table(folder, "metadata")
    return table.name if table else ""


def read_folder(folder: Path) -> tuple[CorpusImage, ...]:
    """Read all images with view, labels, split and report.

    A label of -1 is uncertain, 0 and blank are absent. Without the split table patients are split
    by `split_of`; without the label table only reports speak.

    Raises:
        DataSetError: The metadata is missing, a table is broken, or pictures are missing.
    """
    table, table_name = _metadata(folder)
    splits, labels = _splits(folder), _labels(folder)
    reports: dict[str, str] = {}
    images = []
    for row in table.to_dict("records"):
        patient, study = _number(row["subject_id"]), _number(row["study_id"])
        place = Path(f"p{patient[:2]}") / f"p{patient}"
        if study not in reports:
            reports[study] = _report(folder, place, study)
        present, uncertain = labels.get(study, (None, frozenset[str]()))
        images.append(
            CorpusImage(
                path=folder / "files" / place / f"s{study}" / f"{row['dicom_id']}.jpg",
                size=_size(row),
                split=_split(splits, str(row["dicom_id"]), patient, table=table_name),
                source="MIMIC-CXR",
                patient=patient,
                view=row["ViewPosition"].strip() or "unknown",
                findings=present or frozenset(),
                labelled=present is not None,
                boxes=(),
                uncertain=uncertain,
                report=reports[study],
                study=study,
            )
        )
    check_complete(
        [image.path.name for image in images if not image.path.is_file()],
        of=len(images),
        what="pictures",
        remedy=f"Download files/ whole, or keep only the rows of {table_name} whose pictures are "
        "there.",
    )
    return tuple(images)


def _metadata(folder: Path) -> tuple[pd.DataFrame, str]:
    """One row an image, and the name of the file."""
    path = _table(folder, "metadata")
    if path is None:
        raise DataSetError(
            f"{folder.name!r} must hold mimic-cxr-2.0.0-metadata.csv or .csv.gz, it does not. Copy "
            "it there."
        )
    table = read_table(path, needed=("dicom_id", "subject_id", "study_id", "ViewPosition"))
    check_distinct(table["dicom_id"], table=path.name)
    return table, path.name


def _table(folder: Path, name: str) -> Path | None:
    found = [p for p in sorted(folder.glob(f"{_STEM}*-{name}.csv*")) if p.suffix in (".csv", ".gz")]
    return found[0] if found else None


def _splits(folder: Path) -> dict[str, str] | None:
    path = _table(folder, "split")
    if path is None:
        return None
    table = read_table(path, needed=("dicom_id", "split"))
    strange = sorted(set(table["split"]) - set(_SPLITS))
    if strange:
        raise DataSetError(
            f"A split of {path.name!r} must be train, validate or test, got {strange[0]!r}."
        )
    return dict(zip(table["dicom_id"], table["split"].map(_SPLITS), strict=True))


def _split(splits: dict[str, str] | None, image: str, patient: str, *, table: str) -> str:
    if splits is None:
        return split_of(patient)
    if image not in splits:
        raise DataSetError(
            f"The split table must name every image of {table!r}, it lacks {image}. Use tables of "
            "one version, or remove the split table: patients are then split by their id."
        )
    return splits[image]


def _labels(folder: Path) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Study -> labels present, labels uncertain."""
    path = _table(folder, "chexpert") or _table(folder, "negbio")
    if path is None:
        return {}
    table = read_table(path, needed=("subject_id", "study_id"))
    names = [name for name in table.columns if name not in ("subject_id", "study_id")]
    values = table[names].apply(pd.to_numeric, errors="coerce")
    found = {}
    for study, row in zip(table["study_id"], values.to_numpy(), strict=True):
        present = nih_words(n for n, v in zip(names, row, strict=True) if v == 1)
        uncertain = nih_words(n for n, v in zip(names, row, strict=True) if v == -1)
        found[_number(study)] = (present, uncertain)
    return found


def _report(folder: Path, place: Path, study: str) -> str:
    for below in _REPORT_FOLDERS:
        path = folder / below / place / f"s{study}.txt"
        if path.is_file():
            return read_report_text(path)
    return ""


def _number(text: object) -> str:
    """An id without the ".0" that a spreadsheet adds and the letter that some tables have.

    >>> _number("10000032.0"), _number("s50414267")
    ('10000032', '50414267')
    """
    return str(text).strip().removesuffix(".0").lstrip("ps")


def _size(row: dict[str, str]) -> tuple[int, int]:
    try:
        return int(float(row.get("Rows", 0))), int(float(row.get("Columns", 0)))
    except ValueError:
        return 0, 0
