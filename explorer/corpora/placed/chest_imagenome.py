"""Chest ImaGenome: sentences of MIMIC-CXR reports with the anatomy that they speak of.

`*_SceneGraph.json` (silver_dataset/scene_graph): `objects` with bbox_name and original_x1 ...
original_y2 in pixels of MIMIC-CXR, `attributes` with bbox_name, `phrases` and, for each phrase,
labels such as "anatomicalfinding|yes|lung opacity". The boxes are regions of anatomy found by a
detector, not findings drawn by a reader: a sentence is right when its map lies in its anatomy. Wu
et al., 2021; PhysioNet, credentialed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer.corpora._boxes import box_inside
from explorer.corpora.layouts import image_size
from explorer.corpora.placed._reading import (
    ImageFiles,
    load_json,
    merged,
    other_schema,
)
from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

TITLE = "Chest ImaGenome: *_SceneGraph.json"
LICENCE = "PhysioNet credentialed: not to be passed on"
NOTE = "Boxes are regions of anatomy, not of findings."
_PATTERN = "*_SceneGraph.json"
_KINDS = ("anatomicalfinding", "disease", "tubesandlines", "device")
_NEEDED = "a scene graph with image_id, objects and attributes"


def evidence(source: Path) -> str:
    """At least one scene graph."""
    path = next(_graphs(source), None)
    return _PATTERN if path else ""


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:
    """Read every scene graph; sentences that only deny are phrases that are not there.

    Args:
        source: One graph, or a folder with graphs anywhere below.
        images: MIMIC-CXR-JPG at its original size.

    Raises:
        DataSetError: There is no graph, one has another schema, a box is no box or reaches out
            of its image, or images are missing.
    """
    paths = list(_graphs(source))
    if not paths:
        raise DataSetError(f"{source.name!r} must be or hold {_PATTERN}, it does not.")
    files, found = ImageFiles(images), list[PlacedPhrase]()
    for path in paths:
        graph = load_json(path)
        try:
            image = files.find(f"{graph['image_id']}.jpg")
            if image is not None:
                found += _phrases(graph, image, path)
        except (KeyError, TypeError, AttributeError) as error:
            raise other_schema(path, _NEEDED) from error
    files.check(of=_PATTERN)
    return merged(found)


def _graphs(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield from [source] if source.match(_PATTERN) else []
    else:
        yield from sorted(source.rglob(_PATTERN))


def _phrases(graph: dict[str, Any], image: Path, path: Path) -> list[PlacedPhrase]:
    shape = image_size(image)
    boxes = {o["bbox_name"]: _box(o, shape, path) for o in graph["objects"]}
    found = []
    for attribute in graph["attributes"]:
        region = attribute["bbox_name"]
        for sentence, labels in zip(attribute["phrases"], attribute["attributes"], strict=False):
            said = [label.split("|") for label in labels if label.split("|")[0] in _KINDS]
            there = [name for _, relation, name in said if relation == "yes"]
            if not said or not sentence.strip():
                continue
            found.append(
                PlacedPhrase(
                    image=image,
                    image_shape=shape,
                    phrase=sentence,
                    finding=(there or [said[0][2]])[0],
                    patient=str(graph.get("patient_id") or image.stem),
                    boxes=(boxes[region],) if there and region in boxes else (),
                    present=bool(there),
                    study=str(graph.get("study_id") or ""),
                )
            )
    return found


def _box(item: dict[str, Any], shape: tuple[int, int], path: Path) -> Box:
    corners = [item[f"original_{name}"] for name in ("x1", "y1", "x2", "y2")]
    where = f"{item['bbox_name']} of {path.name!r}"
    return box_inside(corners, shape, xywh=False, where=where)
