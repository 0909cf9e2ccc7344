"""Boxes that other programs predicted for phrases, brought into pixels of the original image.

A json list of `{"image", "phrase", "boxes": [[x_min, y_min, x_max, y_max], ...]}`; zero boxes say
that the phrase has no place. What the numbers mean is named:

* `pixels`: of the image that the truth is in.
* `unit`: shares of that image, as MAIRA-2's processor returns them after
  `adjust_box_for_original_image_size`.
* `maira2`: shares of the centre square that MAIRA-2 saw, as the model writes them. The square has
  the shorter side of the image and its offsets are rounded down, as in its processor.
* `percent`: 0 to 100 along each side, as CheXagent writes them.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from explorer.corpora._boxes import box_inside
from explorer.corpora.placed._reading import load_json, other_schema
from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

Corners = tuple[float, float, float, float]


def _pixels(corners: Corners, shape: tuple[int, int]) -> Corners:  # noqa: ARG001
    return corners


def _unit(corners: Corners, shape: tuple[int, int]) -> Corners:
    height, width = shape
    a, b, c, d = corners
    return a * width, b * height, c * width, d * height


def _percent(corners: Corners, shape: tuple[int, int]) -> Corners:
    a, b, c, d = _unit(corners, shape)
    return a / 100, b / 100, c / 100, d / 100


def _maira2(corners: Corners, shape: tuple[int, int]) -> Corners:
    height, width = shape
    side = min(shape)
    left, top = (width - side) // 2, (height - side) // 2
    a, b, c, d = corners
    return a * side + left, b * side + top, c * side + left, d * side + top


FORMATS: dict[str, Callable[[Corners, tuple[int, int]], Corners]] = {
    "pixels": _pixels,
    "unit": _unit,
    "maira2": _maira2,
    "percent": _percent,
}
_NEEDED = "a list of image, phrase and boxes"


def read_predicted(
    path: Path, phrases: Iterable[PlacedPhrase], *, numbers: str
) -> dict[str, tuple[Box, ...]]:
    """Predicted boxes by `PlacedPhrase.key`, in pixels of its truth.

    Args:
        path: The json; images by file name, with or without folders and suffix.
        phrases: What was asked.
        numbers: A name of `FORMATS`.

    Raises:
        DataSetError: The file has another schema, a box is no box or reaches out of its image,
            or a prediction matches nothing that was asked.
    """
    if numbers not in FORMATS:
        raise DataSetError(f"Numbers must be one of {', '.join(FORMATS)}, got {numbers!r}.")
    asked = {_key(p.image.name, p.phrase): p for p in phrases}
    data = load_json(path)
    if not isinstance(data, list):
        raise other_schema(path, _NEEDED)
    found: dict[str, tuple[Box, ...]] = {}
    strangers = []
    for number, entry in enumerate(data, 1):
        image, phrase, boxes = _entry(entry, path)
        truth = asked.get(_key(image, phrase))
        if truth is None:
            strangers.append(image)
            continue
        where = f"prediction {number} of {path.name!r}"
        found[truth.key] = tuple(_box(c, truth.image_shape, numbers, where) for c in boxes)
    if strangers:
        raise DataSetError(
            f"Every prediction must be for an image and phrase that was asked, {len(strangers):,} "
            f"of {len(data):,} of {path.name!r} match none, e.g. of image {strangers[0]}. Give the "
            "phrases as the data set writes them."
        )
    return found


def _entry(entry: Any, path: Path) -> tuple[str, str, list[Any]]:
    try:
        return str(entry["image"]), str(entry["phrase"]), list(entry["boxes"])
    except (KeyError, TypeError) as error:
        raise other_schema(path, _NEEDED) from error


def _key(image: str, phrase: str) -> tuple[str, str]:
    return Path(image.replace("\\", "/")).stem, " ".join(phrase.split()).casefold()


def _box(corners: Any, shape: tuple[int, int], numbers: str, where: str) -> Box:
    try:
        a, b, c, d = (float(corner) for corner in corners)
    except (TypeError, ValueError) as error:
        raise DataSetError(f"A box needs four numbers, {where} has {corners!r}.") from error
    return box_inside(FORMATS[numbers]((a, b, c, d), shape), shape, xywh=False, where=where)
