"""ChestX-Det and ChestX-Det10: boxes of findings on NIH ChestX-ray14 films.

`train.json`, `test.json` or `ChestX_Det_{train,test}.json`: a list of `{"file_name", "syms": [],
"boxes": [[x1, y1, x2, y2]]}`, in pixels of the 1024 x 1024 films; ChestX-Det adds polygons, which
are not read. Liu et al., arXiv 2006.10550; Lian et al., arXiv 2104.10326.
"""

from pathlib import Path

from explorer.corpora._boxes import box_inside
from explorer.corpora.placed._reading import (
    ImageFiles,
    find_file,
    load_json,
    merged,
    other_schema,
)
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

TITLE = "ChestX-Det: ChestX_Det_train.json or _test.json (ChestX-Det10: train.json, test.json)"
LICENCE = "images: NIH, unrestricted with attribution; boxes: see their publisher"
_NAMES = ("ChestX_Det_*.json", "test.json", "train.json")
_SHAPE = (1024, 1024)
_KEYS = ("file_name", "syms", "boxes")
_PHRASES = {"Effusion": "pleural effusion", "Diffuse Nodule": "diffuse nodules"}


def evidence(source: Path) -> str:
    """A list of films with their boxes."""
    path = find_file(source, *_NAMES)
    if path is None:
        return ""
    with path.open("rb") as file:
        return path.name if b'"syms"' in file.read(4096) else ""


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:
    """Read the boxes; the phrase is the name of the finding, all its boxes on a film one sample.

    Args:
        source: The json, or the folder that holds it.
        images: Folder of the films; smaller copies are welcome.

    Raises:
        DataSetError: There is no such file, it has another schema, a box is no box or reaches
            out of its film, or films are missing.
    """
    path = find_file(source, *_NAMES)
    if path is None:
        raise DataSetError(f"{source.name!r} must be or hold {_NAMES[0]}, it does not.")
    data = load_json(path)
    needed = "a list of films with file_name, syms and boxes"
    if not isinstance(data, list):
        raise other_schema(path, needed)
    files, found = ImageFiles(images), []
    for number, film in enumerate(data, 1):
        if not isinstance(film, dict) or any(key not in film for key in _KEYS):
            raise other_schema(path, needed)
        where = f"film {number} ({film['file_name']}) of {path.name!r}"
        if len(film["syms"]) != len(film["boxes"]):
            raise DataSetError(
                f"There must be one box for each of the syms, {where} has {len(film['boxes'])} for "
                f"{len(film['syms'])}. Correct it."
            )
        name = str(film["file_name"])
        image = files.find(name) if film["boxes"] else None
        for finding, corners in zip(film["syms"], film["boxes"], strict=True):
            box = box_inside(corners, _SHAPE, xywh=False, where=where)
            if image is not None:
                found.append(
                    PlacedPhrase(
                        image=image,
                        image_shape=_SHAPE,
                        phrase=_PHRASES.get(finding, finding.lower()),
                        finding=finding,
                        patient=Path(name).stem.split("_")[0],
                        split="test" if "test" in path.stem else "train",
                        boxes=(box,),
                        study=Path(name).stem,
                    )
                )
    files.check(of=path.name)
    return merged(found)
