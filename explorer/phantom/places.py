"""Where a finding lies and how large it is, drawn from real annotation (`annotation.json`).

The statistics are counts and quantiles of real boxes and masks, made by
`benchmarks/annotation_statistics.py`; docs/phantoms.md names their sources and terms.

Three draws in ten (`UNIFORM`) leave the annotation aside and take any place in the lungs or any
size between the smallest and the largest: a model must not learn that a place alone decides.
Sides are always drawn as found.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Side, Zone
from explorer.errors import DataSetError
from explorer.phantom.scene import SIDES, Scene

UNIFORM = 0.3
_TRIES = 256
_ZONES: tuple[Zone, ...] = ("upper", "mid", "lower")


@dataclass(frozen=True, slots=True)
class Place:
    """A pixel of the aerated lungs.

    Attributes:
        x, y: Column and row in pixels, at a pixel's middle.
        side: Lung that holds it.
        zone: Third of that lung that holds it.
    """

    x: float
    y: float
    side: Side
    zone: Zone


@cache
def annotation() -> Mapping[str, Any]:
    """The statistics as they lie in `annotation.json`; loaded once."""
    text = files("explorer.phantom").joinpath("annotation.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def statistics_of(finding: str) -> Mapping[str, Any]:
    """Statistics of one finding.

    Raises:
        DataSetError: No annotation of this finding was counted.
    """
    found = annotation()["findings"]
    if finding not in found:
        raise DataSetError(
            f"No annotation of {finding!r} was counted. Available: {', '.join(sorted(found))}."
        )
    return dict(found[finding])


def draw_side(finding: str, rng: np.random.Generator, *, both: bool = True) -> Side:
    """The side of a finding as films show it; `both=False` leaves "bilateral" out."""
    shares = statistics_of(finding)["sides"]
    sides: tuple[Side, ...] = ("right", "left", "bilateral") if both else ("right", "left")
    weights = np.array([shares[side] for side in sides], float)
    return sides[int(rng.choice(len(sides), p=weights / weights.sum()))]


def draw_centre(
    finding: str, rng: np.random.Generator, *, count: int | None = None
) -> NDArray[np.float64]:
    """Centres (u, v) of annotated boxes: (2,), or (count, 2), in [0, 1).

    u runs from the image's left, the patient's right, v from the apex, both in shares of the
    lungs' outer box. All draws follow the annotation; `draw_place` mixes.
    """
    grid = _cumulated(finding)
    size = int(np.sqrt(len(grid)))
    many = 1 if count is None else count
    cells = np.searchsorted(grid, rng.random(many), side="right").clip(max=len(grid) - 1)
    inside = rng.random((many, 2))
    centres = (np.stack([cells % size, cells // size], axis=1) + inside) / size
    return np.asarray(centres[0] if count is None else centres, np.float64)


def draw_place(
    finding: str,
    scene: Scene,
    rng: np.random.Generator,
    *,
    side: Side | None = None,
    depth_mm: float = 4.0,
    clear: bool = False,
) -> Place | None:
    """A pixel of the aerated lungs where such a finding lies; None when there is no room.

    Args:
        finding: Id with statistics.
        scene: Its lungs' outer box takes the place of the annotated films' lungs.
        rng: Source of chance.
        side: Keep to one lung; None (or "bilateral") leaves it to the annotation.
        depth_mm: Least distance to the outline of the aerated lung.
        clear: Keep to where heart and mediastinum do not hide it.
    """
    keep = [one for one in SIDES if side in (one, None, "bilateral")]
    allowed = np.zeros(scene.shape, np.uint8)  # 1 = first lung, 2 = second
    for number, one in enumerate(keep, start=1):
        lung = scene.lungs[one]
        inside = (lung.depth_mm > depth_mm) & (lung.height <= 1)
        allowed[inside & lung.clear if clear else inside] = number
    if np.count_nonzero(allowed) < 12:
        return None
    if rng.random() < UNIFORM:
        spots = np.flatnonzero(allowed)
        row, column = divmod(int(spots[int(rng.integers(len(spots)))]), scene.shape[1])
    else:
        x0, y0, x1, y1 = lungs_box(scene)
        centres = draw_centre(finding, rng, count=_TRIES)
        columns = (x0 + centres[:, 0] * (x1 - x0)).astype(int)
        rows = (y0 + centres[:, 1] * (y1 - y0)).astype(int)
        hits = np.flatnonzero(allowed[rows, columns])
        if len(hits) == 0:
            return None
        row, column = int(rows[hits[0]]), int(columns[hits[0]])
    lies_in = keep[int(allowed[row, column]) - 1]
    height = float(scene.lungs[lies_in].height[row, column])
    zone = _ZONES[int(np.clip(height * 3, 0, 2))]
    return Place(x=column + 0.5, y=row + 0.5, side=lies_in, zone=zone)


def draw_size(finding: str, rng: np.random.Generator) -> tuple[float, float]:
    """Width and height of a finding's box, both in shares of the lungs' outer width."""
    found = statistics_of(finding)
    width = draw_quantile(found["width"], rng)
    return width, width * draw_quantile(found["aspect"], rng, uniform=0.0)


def draw_radius_mm(
    finding: str,
    scene: Scene,
    rng: np.random.Generator,
    *,
    share: float = 1.0,
    within: tuple[float, float],
) -> float:
    """Radius in mm of the patient: of the circle with the area of the ellipse in a drawn box.

    Args:
        finding: Id with statistics.
        scene: Its lungs are as wide as the annotated ones.
        rng: Source of chance.
        share: Part of a box that the finding fills; readers draw boxes wide.
        within: Least and largest radius in mm; a size outside is drawn again.
    """
    unit = 0.5 * share * lungs_width_mm(scene)
    for _ in range(24):
        radius = unit * float(np.sqrt(np.prod(draw_size(finding, rng))))
        if within[0] <= radius <= within[1]:
            return radius
    return float(np.clip(radius, *within))


def draw_air(rng: np.random.Generator) -> tuple[Side, str, float]:
    """One pneumothorax: its lung, its kind, and its widest gap in shares of the lungs' width.

    Kinds are "apical", "basal", "large" (a third of the lung and more) and "lateral"; a `UNIFORM`
    share of draws takes each kind alike, since large ones are rare among the masks.
    """
    found = statistics_of("pneumothorax")
    kinds = sorted(found["kinds"])
    weights = np.array([found["kinds"][kind] for kind in kinds])
    weights = (1 - UNIFORM) * weights / weights.sum() + UNIFORM / len(kinds)
    kind = kinds[int(rng.choice(len(kinds), p=weights))]
    side = draw_side("pneumothorax", rng, both=False)
    return side, kind, draw_quantile(found["air_width"][kind], rng)


def draw_quantile(
    quantiles: list[float], rng: np.random.Generator, *, uniform: float = UNIFORM
) -> float:
    """One value of a distribution given by its evenly spaced quantiles.

    `uniform` is the share of draws that are even in the logarithm between the ends.
    """
    values = np.asarray(quantiles, float)
    if rng.random() < uniform:
        return float(np.exp(rng.uniform(np.log(values[0]), np.log(values[-1]))))
    return float(np.interp(rng.random(), np.linspace(0, 1, len(values)), values))


def lungs_box(scene: Scene) -> tuple[int, int, int, int]:
    """Outer box of both aerated lungs, (x_min, y_min, x_max, y_max) in pixels, half-open.

    Raises:
        DataSetError: The scene shows no lung.
    """
    aerated = scene.lungs["right"].aerated | scene.lungs["left"].aerated
    columns, rows = np.flatnonzero(aerated.any(axis=0)), np.flatnonzero(aerated.any(axis=1))
    if len(rows) == 0:
        raise DataSetError("The scene shows no lung, expected one. Take a pose with both lungs.")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def lungs_width_mm(scene: Scene) -> float:
    """Outer width of both lungs in mm of the patient."""
    x0, _, x1, _ = lungs_box(scene)
    return (x1 - x0) / scene.px_per_mm


@cache
def _cumulated(finding: str) -> NDArray[np.float64]:
    """(cells,) cumulated shares of the grid of centres, rows from the apex down."""
    counts = np.asarray(statistics_of(finding)["grid"], float).ravel()
    return np.asarray(np.cumsum(counts) / counts.sum())
