"""Bending tissues: where a layer's pixels go, and how the landmarks and lungs follow."""

from collections.abc import Sequence

import cv2
import numpy as np

from explorer.entities import Float32, Side
from explorer.phantom.scene import LOBES_OF, Lung, Scene, measure_lungs
from explorer.phantom.textures import blur


def bend(layer: Float32, *, dx: Float32 | float = 0.0, dy: Float32 | float = 0.0) -> Float32:
    """Layer whose pixel (x, y) shows what was at (x + dx, y + dy); pixels, edges repeated."""
    rows, columns = np.mgrid[: layer.shape[0], : layer.shape[1]].astype(np.float32)
    map_x, map_y = np.float32(1) * columns + dx, np.float32(1) * rows + dy
    moved = cv2.remap(
        layer,
        np.asarray(map_x, np.float32),
        np.asarray(map_y, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.float32)


def carry_landmarks(scene: Scene, names: Sequence[str], *, dx: Float32) -> None:
    """Move landmarks sideways with the tissue that `bend(dx=dx)` moved."""
    height, width = scene.shape
    for name in names:
        if name not in scene.landmarks:
            continue
        line = scene.landmarks[name].copy()
        rows = np.clip(line[:, 1].astype(int), 0, height - 1)
        columns = np.clip(line[:, 0].astype(int), 0, width - 1)
        line[:, 0] -= dx[rows, columns]
        scene.landmarks[name] = line


def measure_again(scene: Scene) -> None:
    """Renew the lungs' geometry after they were bent."""
    scene.lungs = measure_lungs(scene.layers, px_per_mm=scene.px_per_mm)


def dome_rows(lung: Lung, *, px_per_mm: float) -> tuple[Float32, Float32] | None:
    """The diaphragm's edge below one lung.

    Args:
        lung: Geometry of the lung.
        px_per_mm: Pixels a millimetre.

    Returns:
        (W,) row of the dome in each column, continued beyond the lung, and (W,) place of the
        column: 0 at the dome's medial end, 1 at the ribs, outside [0, 1] beyond. None when
        the lung's base is narrower than 3 cm.
    """
    low = lung.aerated & (lung.height > 0.4)
    columns = np.flatnonzero(low.any(axis=0))
    if len(columns) < 30 * px_per_mm:
        return None
    tall = lung.aerated.shape[0]
    start = np.where(low.any(axis=0), low.argmax(axis=0), tall)
    ended = ~lung.aerated & (np.arange(tall)[:, None] > start[None])
    rows = ended.argmax(axis=0).astype(np.float32)
    known = columns[rows[columns] > 0]
    if len(known) < 30 * px_per_mm:
        return None
    filled = np.interp(np.arange(len(rows)), known, rows[known]).astype(np.float32)
    even = blur(np.repeat(filled[None], 5, axis=0), 3.0 * px_per_mm)[2]
    first, last = _gentle(even, first=int(known[0]), last=int(known[-1]))
    if last - first < 30 * px_per_mm:
        return None
    place = (np.arange(len(rows)) - first) / max(1, last - first)
    ribs_first = lung.lateral[:, known[0]].max() > lung.lateral[:, known[-1]].max()
    return even, (1 - place if ribs_first else place).astype(np.float32)


def _gentle(line: Float32, *, first: int, last: int) -> tuple[int, int]:
    """Ends of the part around the middle of [first, last] that is nowhere steeper than 67 deg."""
    steep = np.flatnonzero(np.abs(np.diff(line)) > 2.4)
    middle = (first + last) // 2
    before, after = steep[steep < middle], steep[steep >= middle]
    return (
        max(first, int(before[-1]) + 1) if len(before) else first,
        min(last, int(after[0])) if len(after) else last,
    )


def flatten_dome(
    scene: Scene, side: Side, edge: tuple[Float32, Float32], *, share: float, fall_px: float
) -> Float32:
    """Press one half of the diaphragm down and flat.

    Args:
        scene: As in `move_dome`.
        side: One lung.
        edge: Rows of the dome and places of the columns, of `dome_rows`.
        share: Of the height of the dome over its lowest part, which is lost.
        fall_px: How far all of it comes down besides.

    Returns:
        (W,) pixels that it came down.
    """
    px = scene.px_per_mm
    dome, place = edge
    low = float(np.percentile(dome[(place >= 0) & (place <= 1)], 92))
    drop = share * np.clip(low - dome, 0, None) + fall_px
    within = np.clip((place + 0.12) / 0.2, 0, 1) * np.clip((1.1 - place) / 0.2, 0, 1)
    lift = -blur(np.repeat((drop * within)[None].astype(np.float32), 5, axis=0), 4 * px)[2]
    move_dome(scene, side, lift=lift, dome=dome, room_px=max(40 * px, 1.2 * -lift.min()))
    return -lift


_UNDER_DOME = ("abdomen", "T_abdomen", "wall", "mediastinum")


def move_dome(scene: Scene, side: Side, *, lift: Float32, dome: Float32, room_px: float) -> Float32:
    """Raise or lower one half of the diaphragm, with what lies below it.

    Above the new dome nothing changes where it rises; where it falls, the lower lung is drawn out.
    `room_px` below the old dome everything is in its old place again.

    Args:
        scene: Its layers are changed; the lungs are measured again.
        side: One lung.
        lift: (W,) pixels upwards, negative downwards, 0 where nothing moves.
        dome: (W,) rows of the old dome.
        room_px: Depth below the dome that is stretched or pressed.

    Returns:
        (S, S) change of the path in cm of water, absolute, without tissue weights.
    """
    names = [*_UNDER_DOME, *LOBES_OF[side], *(f"T_{lobe}" for lobe in LOBES_OF[side])]
    rows = np.arange(scene.shape[0], dtype=np.float32)[:, None]
    lift, dome = lift[None], dome[None]
    up, down = np.clip(lift, 0, None), np.clip(-lift, 0, None)
    # Share of the way from the new dome to where all is as before; dense soon below the edge.
    way = np.clip((rows - dome + up) / (up + room_px), 0, 1)
    rest = np.where(way > 0, dome + room_px * way**0.6 - rows, up)
    rest = np.where((way < 1) & (up > 0), rest, 0).astype(np.float32)
    # Six millimetres above its edge the dome already thins the lung.
    fade = np.clip((rows - dome + up) / (6 * scene.px_per_mm) + 1, 0, 1)
    fade = fade * fade * (3 - 2 * fade)
    sink = down * np.clip((dome + down + room_px - rows) / room_px, 0, 1)
    middle = float(np.median(dome)) - 90 * scene.px_per_mm
    drawn = sink * np.clip((rows - middle) / np.maximum(1, dome + down - middle), 0, 1)
    before = _path(scene, names)
    for name in names:
        layer = scene.layers[name]
        raised = bend(layer, dy=rest)
        layer = np.where(up > 0, layer * (1 - fade) + raised * fade, layer).astype(np.float32)
        own = drawn if "lung" in name else sink
        scene.layers[name] = bend(layer, dy=-own)
    measure_again(scene)
    return np.abs(_path(scene, names) - before)


def _path(scene: Scene, names: Sequence[str]) -> Float32:
    return np.sum([scene.layers[n] for n in names if not n.startswith("T_")], axis=0)
