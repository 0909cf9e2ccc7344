"""A film's picture in the index: WebP of at most the side of the model input, so it can be opened.

At that size a thumbnail is nearly what the encoder saw, so a film whose file is gone, or whose
path was never stored, still opens.
"""

import cv2
import numpy as np

from explorer.entities import Float32
from explorer.errors import RetrievalError

SIDE = 320
_QUALITY = 80


def to_thumbnail(pixels: Float32, *, side: int = SIDE) -> bytes:
    """Shrink pixels (H, W) in [0, 1] to a WebP whose longer side is at most `side`."""
    height, width = pixels.shape
    shrink = min(1.0, side / max(height, width))
    shape = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
    grey = np.round(np.clip(small, 0, 1) * 255).astype(np.uint8)
    done, data = cv2.imencode(".webp", grey, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    if not done:
        raise RetrievalError("A thumbnail cannot be written as WebP by this build of OpenCV.")
    return bytes(data.tobytes())


def from_thumbnail(data: bytes) -> Float32:
    """Pixels (H, W) in [0, 1] of a thumbnail.

    Raises:
        RetrievalError: The bytes are no picture.
    """
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if read is None:
        raise RetrievalError("A thumbnail of the index is damaged. Build the index again.")
    return np.asarray(read, dtype=np.float32) / np.float32(255)
