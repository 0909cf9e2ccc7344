"""LocalMAP (Wang et al., AAAI 2025): neighbours stay neighbours; how far groups are says little.

Of the package pacmap, an extra: it brings a compiler (numba) that the app does without.
"""

import warnings

import numpy as np

from explorer.entities import Float32

TITLE = "LocalMAP"
NEEDS = "pacmap"
_FEWEST = 30  # points; below, neighbours are nearly all


def place(vectors: Float32, *, seed: int) -> tuple[Float32, str]:
    """(N, 2) coordinates of (N, D) points, and a sentence on what they keep."""
    from explorer.prototypes.planes import pca

    if len(vectors) < _FEWEST:
        return pca.place(vectors, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that a seed makes it slower
        import pacmap

        plane = pacmap.LocalMAP(n_components=2, random_state=seed).fit_transform(vectors)
    plane = np.asarray(plane, dtype=np.float32)
    kept = neighbours_kept(vectors, plane, seed=seed)
    said = f"LocalMAP keeps {100 * kept:.0f} % of the ten nearest neighbours"
    return plane, f"{said}; how far groups lie from each other says little."


def neighbours_kept(
    vectors: Float32, plane: Float32, *, seed: int, near: int = 10, most: int = 500
) -> float:
    """Share of the nearest neighbours among the points that are so on the plane too, [0, 1].

    Args:
        vectors: (N, D) unit rows.
        plane: (N, 2).
        seed: Of the points that are asked.
        near: Neighbours of a point.
        most: Points that are asked.
    """
    asked = np.random.default_rng(seed).permutation(len(vectors))[:most]
    likeness = vectors[asked] @ vectors.T
    squares = (plane**2).sum(axis=1)
    closeness = 2 * plane[asked] @ plane.T - squares
    for table in (likeness, closeness):
        table[np.arange(len(asked)), asked] = -np.inf
    first = np.argpartition(-likeness, near, axis=1)[:, :near]
    second = np.argpartition(-closeness, near, axis=1)[:, :near]
    shared = [len(np.intersect1d(a, b)) / near for a, b in zip(first, second, strict=True)]
    return float(np.mean(shared))
