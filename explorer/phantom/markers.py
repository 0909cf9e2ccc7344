"""What technologists and patients leave on the film: markers, text, shutters, leads, jewellery."""

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, draw_curve, smooth_curve

_WORDS = ("PORTABLE", "AP", "SUPINE", "ERECT", "UPRIGHT", "SEMI-ERECT", "PA", "MOBILE", "SITTING")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)


def scatter_leads(scene: Scene, rng: np.random.Generator) -> None:
    """ECG electrodes and cables that no report mentions: learned as noise, not as devices."""
    px = scene.px_per_mm
    height, width = scene.shape
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.8) * height
        canvas = np.zeros(scene.shape, np.uint8)
        cv2.circle(canvas, (int(x), int(y)), max(1, round(rng.uniform(2.5, 5) * px)), 255, -1)
        far = (x + rng.normal(0, 90) * px, height * rng.choice([-0.05, 1.05]))
        bend = (x + rng.normal(0, 50) * px, y + rng.normal(0, 50) * px)
        cable = draw_curve(scene.shape, smooth_curve(np.array([(x, y), bend, far])), width=1.6 * px)
        drawn = canvas.astype(np.float32) / 255 * 0.9 + cable * 0.45
        scene.extra += blur(drawn, 0.3 * px) * np.float32(rng.uniform(0.4, 1.2))


def stamp_markers(shown: Float32, rng: np.random.Generator, *, view: str) -> Float32:
    """Side marker (patient's left at the image's right) and sometimes words, white or boxed."""
    height, width = shown.shape
    scale = height / 320
    if rng.random() < 0.85:
        side = "L" if rng.random() < 0.6 else "R"
        x = rng.uniform(0.84, 0.95) if side == "L" else rng.uniform(0.02, 0.12)
        shown = _stamp(shown, side, (x * width, rng.uniform(0.05, 0.3) * height), rng, scale=scale)
    words = [w for w in _WORDS if view == "AP" or w not in {"PORTABLE", "AP", "MOBILE", "SUPINE"}]
    if rng.random() < (0.6 if view == "AP" else 0.1):
        place = (rng.uniform(0.03, 0.75) * width, rng.uniform(0.04, 0.14) * height)
        shown = _stamp(shown, str(rng.choice(words)), place, rng, scale=scale * 0.6)
    return shown


def _stamp(
    shown: Float32,
    text: str,
    place: tuple[float, float],
    rng: np.random.Generator,
    *,
    scale: float,
) -> Float32:
    font = _FONTS[int(rng.integers(len(_FONTS)))]
    size = scale * rng.uniform(0.45, 0.8) * (1.6 if font == cv2.FONT_HERSHEY_PLAIN else 1.0)
    thick = max(1, round(scale * rng.uniform(0.8, 2)))
    canvas: NDArray[np.uint8] = np.zeros(shown.shape, np.uint8)
    origin = (int(place[0]), int(place[1]))
    cv2.putText(canvas, text, origin, font, size, 255, thick, cv2.LINE_AA)
    if rng.random() < 0.2:
        centre = (origin[0] + round(8 * scale), origin[1] - round(6 * scale))
        cv2.circle(canvas, centre, round(13 * scale), 255, thick, cv2.LINE_AA)
    if rng.random() < 0.6:
        turn = cv2.getRotationMatrix2D(place, float(rng.normal(0, 8)), 1.0)
        turned = cv2.warpAffine(canvas, turn, (shown.shape[1], shown.shape[0]))
        canvas = np.asarray(turned, np.uint8)
    ink = canvas.astype(np.float32) / 255
    bright = rng.uniform(0.85, 1.0)
    return (shown * (1 - ink) + bright * ink).astype(np.float32)


def close_shutters(shown: Float32, rng: np.random.Generator) -> Float32:
    """Collimated borders: black, or white as some digitised films have them; slightly turned."""
    if rng.random() > 0.45:
        return shown
    height, width = shown.shape
    edges = np.clip(rng.normal(0.0, 0.025, 4), 0, 0.08)
    corners = np.array(
        [
            [edges[0] * width, edges[1] * height],
            [width * (1 - edges[2]), edges[1] * height],
            [width * (1 - edges[2]), height * (1 - edges[3])],
            [edges[0] * width, height * (1 - edges[3])],
        ]
    ) + rng.normal(0, 0.004, (4, 2)) * [width, height]
    lit = np.zeros(shown.shape, np.uint8)
    cv2.fillConvexPoly(lit, np.round(corners * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    open_share = lit.astype(np.float32) / 255
    border = 1.0 if rng.random() < 0.15 else float(rng.uniform(0, 0.06))
    return (shown * open_share + border * (1 - open_share)).astype(np.float32)
