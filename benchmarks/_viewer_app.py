"""The app that viewer_frames.py drives: the viewer with synthetic 2048 x 2048 radiographs."""

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from explorer.entities import (
    Box,
    GroundedPhrase,
    ModelFrame,
    PhraseControls,
    Radiograph,
    Region,
    SimilarityMap,
    Window,
)
from explorer.ui.components.viewer import (
    Desk,
    Head,
    Place,
    ViewerFilm,
    ViewerPhrase,
    feed_head,
    feed_phrases,
    image_id,
    viewer,
)

SIDE, GRID, SEED, SENTENCES = 2048, 32, 7, 12


@st.cache_resource
def synthetic_radiograph() -> Radiograph:
    """12-bit levels: smooth structures with detector noise."""
    generator = np.random.default_rng(SEED)
    coarse = generator.normal(size=(24, 24)).astype(np.float32)
    smooth = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    levels = np.clip(300 + 3400 * smooth + generator.normal(0, 8, smooth.shape), 0, 4095)
    return Radiograph(
        pixels=smooth,
        levels=levels.astype(np.uint16),
        level_slope=1.0,
        level_intercept=0.0,
        windows=(Window("Standard", 2048, 4096),),
        inverted=False,
        source_format="synthetic",
        digest="synthetic",
        view_position="PA",
        laterality="R",
    )


def synthetic_phrases(frame: ModelFrame, pane: int) -> tuple[ViewerPhrase, ...]:
    """A dozen sentences, each with a map of one bump, in another place in every pane."""
    generator = np.random.default_rng(SEED + pane)
    rows, columns = np.mgrid[:GRID, :GRID]
    phrases = []
    for index in range(SENTENCES):
        x, y = generator.uniform(6, 26, size=2)
        bump = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 30)
        cosine = (0.1 + 0.4 * bump + generator.normal(0, 0.01, bump.shape)).astype(np.float32)
        similarity = SimilarityMap(f"sentence {index}", cosine, 12.0, -4.0, frame)
        cell = SIDE / GRID
        box = Box((x - 4) * cell, (y - 4) * cell, (x + 4) * cell, (y + 4) * cell)
        region = Region(box, np.zeros((3, 2), np.float32), 0.9, 0.06)
        controls = PhraseControls(0.1, None, None, 0.8, 3.0, abstain=False)
        grounded = GroundedPhrase(
            f"Sentence {index} of a report about the image.",
            similarity,
            0.8,
            0.5,
            "fixed",
            controls,
            (region,),
        )
        phrases.append(ViewerPhrase(grounded, section="Findings", sentence=index))
    return tuple(phrases)


st.set_page_config(layout="wide")
whole = ModelFrame((SIDE, SIDE), (256, 256), (GRID, GRID), 256 / SIDE, 256 / SIDE, 0.0, 0.0)
film = ViewerFilm("synthetic", synthetic_radiograph())
panes = int(os.environ.get("PANES", "1"))
viewer([film] * panes, key="bench", desk=Desk(), hear=lambda _kind, _values: None)
for pane in range(panes):
    place = Place("synthetic", image_id(film.radiograph), f"space {pane}", run=1, pane=pane)
    feed_head(place, Head(f"Synthetic {pane}", "none", frame=whole), key="bench", asked=None)
    feed_phrases(place, synthetic_phrases(whole, pane), key="bench", part="piece:0")
