"""The first two principal components: quick, the same every time, and far from all of the truth."""

import numpy as np

from explorer.entities import Float32

TITLE = "PCA"
NEEDS = ""  # libraries of an extra


def place(vectors: Float32, *, seed: int) -> tuple[Float32, str]:  # noqa: ARG001 - nothing is drawn
    """(N, 2) coordinates of (N, D) points, and a sentence on what they keep.

    A component has no sign of its own; the largest coordinate is made positive.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    values, directions = np.linalg.eigh(centred.T @ centred)  # rising
    plane = centred @ directions[:, ::-1][:, :2]
    if plane.shape[1] < 2:
        plane = np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
    largest = np.abs(plane).argmax(axis=0)
    plane *= np.where(plane[largest, [0, 1]] < 0, -1.0, 1.0)
    total = float(values.sum())
    kept = float(values[::-1][:2].sum()) / total if total > 0 else 0.0
    said = f"two principal components keep {100 * kept:.0f} % of the variance"
    return plane.astype(np.float32), f"{said}, so near on the map is not always alike."
