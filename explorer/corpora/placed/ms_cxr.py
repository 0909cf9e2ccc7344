"""MS-CXR 1.0.0 and 1.1.0: sentences of MIMIC-CXR reports with boxes, as csv or COCO json.

`MS_CXR_Local_Alignment_v*.csv` (dicom_id, category_name, label_text, path, x, y, w, h, image_width,
image_height, and split from 1.1.0) or the `.json` of that name (images, annotations with `bbox` and
`label_text`, categories). Boxes are in pixels of MIMIC-CXR-JPG. Several boxes of one image and
label_text are one sample. Boecking et al., ECCV 2022; PhysioNet, credentialed.
"""

import re
from pathlib import Path
from typing import Any

from explorer.corpora._boxes import box_inside
from explorer.corpora.placed._reading import (
    ImageFiles,
    find_file,
    load_json,
    merged,
    other_schema,
    read_columns,
    shape_of,
)
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

TITLE = "MS-CXR: MS_CXR_Local_Alignment_v*.csv or .json"
LICENCE = "PhysioNet credentialed: not to be passed on"
_NAMES = ("MS_CXR_Local_Alignment_v*.csv", "MS_CXR_Local_Alignment_v*.json")
_COLUMNS = (
    "category_name", "label_text", "path", "x", "y", "w", "h", "image_width", "image_height",
)  # fmt: skip
_SPLITS = {"validate": "val", "validation": "val"}


def evidence(source: Path) -> str:
    """The annotation file, the newest version first."""
    path = _file(source)
    return path.name if path else ""


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:
    """Read the annotations.

    Args:
        source: The csv or json, or the folder that holds it.
        images: MIMIC-CXR-JPG or its `files` folder; smaller copies are welcome.

    Raises:
        DataSetError: There is no such file, it has another schema, a box is no box or reaches
            out of its image, or images are missing.
    """
    path = _file(source)
    if path is None:
        raise DataSetError(f"{source.name!r} must be or hold {_NAMES[0]} or .json, it does not.")
    files = ImageFiles(images, remedy="Give the folder of MIMIC-CXR-JPG that holds p10 ... p19.")
    rows = _from_json(path) if path.suffix == ".json" else read_columns(path, needed=_COLUMNS)
    phrases = [_phrase(row, files, f"row {n} of {path.name!r}") for n, row in enumerate(rows, 1)]
    files.check(of=path.name)
    return merged(phrase for phrase in phrases if phrase is not None)


def _file(source: Path) -> Path | None:
    if source.is_file():
        return find_file(source, *_NAMES)
    found = sorted(path for name in _NAMES for path in source.glob(name))
    # The newest version; of one version the csv, which has the split.
    return max(found, key=lambda path: (path.stem, path.suffix == ".csv"), default=None)


def _phrase(row: dict[str, Any], files: ImageFiles, where: str) -> PlacedPhrase | None:
    shape = shape_of(row["image_width"], row["image_height"], where=where)
    corners = [row[name] for name in "xywh"]
    box = box_inside(corners, shape, xywh=True, where=where)
    path = str(row["path"])
    image = files.find(path)
    if not str(row["label_text"]).strip():
        raise DataSetError(f"Every row needs a label_text, {where} has none. Correct it.")
    if image is None:
        return None
    person, study = re.search(r"\bp(\d{8})\b", path), re.search(r"\bs(\d{8})\b", path)
    split = str(row.get("split", "") or "")
    return PlacedPhrase(
        image=image,
        image_shape=shape,
        phrase=str(row["label_text"]),
        finding=str(row["category_name"]),
        patient=person[1] if person else image.stem,
        split=_SPLITS.get(split, split),
        boxes=(box,),
        study=study[1] if study else "",
    )


def _from_json(path: Path) -> list[dict[str, Any]]:
    """The rows that the csv has."""
    data = load_json(path)
    try:
        images = {image["id"]: image for image in data["images"]}
        names = {category["id"]: category["name"] for category in data["categories"]}
        rows = []
        for annotation in data["annotations"]:
            image = images[annotation["image_id"]]
            x, y, w, h = annotation["bbox"]
            rows.append(
                {
                    "category_name": names[annotation["category_id"]],
                    "label_text": annotation["label_text"],
                    "path": image.get("path") or image["file_name"],
                    "image_width": image["width"],
                    "image_height": image["height"],
                    "split": image.get("split") or annotation.get("split") or "",
                    **{"x": x, "y": y, "w": w, "h": h},
                }
            )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise other_schema(
            path, "the COCO lists images, annotations (bbox, label_text) and categories"
        ) from error
    return rows
