"""Any folder of radiographs: reports as .txt of the same name, labels.csv and boxes.csv beside.

An image `a/b/x.png` has its report in `a/b/x.txt`, or in the one `x.txt` anywhere below. Tables are
optional. labels.csv: path (relative, or the file name), and any of findings (joined by a vertical
bar; empty = unknown), patient, split (train, val, test), view. boxes.csv: path, label, x, y, w, h
in pixels of the file, and reader.
"""

from collections import defaultdict
from pathlib import Path

import pandas as pd

from explorer.corpora._base import CorpusImage, LabelledBox
from explorer.corpora._boxes import OWN_PIXELS, box_inside
from explorer.corpora.layouts import (
    IMAGE_SUFFIXES,
    check_complete,
    check_distinct,
    files_by_name,
    image_size,
    nih_words,
    read_report_text,
    read_table,
    split_of,
)
from explorer.errors import DataSetError

TITLE = "a folder of images with .txt reports, labels.csv or boxes.csv"
GENERAL = True
_LABELS, _BOXES = "labels.csv", "boxes.csv"
_SPLITS = frozenset({"train", "val", "test"})


def evidence(folder: Path) -> str:
    """Images, and at least one report or table."""
    images = any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.rglob("*"))
    words = any((folder / name).is_file() for name in (_LABELS, _BOXES))
    return "images with reports or tables" if images and (words or _texts(folder)) else ""


def read_folder(folder: Path) -> tuple[CorpusImage, ...]:
    """Read every image; without a patient column each image is a patient of its own.

    Raises:
        DataSetError: There is no image, a table is broken or names images that are not there.
    """
    found = files_by_name(folder, suffixes=IMAGE_SUFFIXES)
    paths = sorted(path for same in found.values() for path in same)
    if not paths:
        raise DataSetError(
            f"{folder.name!r} must hold images ({', '.join(sorted(IMAGE_SUFFIXES))}), it holds "
            "none."
        )
    labels, boxes = _read_labels(folder, paths), _read_boxes(folder, paths)
    texts = _texts(folder)
    images = []
    for path in paths:
        row = labels.get(path, {})
        drawn = tuple(boxes.get(path, ()))
        name = path.relative_to(folder).with_suffix("").as_posix()
        patient = row.get("patient", "").strip() or name
        report = _report_of(path, texts, alone=len(found[path.stem]) == 1)
        findings = row.get("findings", "").strip()
        images.append(
            CorpusImage(
                path=path,
                size=image_size(path) if drawn else (0, 0),
                split=_split(row, patient),
                source=folder.name,
                patient=patient,
                view=row.get("view", "").strip() or "frontal",
                findings=nih_words(findings.split("|")),
                labelled=bool(findings),
                boxes=drawn,
                report=read_report_text(report) if report else "",
                study=(report or path).relative_to(folder).with_suffix("").as_posix(),
            )
        )
    return tuple(images)


def _texts(folder: Path) -> dict[str, list[Path]]:
    images = files_by_name(folder, suffixes=IMAGE_SUFFIXES)
    texts = files_by_name(folder, suffixes=(".txt",))
    return {stem: same for stem, same in texts.items() if stem in images}


def _report_of(path: Path, texts: dict[str, list[Path]], *, alone: bool) -> Path | None:
    """The report beside the image, else the only one of its name if the image is the only one."""
    same = texts.get(path.stem, [])
    beside = [text for text in same if text.parent == path.parent]
    if beside or not same:
        return beside[0] if beside else None
    if len(same) > 1 or not alone:
        raise DataSetError(
            f"A report belongs to one image, {path.stem!r} is the name of several images or "
            "reports in different folders. Put each report beside its image."
        )
    return same[0]


def _split(row: dict[str, str], patient: str) -> str:
    said = row.get("split", "").strip().lower()
    if said and said not in _SPLITS:
        raise DataSetError(f"A split of {_LABELS!r} must be train, val or test, got {said!r}.")
    return said or split_of(patient)


def _read_labels(folder: Path, paths: list[Path]) -> dict[Path, dict[str, str]]:
    if not (folder / _LABELS).is_file():
        return {}
    table = read_table(folder / _LABELS, needed=("path",))
    check_distinct(table["path"], table=_LABELS)
    places = _places(table["path"], folder, paths, table=_LABELS)
    rows = [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]
    result = dict(zip(places, rows, strict=True))
    _check_patients(result)
    return result


def _check_patients(rows: dict[Path, dict[str, str]]) -> None:
    """A patient in two splits would be learned and judged."""
    splits: dict[str, set[str]] = defaultdict(set)
    for row in rows.values():
        if row.get("patient", "").strip() and row.get("split", "").strip():
            splits[row["patient"].strip()].add(row["split"].strip().lower())
    torn = sum(len(found) > 1 for found in splits.values())
    if torn:
        raise DataSetError(
            f"All images of a patient must be in one split, {torn} of {len(splits)} patients of "
            f"{_LABELS!r} are in several. Correct the split column, or leave it out."
        )


def _read_boxes(folder: Path, paths: list[Path]) -> dict[Path, list[LabelledBox]]:
    if not (folder / _BOXES).is_file():
        return {}
    table = read_table(folder / _BOXES, needed=("path", "label", "x", "y", "w", "h"))
    places = _places(table["path"], folder, paths, table=_BOXES)
    found: dict[Path, list[LabelledBox]] = defaultdict(list)
    sizes: dict[Path, tuple[int, int]] = {}
    for number, (path, row) in enumerate(zip(places, table.to_dict("records"), strict=True), 1):
        if path not in sizes:
            sizes[path] = image_size(path)
        corners, where = [row[name] for name in "xywh"], f"row {number} of {_BOXES!r}"
        box = box_inside(corners, sizes[path], xywh=True, where=where, remedy=OWN_PIXELS)
        label = next(iter(nih_words([str(row["label"])])), "")
        if not label:
            raise DataSetError(f"Row {number} of {_BOXES!r} must have a label, it has none.")
        found[path].append(LabelledBox(label, box, str(row.get("reader", "") or folder.name)))
    return found


def _places(names: pd.Series, folder: Path, paths: list[Path], *, table: str) -> list[Path]:
    """The image of every row, by its path below the folder, else by its file name."""
    by_path = {path.relative_to(folder).as_posix(): path for path in paths}
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        by_name[path.name].append(path)
    found: list[Path] = []
    missing: list[str] = []
    for name in (str(n).strip().replace("\\", "/") for n in names):
        same = [by_path[name]] if name in by_path else by_name.get(name, [])
        if len(same) == 1:
            found.append(same[0])
        else:
            missing.append(name)
    check_complete(
        missing,
        of=len(names),
        what=f"images of {table}",
        remedy="Give paths relative to the folder, or take the rows out.",
    )
    return found
