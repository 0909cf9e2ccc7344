"""What every finding file provides: a card with its words, and how it enters a scene."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32, Side, Zone
from explorer.phantom.scene import SIDES, Scene

Severity = Literal["mild", "moderate", "severe"]
Mask = NDArray[np.bool_]
ZONES: tuple[Zone, ...] = ("upper", "mid", "lower")


@dataclass(frozen=True, slots=True)
class Card:
    """The words of one finding; the grammar builds phrases and sentences from them.

    Attributes:
        name: The usual name, as an image-level label says it.
        kind: "finding" or "device".
        frequency: Relative chance in a study with findings (PA) and in a portable one (AP).
        nouns: Synonyms, singular, without article; the first is the usual one.
        plural: Form for both sides; empty when it has none.
        countable: Whether "a" is said before it.
        place: How finely its place is usually said.
        adjectives: Severity -> words for size or degree.
        qualities: Words that may stand before the noun at any severity.
        templates: Whole phrases of this finding alone; may use {side}, {zone}, {lobe}, {size}.
        absent: Sentences that deny it.
        labels: Names in other label sets that this finding answers to.
        halo_mm: Rim around the mask in which its change may fade; None takes that of its kind.
    """

    name: str
    kind: Literal["finding", "device"]
    frequency: tuple[float, float]
    nouns: tuple[str, ...]
    place: Literal["zone", "side", "none"]
    absent: tuple[str, ...]
    plural: str = ""
    countable: bool = False
    adjectives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    qualities: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    halo_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Inserted:
    """A finding as it was put in.

    Attributes:
        mask: (S, S) bool, exactly the pixels it changed (above its visibility limit).
        side, zone: Where; None when the finding has no side or spans zones.
        severity: Degree in three steps.
        lobe: E.g. "right upper lobe", when it keeps to one.
        size_mm: Diameter or thickness when it has one.
        details: Further words for templates, e.g. {"size": "12 mm"}.
        templates: Phrases that hold for this very insertion only.
        beyond: (S, S) bool, what it moved beside the mask on purpose, e.g. the mediastinum that a
            tension pneumothorax pushes aside; None = nothing.
    """

    mask: Mask
    side: Side | None
    zone: Zone | None
    severity: Severity
    lobe: str | None = None
    size_mm: float | None = None
    templates: tuple[str, ...] = ()
    beyond: Mask | None = None


def pick_side(rng: np.random.Generator, *, right: float = 0.5) -> Side:
    """Right or left."""
    return "right" if rng.random() < right else "left"


def severity_of(value: float, low: float, high: float) -> Severity:
    """Mild below `low`, severe above `high`."""
    return "mild" if value < low else "severe" if value > high else "moderate"


def distance_mm(
    scene: Scene, x: float, y: float, *, flat: float = 1.0, turn: float = 0.0
) -> Float32:
    """Distance in mm of every pixel to (x, y); `flat` stretches along a direction `turn`."""
    rows, columns = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32) + 0.5
    dx, dy = columns - x, rows - y
    along = (dx * np.cos(turn) + dy * np.sin(turn)) / np.sqrt(flat)
    across = (dy * np.cos(turn) - dx * np.sin(turn)) * np.sqrt(flat)
    return (np.hypot(along, across) / scene.px_per_mm).astype(np.float32)


def lobe_at(scene: Scene, side: Side, x: float, y: float) -> str | None:
    """The lobe that takes most of the ray at a pixel, when it clearly does."""
    names = ("RUL", "RML", "RLL") if side == "right" else ("LUL", "LLL")
    row, column = int(y), int(x)
    depth = np.array([scene.lobe(name)[row, column] for name in names])
    if depth.sum() <= 0 or depth.max() / depth.sum() < 0.6:
        return None
    words = {"U": "upper", "M": "middle", "L": "lower"}
    return f"{side} {words[names[int(np.argmax(depth))][1]]} lobe"


def visible(added: Float32, *, share: float = 0.3, least_cm: float = 0.15) -> Mask:
    """Pixels where an addition reaches `share` of its robust maximum and `least_cm` at all."""
    if not (added > least_cm).any():
        return np.zeros(added.shape, bool)
    top = float(np.percentile(added[added > least_cm], 95))
    return without_crumbs(added > max(least_cm, share * top))


def without_crumbs(mask: Mask) -> Mask:
    """Drop connected parts below a twelfth of the largest: they are not findings of their own."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    areas = stats[:, cv2.CC_STAT_AREA]
    areas[0] = 0
    kept = np.flatnonzero(areas >= 1 / 12 * areas.max()) if count > 1 else np.array([], int)
    return np.isin(labels, kept)


def rounded(mask: Mask, *, radius_px: float) -> Mask:
    """A mask without notches and spurs narrower than twice the radius, in one or few pieces."""
    side = 2 * max(1, round(radius_px)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc)
    return without_crumbs(cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc) > 0)


def seen_against(scene: Scene) -> Mask:
    """Where an opacity can be told: not below the costophrenic angle of its lung."""
    hidden = np.zeros(scene.shape, bool)
    for lung in scene.lungs.values():
        hidden |= lung.full & (lung.height > 1.0)
    return ~hidden


def outer_distance_mm(scene: Scene, side: Side) -> Float32:
    """Distance of every pixel to the chest wall side of a lung: ribs and apex, not mediastinum."""
    lung = scene.lungs[side]
    rows = np.flatnonzero(lung.aerated.any(axis=1))
    beyond = np.zeros(scene.shape, bool)
    if len(rows) == 0:
        return np.full(scene.shape, 1e3, np.float32)
    beyond[: rows[0]] = True
    columns = np.arange(scene.shape[1])
    for row in rows:
        inside = np.flatnonzero(lung.aerated[row])
        beyond[row] = columns < inside[0] if side == "right" else columns > inside[-1]
    free = (~beyond).astype(np.uint8)
    return cv2.distanceTransform(free, cv2.DIST_L2, 5) / np.float32(scene.px_per_mm)


def sides_of(side: Side) -> tuple[Side, ...]:
    """The lungs that a side speaks of."""
    return SIDES if side == "bilateral" else (side,)
