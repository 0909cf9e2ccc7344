"""What happens to pixels between the model frame and the image tower."""

import numpy as np
from numpy.typing import NDArray


def standardise(
    pixels: NDArray[np.floating], inside: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Zero mean and unit deviation over the radiograph, 0 in the padding around it.

    Args:
        pixels: (S, S) in [0, 1], in the model frame.
        inside: (S, S), True where the radiograph is; all when None.
    """
    seen = pixels if inside is None else pixels[inside]
    if seen.size == 0:
        return np.zeros_like(pixels, dtype=np.float32)
    result = ((pixels - seen.mean()) / (seen.std() + 1e-3)).astype(np.float32)
    if inside is not None:
        result[~inside] = 0.0
    return result
