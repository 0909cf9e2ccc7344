"""The colours of phrases are told apart with every form of colour vision, and read on any film."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from explorer.ui.components.viewer import contract
from explorer.ui.components.viewer.contract import PHRASE_COLORS

HAND_MARKS = Path(contract.__file__).parent / "js" / "ui" / "hand_marks.js"
LEAST_DIFFERENCE = 11.0  # CIEDE2000; 1 is just seen side by side, 10 at a glance
LEAST_CONTRAST = 4.5
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "common": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def hand_colours() -> list[str]:
    """Own boxes and measures, as the script names them, and the white of reference boxes."""
    found = re.findall(r'_COLOUR = "(#[0-9a-f]{6})"', HAND_MARKS.read_text("utf-8"))
    assert len(found) == 2
    return [*found, "#ffffff"]


def linear(colour: str) -> NDArray[np.float64]:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def seen(colour: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB of a colour as this form of vision sees it."""
    rgb = np.clip(matrix @ linear(colour), 0, 1)
    shown = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(shown[None, None]))[0, 0]


@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_are_told_apart(vision: str) -> None:
    colours = [*PHRASE_COLORS, *hand_colours()]
    assert len(set(colours)) == len(colours)
    lab = {colour: seen(colour, VISION[vision]) for colour in colours}
    hand = set(hand_colours())
    for one, other in combinations(colours, 2):
        if one in hand and other in hand:
            continue
        difference = float(deltaE_ciede2000(lab[one], lab[other]))
        assert difference >= LEAST_DIFFERENCE, f"{one} and {other}: {difference:.1f}"


@pytest.mark.parametrize("colour", [*PHRASE_COLORS, *hand_colours()])
def test_a_label_is_readable_on_a_white_film(colour: str) -> None:
    luminance = np.array([0.2126, 0.7152, 0.0722])
    halo = linear("#" + 3 * f"{round(0.15 * 255):02x}")  # black at .85 over white
    contrast = (linear(colour) @ luminance + 0.05) / (halo @ luminance + 0.05)
    assert contrast >= LEAST_CONTRAST


def test_the_halo_is_as_dark_as_the_contrast_needs() -> None:
    strokes = (HAND_MARKS.parent / "strokes.js").read_text("utf-8")
    assert 'const HALO = "rgba(0, 0, 0, 0.85)";' in strokes
