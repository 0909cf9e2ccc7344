"""Drawn radiographs of other parts of the body, for the image check: what shows no lungs.

Every bone is a rod, an ellipsoid or a shell with a dense rim, every part a soft outline around
them. What counts is the path length of the rays, as on a real film; likeness beyond it is not
needed, since the check only has to learn that bright bones alone do not make a chest film.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
_SIDE = 256


class _Plate:
    """Path lengths of soft tissue and bone on a plate of unit height, x to the right."""

    def __init__(self, rng: np.random.Generator, width: float = 1.0) -> None:
        self.rng = rng
        self.shape = (_SIDE, max(64, round(_SIDE * width)))
        rows, columns = self.shape
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        self.x, self.y = (x + 0.5) / _SIDE, (y + 0.5) / _SIDE
        self.width = columns / _SIDE
        self.soft, self.bone = np.zeros(self.shape, np.float32), np.zeros(self.shape, np.float32)

    def rod(self, a: tuple[float, float], b: tuple[float, float], r0: float, r1: float) -> Float32:
        """Chord through a tapered rod from `a` to `b` with radii `r0` and `r1`."""
        ax, ay, dx, dy = a[0], a[1], b[0] - a[0], b[1] - a[1]
        along = ((self.x - ax) * dx + (self.y - ay) * dy) / max(dx * dx + dy * dy, 1e-6)
        along = np.clip(along, 0, 1)
        off = (self.x - ax - along * dx) ** 2 + (self.y - ay - along * dy) ** 2
        radius = r0 + (r1 - r0) * along
        return 2 * np.sqrt(np.maximum(radius * radius - off, 0)).astype(np.float32)

    def ellipsoid(
        self, c: tuple[float, float], rx: float, ry: float, depth: float, turn: float = 0.0
    ) -> Float32:
        """Chord through an ellipsoid whose half depth is `depth`."""
        cos, sin = np.cos(turn), np.sin(turn)
        u = ((self.x - c[0]) * cos + (self.y - c[1]) * sin) / rx
        v = ((self.y - c[1]) * cos - (self.x - c[0]) * sin) / ry
        return (2 * depth * np.sqrt(np.maximum(1 - u * u - v * v, 0))).astype(np.float32)

    def shell(
        self, c: tuple[float, float], rx: float, ry: float, thick: float, turn: float = 0.0
    ) -> Float32:
        """An ellipsoid less a smaller one: a skull, a pelvic wing."""
        outer = self.ellipsoid(c, rx, ry, min(rx, ry), turn)
        inner = self.ellipsoid(c, rx - thick, ry - thick, min(rx, ry) - thick, turn)
        return outer - inner

    def long_bone(self, a: tuple[float, float], b: tuple[float, float], r: float) -> None:
        """A shaft with a hollow and two thick ends."""
        flare = self.rng.uniform(1.2, 1.7)
        self.bone += self.rod(a, b, r, r) - 0.75 * self.rod(a, b, 0.55 * r, 0.55 * r)
        for end, other in ((a, b), (b, a)):
            turn = float(np.arctan2(other[1] - end[1], other[0] - end[0]))
            self.bone += 0.5 * self.ellipsoid(end, 1.3 * r, flare * r, flare * r, turn)

    def film(self) -> UInt8:
        """Expose and process: rays, scatter, shutters, a marker, noise, contrast."""
        rng = self.rng
        grain = cv2.GaussianBlur(rng.normal(0, 1, self.shape), (0, 0), rng.uniform(0.8, 2.0))
        bone = self.bone * (1 + np.float32(rng.uniform(0.1, 0.5)) * grain)
        soft = self.soft * (1 + 0.05 * cv2.GaussianBlur(rng.normal(0, 9, self.shape), (0, 0), 6.0))
        depth = soft + np.float32(rng.uniform(1.5, 4)) * bone
        depth = np.asarray(cv2.GaussianBlur(depth, (0, 0), rng.uniform(0.4, 1.3)))
        depth = depth + rng.uniform(0, 0.4) * np.asarray(cv2.GaussianBlur(depth, (0, 0), 12.0))
        top = np.percentile(depth, rng.uniform(97, 99.9)) + 1e-4
        shown = np.clip(depth / top, 0, 1.1) ** rng.uniform(0.45, 1.2)
        shown = shown + rng.normal(0, rng.uniform(0.003, 0.03), self.shape)
        picture = np.clip(shown * 235 + rng.uniform(0, 20), 0, 255).astype(np.uint8)
        if rng.random() < 0.5:
            place = (int(rng.uniform(0.03, 0.85) * self.shape[1]), int(rng.uniform(25, 240)))
            letter = "LR"[int(rng.integers(2))]
            cv2.putText(picture, letter, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 250, 2, cv2.LINE_AA)
        if rng.random() < 0.4:
            self._shutter(picture)
        return picture

    def _shutter(self, picture: UInt8) -> None:
        value = 0 if self.rng.random() < 0.7 else 255
        rows, columns = (int(self.rng.uniform(0.02, 0.12) * side) for side in picture.shape)
        picture[:rows] = picture[-rows:] = value
        picture[:, :columns] = picture[:, -columns:] = value


def _hand(rng: np.random.Generator) -> _Plate:
    """Five rays of three bones and the wrist; a foot is the same, longer and closer together."""
    plate = _Plate(rng, rng.uniform(0.6, 1.1))
    middle, spread = plate.width / 2, rng.uniform(0.12, 0.5)
    wrist = (middle + rng.normal(0, 0.03), rng.uniform(0.68, 0.85))
    for ray in range(5):
        angle = (ray - 2) * spread / 2 + rng.normal(0, 0.03) - np.pi / 2
        length = rng.uniform(0.5, 0.62) * (0.72 if ray in (0, 4) else 1.0)
        r, start = rng.uniform(0.014, 0.022), 0.1
        ray_end = None
        for part in (0.42, 0.26, 0.17, 0.12):
            stop = start + part * length
            a, b = (
                (wrist[0] + d * np.cos(angle), wrist[1] + d * np.sin(angle))
                for d in (start + 0.012, stop - 0.012)
            )
            plate.long_bone(a, b, r)
            start, r, ray_end = stop, r * 0.86, b
        if ray_end is not None:
            plate.soft = np.maximum(plate.soft, plate.rod(wrist, ray_end, 0.06, 0.03))
    for _ in range(8):
        at = (wrist[0] + rng.uniform(-0.08, 0.08), wrist[1] + rng.uniform(-0.1, 0.03))
        plate.bone += 0.7 * plate.ellipsoid(at, 0.03, 0.025, 0.025, rng.uniform(0, 3))
    for side in (-0.045, 0.045):
        end = (wrist[0] + side, 1.1)
        plate.long_bone((wrist[0] + side, wrist[1] + 0.05), end, rng.uniform(0.022, 0.034))
    plate.soft = np.maximum(plate.soft, plate.rod(wrist, (wrist[0], 1.2), 0.11, 0.1))
    return plate


def _limb(rng: np.random.Generator) -> _Plate:
    """One or two long bones with a joint: forearm, leg, knee, elbow, hip."""
    plate = _Plate(rng, rng.uniform(0.35, 1.0))
    joint = (plate.width / 2 + rng.normal(0, 0.05), rng.uniform(0.1, 0.9))
    thick = rng.uniform(0.025, 0.07)
    for way in (-1, 1):
        bend = rng.normal(0, 0.25)
        end = (joint[0] + bend, joint[1] + way * 1.2)
        pair = rng.random() < 0.5
        for k in (-1, 1) if pair else (0,):
            shift = k * thick * rng.uniform(0.7, 1.4)
            a = (joint[0] + shift, joint[1] + way * thick * 1.1)
            plate.long_bone(a, (end[0] + shift, end[1]), thick * (0.7 if pair else 1.0))
        reach = thick * rng.uniform(2.2, 4)
        plate.soft = np.maximum(plate.soft, plate.rod(joint, end, reach, reach * 0.9))
    return plate


def _pelvis(rng: np.random.Generator) -> _Plate:
    """Two wings, a ring, two hip joints, the lower spine, gas."""
    plate = _Plate(rng, rng.uniform(0.9, 1.3))
    middle = plate.width / 2
    plate.soft += plate.ellipsoid((middle, 0.45), 0.75 * plate.width, 0.9, 0.3)
    for side in (-1, 1):
        wing = (middle + side * rng.uniform(0.22, 0.27), rng.uniform(0.3, 0.38))
        plate.bone += 0.6 * plate.shell(wing, 0.2, 0.17, 0.03, side * rng.uniform(0.6, 1.0))
        hip = (middle + side * rng.uniform(0.25, 0.3), rng.uniform(0.56, 0.64))
        plate.bone += 0.8 * plate.ellipsoid(hip, 0.06, 0.06, 0.05)
        plate.bone += 0.6 * plate.shell(hip, 0.085, 0.085, 0.02)
        ring = (middle + side * 0.1, rng.uniform(0.7, 0.76))
        plate.bone += 0.6 * plate.shell(ring, 0.08, 0.06, 0.022, side * 0.6)
        shaft = (hip[0] + side * 0.1, hip[1] + 0.1)
        plate.long_bone(hip, shaft, 0.035)
        plate.long_bone(shaft, (shaft[0] + rng.normal(0, 0.03), 1.2), 0.045)
    _spine(plate, middle, top=-0.05, bottom=rng.uniform(0.3, 0.45))
    _gas(plate, (middle, 0.35), 0.25)
    return plate


def _spine(plate: _Plate, middle: float, *, top: float, bottom: float, size: float = 0.06) -> None:
    """A column of vertebrae with their processes."""
    rng = plate.rng
    curve, pitch = rng.normal(0, 0.03), size * rng.uniform(1.3, 1.7)
    for y in np.arange(top, bottom, pitch):
        x = middle + curve * np.sin(3 * y)
        body = plate.ellipsoid((x, y), size * 0.95, size * 0.55, size)
        plate.bone += 0.9 * np.minimum(body, size)
        plate.bone += 0.5 * plate.rod((x - 1.6 * size, y), (x + 1.6 * size, y), 0.012, 0.012)
        plate.bone += 0.5 * plate.ellipsoid((x, y + 0.3 * size), 0.014, 0.03, 0.03)


def _gas(plate: _Plate, center: tuple[float, float], spread: float) -> None:
    rng = plate.rng
    for _ in range(int(rng.integers(0, 14))):
        at = (center[0] + rng.normal(0, spread), center[1] + rng.normal(0, spread))
        size = rng.uniform(0.015, 0.07)
        hole = plate.ellipsoid(
            at, size, size * rng.uniform(0.5, 1.3), size * 1.5, rng.uniform(0, 3)
        )
        plate.soft = np.maximum(plate.soft - hole, 0)


def _abdomen(rng: np.random.Generator) -> _Plate:
    """Spine, gas, the upper edge of the pelvis; or the lumbar spine alone."""
    plate = _Plate(rng, rng.uniform(0.45, 0.95))
    middle = plate.width / 2
    plate.soft += plate.ellipsoid((middle, 0.5), 0.62 * plate.width, 1.1, 0.35)
    _spine(plate, middle, top=-0.05, bottom=1.1, size=rng.uniform(0.045, 0.09))
    _gas(plate, (middle, 0.5), 0.3)
    for side in (-1, 1):
        if rng.random() < 0.6:
            wing = (middle + side * 0.3, rng.uniform(0.9, 1.05))
            plate.bone += 0.5 * plate.shell(wing, 0.22, 0.18, 0.03, side * 0.8)
        for k in range(int(rng.integers(0, 4))):
            a = (middle + side * 0.07, 0.02 + 0.09 * k)
            b = (middle + side * rng.uniform(0.3, 0.45), a[1] + rng.uniform(0.05, 0.2))
            plate.bone += 0.4 * plate.rod(a, b, 0.013, 0.011)
    return plate


def _skull(rng: np.random.Generator) -> _Plate:
    """From the front or the side: vault, orbits or base, jaw, teeth, neck."""
    plate = _Plate(rng, rng.uniform(0.75, 1.05))
    x, y = plate.width / 2 + rng.normal(0, 0.03), rng.uniform(0.36, 0.44)
    wide = rng.uniform(0.27, 0.42)
    plate.soft += plate.ellipsoid((x, y), wide + 0.03, 0.36, 0.3)
    plate.soft += plate.rod((x, y + 0.3), (x + rng.normal(0, 0.1), 1.2), 0.2, 0.22)
    plate.bone += 0.8 * plate.shell((x, y), wide, 0.34, rng.uniform(0.018, 0.035))
    from_front = rng.random() < 0.5
    jaw = x if from_front else x - 0.2
    for side in (-1, 1):
        eye = (jaw + side * (0.11 if from_front else 0.03), y + 0.1)
        plate.bone += 0.5 * plate.shell(eye, 0.075, 0.06, 0.014)
        plate.soft = np.maximum(plate.soft - plate.ellipsoid((jaw, y + 0.18), 0.05, 0.08, 0.1), 0)
        plate.bone += plate.rod((jaw + side * 0.16, y + 0.2), (jaw, y + 0.44), 0.025, 0.03)
    for k in range(-5, 6):
        for row in (0.0, 0.055):
            tooth = (jaw + 0.022 * k, y + 0.31 + row)
            plate.bone += plate.ellipsoid(tooth, 0.009, 0.025, 0.03)
    _spine(plate, x + (0.0 if from_front else 0.06), top=y + 0.36, bottom=1.1, size=0.05)
    return plate


def _teeth(plate: _Plate, center: float, *, half: int, bow: float, pitch: float) -> None:
    """Two rows of teeth with roots along a bow."""
    rng = plate.rng
    for k in range(-half, half + 1):
        if rng.random() < 0.08:
            continue
        x = plate.width / 2 + k * pitch
        y = center + bow * (k / half) ** 2
        for way in (-1, 1):
            length = rng.uniform(1.3, 2.2) * pitch
            crown = (x + rng.normal(0, 0.003), y + way * 0.5 * pitch)
            plate.bone += 1.6 * plate.ellipsoid(crown, 0.46 * pitch, 0.6 * pitch, 0.5 * pitch)
            root = (x + rng.normal(0, 0.1 * pitch), y + way * length)
            plate.bone += 0.8 * plate.rod(crown, root, 0.33 * pitch, 0.12 * pitch)
            if rng.random() < 0.15:
                plate.bone += 4 * plate.ellipsoid(crown, 0.3 * pitch, 0.3 * pitch, 0.4 * pitch)


def _panoramic(rng: np.random.Generator) -> _Plate:
    """Both jaws unrolled: two rows of teeth, the lower jaw as a wide bow, rami, spine shadow."""
    plate = _Plate(rng, rng.uniform(1.6, 2.2))
    middle = plate.width / 2
    plate.soft += 0.15 + plate.ellipsoid((middle, 0.5), 0.6 * plate.width, 0.8, 0.25)
    plate.soft += plate.ellipsoid((middle, 0.5), 0.12, 0.9, 0.2)  # the spine, smeared out
    bow = rng.uniform(-0.18, -0.06)
    steps = np.linspace(-1, 1, 15)
    edge = [(middle + 0.78 * s * middle, 0.86 + (bow - 0.16) * s * s) for s in steps]
    for a, b in pairwise(edge):
        plate.bone += 0.35 * plate.rod(a, b, 0.055, 0.055)
    for side in (-1, 1):
        corner = (middle + side * 0.78 * middle, 0.7 + bow)
        top = (middle + side * rng.uniform(0.82, 0.9) * middle, rng.uniform(0.12, 0.22))
        plate.bone += 0.6 * plate.rod(corner, top, 0.08, 0.035)
        plate.soft = np.maximum(
            plate.soft - plate.ellipsoid((middle + side * 0.35 * middle, 0.28), 0.16, 0.1, 0.25), 0
        )
    plate.bone += 0.3 * plate.rod((0.1, 0.2), (plate.width - 0.1, 0.2), 0.03, 0.03)
    pitch = plate.width * rng.uniform(0.034, 0.043)
    _teeth(plate, rng.uniform(0.5, 0.58), half=8, bow=bow, pitch=pitch)
    return plate


def _bitewing(rng: np.random.Generator) -> _Plate:
    """A few teeth, large."""
    plate = _Plate(rng, rng.uniform(0.75, 1.4))
    plate.soft += np.float32(rng.uniform(0.1, 0.4))
    plate.bone += 0.12 + 0.1 * plate.ellipsoid((plate.width / 2, 1.0), 1.0, 0.5, 1.0)
    pitch = rng.uniform(0.16, 0.26)
    _teeth(plate, rng.uniform(0.35, 0.65), half=3, bow=rng.normal(0, 0.08), pitch=pitch)
    return plate


def _neck(rng: np.random.Generator) -> _Plate:
    """Cervical or lumbar spine from the side."""
    plate = _Plate(rng, rng.uniform(0.5, 0.9))
    size, lean = rng.uniform(0.05, 0.11), rng.normal(0, 0.2)
    start = plate.width / 2 + rng.normal(0, 0.05)
    plate.soft += plate.rod((start, -0.1), (start + lean, 1.1), rng.uniform(0.2, 0.4), 0.4)
    for y in np.arange(-0.05, 1.1, size * rng.uniform(1.25, 1.5)):
        x = start + lean * y + 0.06 * np.sin(2.5 * y)
        box = plate.ellipsoid((x, y), size, size * 0.6, size)
        plate.bone += np.minimum(box, 1.1 * size)
        plate.bone += 0.5 * plate.rod(
            (x + size, y), (x + 3 * size, y + size), 0.2 * size, 0.15 * size
        )
    plate.soft = np.maximum(
        plate.soft - plate.rod((start - 0.18, 0), (start - 0.15, 1), 0.04, 0.04), 0
    )
    return plate


def _breast(rng: np.random.Generator) -> _Plate:
    plate = _Plate(rng, rng.uniform(0.6, 0.9))
    plate.soft += plate.ellipsoid((0.0, 0.5), 0.7 * plate.width, rng.uniform(0.3, 0.45), 0.2)
    grain = cv2.GaussianBlur(rng.normal(0, 1, plate.shape), (0, 0), rng.uniform(2, 8))
    plate.soft *= np.clip(1 + 2.5 * grain, 0.3, 2.5).astype(np.float32)
    return plate


_MAKERS: tuple[Callable[[np.random.Generator], _Plate], ...] = (
    _hand,
    _limb,
    _pelvis,
    _abdomen,
    _skull,
    _panoramic,
    _bitewing,
    _neck,
    _breast,
)

# Names of the parts in the order in which they are drawn.
PARTS = tuple(maker.__name__.removeprefix("_") for maker in _MAKERS)


def other_radiographs(count: int, *, seed: int = 0) -> list[UInt8]:
    """Drawn films of hands, limbs, pelvises, abdomens, skulls, teeth, spines and breasts, in turn.

    Each is (256, W) uint8, bright = dense; a sixth lies on its side and a tenth is inverted.
    """
    rng = np.random.default_rng(seed)
    films = []
    for i in range(count):
        film = _MAKERS[i % len(_MAKERS)](rng).film()
        film = np.rot90(film, int(rng.integers(4))) if rng.random() < 1 / 6 else film
        film = 255 - film if rng.random() < 0.1 else film
        films.append(np.ascontiguousarray(film, dtype=np.uint8))
    return films
