"""The bundled studies and small pictures of radiographs."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import streamlit as st

from explorer.entities import Radiograph
from explorer.ui.door import pipeline
from explorer.ui.loaded import LoadedStudy, Reference

if TYPE_CHECKING:
    from explorer.pipeline import BundledStudy

THUMBNAIL_SIDE = 144


@st.cache_resource(show_spinner=False)
def shelf() -> "tuple[BundledStudy, ...]":
    """List the bundled studies: those that work first, the known failures last."""
    order = {"works": 0, "normal": 1, "fails": 2}
    studies = pipeline.list_bundled_studies()
    return tuple(sorted(studies, key=lambda study: order.get(study.expected, 1)))


@st.cache_resource(show_spinner=False, max_entries=8)
def bundled(name: str) -> LoadedStudy:
    """Read a bundled study with its known boxes."""
    study, card = pipeline.load_bundled_study(name)
    return LoadedStudy(
        study=study,
        origin="bundled",
        title=card.title,
        labels=tuple(f"Radiograph {i + 1}" for i in range(len(study.radiographs))),
        name=name,
        description=card.description,
        expected=card.expected,
        references=tuple(Reference(r.label, r.sentence_index, r.box) for r in card.boxes),
    )


@st.cache_resource(show_spinner=False, max_entries=32)
def bundled_thumbnail(name: str) -> np.ndarray:
    """Return a small picture of a bundled study, (side, side) uint8."""
    return thumbnail(bundled(name).study.radiographs[0])


def thumbnail(radiograph: Radiograph, *, side: int = THUMBNAIL_SIDE) -> np.ndarray:
    """Shrink a radiograph into a black square, (side, side) uint8."""
    height, width = radiograph.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(radiograph.pixels, size, interpolation=cv2.INTER_AREA)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = np.clip(small * 255, 0, 255)
    return square
