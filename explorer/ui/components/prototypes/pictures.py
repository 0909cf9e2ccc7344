"""Small pictures of films with a region drawn, made once for all sessions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from explorer.entities import Box, Radiograph
from explorer.ui.kept import Kept

if TYPE_CHECKING:
    from explorer.pipeline import Corpus, Points, Use

Picture = NDArray[np.uint8]
LINE = (32, 214, 224)  # RGB: stands out from grey in both themes
_GAP = 4
_MOST_BYTES = 48_000_000


@st.cache_resource(show_spinner=False)
def _kept() -> Kept[tuple[object, ...], Picture]:
    return Kept(_MOST_BYTES, lambda picture: picture.nbytes)


def exemplars(
    index: "Corpus", points: "Points", rows: Sequence[int], *, side: int
) -> list[Picture]:
    """One square picture for each row, (side, side, 3) RGB, the region drawn where there is one."""
    keys = [(index.uri, points.ids[row], points.films[row], side) for row in rows]
    missing = [row for row, key in zip(rows, keys, strict=True) if _kept().get(key) is None]
    films = index.thumbnails([points.films[row] for row in missing]) if missing else {}
    found = []
    for row, key in zip(rows, keys, strict=True):
        picture = _kept().get(key)
        if picture is None:
            box = points.boxes[row]
            shape = _shape(index, points.films[row])
            picture = _kept().put(key, _tile(films.get(points.films[row]), shape, box, side))
        found.append(picture)
    return found


def strip(pictures: Sequence[Picture], *, count: int) -> Picture:
    """Pictures side by side, as wide as `count` of them, with clear gaps; RGBA."""
    side = pictures[0].shape[0] if pictures else 1
    made = np.zeros((side, count * side + (count - 1) * _GAP, 4), np.uint8)
    for place, picture in enumerate(pictures[:count]):
        left = place * (side + _GAP)
        made[:, left : left + side, :3] = picture
        made[:, left : left + side, 3] = 255
    return made


def film_with_use(radiograph: Radiograph, use: "Use | None", *, side: int) -> Picture:
    """A film, at most `side` pixels a side, with a line round what looks like the prototype."""
    height, width = radiograph.shape
    shrink = side / max(height, width)
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(radiograph.pixels, size, interpolation=cv2.INTER_AREA)
    picture = _rgb((np.clip(small, 0, 1) * 255).astype(np.uint8))
    if use is None:
        return picture
    frame = use.frame
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32) + 0.5
    h, w = frame.grid_shape
    # From a pixel of the picture over the original and the model input to cells, centres at 0.5.
    x = (columns / shrink * frame.scale_x + frame.offset_x) * w / frame.input_shape[1] - 0.5
    y = (rows / shrink * frame.scale_y + frame.offset_y) * h / frame.input_shape[0] - 0.5
    likeness = cv2.remap(
        use.likeness,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    above = (likeness >= use.threshold).astype(np.uint8)
    outlines, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, LINE, 2, cv2.LINE_AA)
    return picture


def _shape(index: "Corpus", film: str) -> tuple[int, int]:
    height, width = index.films.shapes[index.row_of(film)]
    return int(height), int(width)


def _tile(data: bytes | None, shape: tuple[int, int], box: Box | None, side: int) -> Picture:
    """A film in a black square, the box drawn; grey where the picture is missing or damaged."""
    grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    square = np.zeros((side, side), np.uint8)
    height, width = shape
    shrink = side / max(height, width)
    wide, high = max(1, round(width * shrink)), max(1, round(height * shrink))
    left, top = (side - wide) // 2, (side - high) // 2
    if grey is None:
        square[:] = 96
    else:
        square[top : top + high, left : left + wide] = cv2.resize(
            np.asarray(grey, np.uint8), (wide, high), interpolation=cv2.INTER_AREA
        )
    picture = _rgb(square)
    if box is not None:
        corners = [
            (round(left + x * shrink), round(top + y * shrink))
            for x, y in ((box.x_min, box.y_min), (box.x_max, box.y_max))
        ]
        cv2.rectangle(picture, corners[0], corners[1], LINE, 2 if side > 160 else 1, cv2.LINE_AA)
    return picture


def _rgb(grey: Picture) -> Picture:
    return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
