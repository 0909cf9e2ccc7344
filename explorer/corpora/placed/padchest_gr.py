"""PadChest-GR: sentences of grounded reports, each with zero, one or many boxes.

`grounded_reports_*.json`: a list of `{"StudyID", "ImageID", "findings": [{"sentence_en",
"sentence_es", "abnormal", "boxes": [[x1, y1, x2, y2]] in shares of the image, "extra_boxes",
"labels", ...}]}`; `master_table.csv` beside it has split and PatientID. The first reader's boxes
are read, `extra_boxes` (a second reader's) are not. Castro et al., arXiv 2411.05085; BIMCV, on
request.
"""

from pathlib import Path
from typing import Any

from explorer.corpora._boxes import box_inside
from explorer.corpora.layouts import image_size
from explorer.corpora.placed._reading import (
    ImageFiles,
    find_file,
    load_json,
    merged,
    other_schema,
    read_columns,
)
from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

TITLE = "PadChest-GR: grounded_reports_*.json and master_table.csv"
LICENCE = "PadChest-GR Dataset Research Use Agreement (BIMCV): not to be passed on"
_NAMES, _TABLE = ("grounded_reports_*.json",), "master_table.csv"
_SPLITS = {"validation": "val"}


def evidence(source: Path) -> str:
    """The file of reports."""
    path = find_file(source, *_NAMES)
    return path.name if path else ""


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:
    """Read the English sentences; one that is not abnormal is a phrase that is not there.

    Args:
        source: The json, or the folder that holds it.
        images: Folder of the PNG images.

    Raises:
        DataSetError: There is no such file, it has another schema, a box is no box or reaches
            out of its image, or images are missing.
    """
    path = find_file(source, *_NAMES)
    if path is None:
        raise DataSetError(f"{source.name!r} must be or hold {_NAMES[0]}, it does not.")
    data = load_json(path)
    needed = "a list of studies with ImageID and findings (sentence_en, boxes)"
    if not isinstance(data, list):
        raise other_schema(path, needed)
    known = _table(path.parent / _TABLE)
    files, found = ImageFiles(images), []
    for study in data:
        try:
            name, findings = str(study["ImageID"]), list(study["findings"])
        except (KeyError, TypeError) as error:
            raise other_schema(path, needed) from error
        image = files.find(name)
        if image is not None:
            about = known.get(name, {})
            found += [_phrase(f, image, about, f"{name} of {path.name!r}") for f in findings]
    files.check(of=path.name)
    return merged(phrase for phrase in found if phrase is not None)


def _phrase(
    finding: dict[str, Any], image: Path, about: dict[str, str], where: str
) -> PlacedPhrase | None:
    sentence = str(finding.get("sentence_en") or "").strip()
    if not sentence:
        return None
    labels = [str(label) for label in finding.get("labels") or []]
    shape = image_size(image)
    return PlacedPhrase(
        image=image,
        image_shape=shape,
        phrase=sentence,
        finding=(labels or [""])[0],
        patient=about.get("PatientID") or image.stem,
        split=_SPLITS.get(about.get("split", ""), about.get("split", "")),
        boxes=tuple(_box(corners, shape, where) for corners in finding.get("boxes") or []),
        present=bool(finding.get("abnormal", False)),
        study=about.get("StudyID", ""),
    )


def _box(corners: Any, shape: tuple[int, int], where: str) -> Box:
    """From shares of the image to its pixels."""
    unit = box_inside(corners, (1, 1), xywh=False, where=f"{where}, in shares of the image,")
    height, width = shape
    return Box(unit.x_min * width, unit.y_min * height, unit.x_max * width, unit.y_max * height)


def _table(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    rows = read_columns(path, needed=("ImageID", "PatientID", "split"))
    return {row["ImageID"]: row for row in rows}
