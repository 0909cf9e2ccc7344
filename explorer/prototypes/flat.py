"""Points on a plane: the first two principal components, the same every time."""

import numpy as np

from explorer.entities import Float32


def on_a_plane(vectors: Float32) -> tuple[Float32, float]:
    """(N, 2) coordinates, and the share of the variance that they keep, [0, 1].

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
    return plane.astype(np.float32), kept
