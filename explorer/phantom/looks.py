"""What a vendor's processing makes of a film: contrast by fineness of detail, and the grey levels.

Every maker sets both from the image itself, so that films of all patients look alike. The aims
are drawn from how 600 real films of the train split vary (`film_statistics.json`: means by view
and one covariance of grey-level percentiles and log spreads of detail bands; no image is in it).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from explorer.entities import Float32
from explorer.phantom.projection import ProjectedView
from explorer.phantom.textures import blur

# Image height at which the statistics were taken; blurs grow with the image.
_MEASURED_AT = 320
# A processing amplifies what is there: limits of the factor on a detail band.
_LEAST_GAIN, _MOST_GAIN = 0.4, 2.6
# The display curve may not be steeper or flatter than this, or air would turn into grain.
_STEEPEST, _FLATTEST = 1.7, 0.5
# What archiving takes from each detail band (log), and what a 320-pixel phantom lacks at first.
_LOST = np.array([0.3, 0.22, 0.1, 0.05, 0.0])


@dataclass(frozen=True, slots=True)
class Look:
    """What a film aims at.

    Attributes:
        levels: Grey levels in [0, 1] at the percentiles of `film_statistics()`, increasing.
        bands: Natural log of the spread of each detail band, fine to coarse.
        strength: How far the grey levels follow, (0, 1].
    """

    levels: NDArray[np.float64]
    bands: NDArray[np.float64]
    strength: float


@cache
def film_statistics() -> Mapping[str, Any]:
    """The measured statistics as they lie in `film_statistics.json`; loaded once."""
    text = files("explorer.phantom").joinpath("film_statistics.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def random_look(rng: np.random.Generator, *, view: ProjectedView) -> Look:
    """Draw what a film of this view aims at; a lateral is processed as a PA film."""
    known = film_statistics()
    mean = known["mean"]["AP" if view == "AP" else "PA"]
    drawn = rng.multivariate_normal(mean, known["covariance"], method="cholesky")
    count = len(known["percentiles"])
    levels = np.clip(drawn[:count], 0.0, 0.985)
    levels = np.maximum.accumulate(levels + 0.004 * np.arange(count))
    return Look(
        levels=np.clip(levels, 0.0, 1.0), bands=drawn[count:], strength=float(rng.uniform(0.5, 1.0))
    )


def amplify_detail(shown: Float32, look: Look) -> Float32:
    """Amplify or calm each detail band until its spread is the look's, within what is usual."""
    scale = shown.shape[0] / _MEASURED_AT
    inner = _inner(shown)
    rest, result = shown, np.zeros_like(shown)
    sigmas = film_statistics()["sigmas"]
    for sigma, aim, lost in zip(sigmas, look.bands, _LOST, strict=True):
        coarser = blur(rest, sigma * scale)
        band = rest - coarser
        gain = np.exp(aim + lost) / max(1e-6, float(band[inner].std()))
        result += np.float32(np.clip(gain, _LEAST_GAIN, _MOST_GAIN)) * band
        rest = coarser
    return np.asarray(result + rest, np.float32)


def _inner(shown: Float32) -> tuple[slice, slice]:
    """The middle four fifths, where the body is: air and shutters say nothing of the film."""
    row, column = shown.shape[0] // 10, shown.shape[1] // 10
    return slice(row, shown.shape[0] - row), slice(column, shown.shape[1] - column)


def set_levels(shown: Float32, look: Look) -> Float32:
    """Bend the grey levels with one rising curve so that their percentiles near the look's."""
    percentiles = film_statistics()["percentiles"]
    inner = np.percentile(shown[_inner(shown)][::2, ::2], percentiles)
    found = np.array([min(shown.min(), inner[0]), *inner, max(shown.max(), inner[-1])], np.float64)
    span = max(1e-3, found[-1] - found[0])
    found = np.maximum.accumulate(found + 1e-4 * span * np.arange(len(found)))
    middle = (1 - look.strength) * found[1:-1] + look.strength * look.levels
    ends = np.array([found[0] - found[1], found[-1] - found[-2]])
    aims = np.concatenate([[middle[0] + ends[0]], middle, [middle[-1] + 0.6 * ends[1]]])
    # Where few pixels part two percentiles the curve would be a step: even it out from the middle.
    steps = np.diff(found)
    rise = np.clip(np.diff(aims), _FLATTEST * steps, _STEEPEST * steps)
    curve_levels = np.concatenate([[0.0], np.cumsum(rise)])
    curve_levels += np.mean(aims[3:6] - curve_levels[3:6])
    curve = PchipInterpolator(found, curve_levels)
    grid = np.linspace(found[0], found[-1], 2048)
    bent = np.interp(shown, grid, curve(grid))
    return np.clip(bent, 0, 1).astype(np.float32)


def archive(shown: Float32, *, side: int, quality: int) -> Float32:
    """What an archive of small 8-bit JPEG files leaves of a film, at the film's own size.

    The film is brought to `side` rows, rounded to 256 grey levels, coded as JPEG and brought
    back; every pixel stays where it was.

    Args:
        shown: (H, W) in [0, 1].
        side: Rows of the archived file, at least H.
        quality: Of the JPEG coder, 1 to 100.
    """
    height, width = shown.shape
    size = (max(1, round(width * side / height)), side)
    file = cv2.resize(shown, size, interpolation=cv2.INTER_LANCZOS4)
    levels = np.clip(np.round(file * 255), 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    if decoded is None:  # The coder's own output.
        raise AssertionError("OpenCV cannot read the JPEG it wrote")
    decoded = np.asarray(decoded, np.float32) / 255
    film = cv2.resize(decoded, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(film, 0, 1).astype(np.float32)
