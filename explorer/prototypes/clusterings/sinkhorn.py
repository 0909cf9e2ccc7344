"""Online codes of SwAV (Caron et al., 2020): batches are shared out evenly among the prototypes.

Differs from the paper: the vectors are those of a trained checkpoint and stay as they are, so there
are no two views, and a prototype moves to the mean of what its codes give it instead of along a
gradient.
"""

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import unit
from explorer.entities import Float32
from explorer.prototypes.records import Assignments

TITLE = "Sinkhorn codes"
ABOUT = "Prototypes of even size, learned batch by batch; every point belongs to one."
EPSILON = 0.05
ITERATIONS = 3
BATCH = 1024
EPOCHS = 30
_SLOWEST = 0.05  # share of a prototype that the last batches still replace


def sinkhorn_codes(
    scores: NDArray[np.floating], *, epsilon: float = EPSILON, iterations: int = ITERATIONS
) -> NDArray[np.float64]:
    """Codes (B, K) whose rows sum to 1 and whose columns are nearly even (algorithm 1).

    Args:
        scores: (B, K) cosines of points with prototypes.
        epsilon: Smoothness; small is sharp.
        iterations: Rounds of evening out columns, then rows.

    >>> sinkhorn_codes(np.array([[1.0, 0.0], [0.0, 1.0]]), epsilon=1.0).round(3).tolist()
    [[0.731, 0.269], [0.269, 0.731]]
    """
    logits = np.asarray(scores, dtype=np.float64) / epsilon
    codes = np.exp(logits - logits.max())
    codes /= codes.sum()
    batch, prototypes = codes.shape
    for _ in range(iterations):
        codes /= np.maximum(codes.sum(axis=0, keepdims=True), 1e-300) * prototypes
        codes /= np.maximum(codes.sum(axis=1, keepdims=True), 1e-300) * batch
    return np.asarray(codes * batch, dtype=np.float64)


def cluster(vectors: Float32, *, granularity: int, seed: int) -> Assignments:
    """(N,) prototype of each unit vector (N, D): the largest score after the last epoch."""
    rng = np.random.default_rng(seed)
    centres = _spread(vectors, granularity, rng)
    for epoch in range(EPOCHS):
        rate = max(_SLOWEST, 1 / (1 + epoch))
        for rows in _batches(len(vectors), granularity, rng):
            batch = vectors[rows]
            codes = sinkhorn_codes(batch @ centres.T)
            means = unit((codes.T @ batch).astype(np.float32))
            centres = unit((1 - rate) * centres + rate * means)
    return np.asarray((vectors @ centres.T).argmax(axis=1), dtype=np.int32)


def _batches(count: int, granularity: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Even batches in random order; one holds several points for each prototype."""
    size = max(BATCH, 8 * granularity)
    return np.array_split(rng.permutation(count), max(1, round(count / size)))


def _spread(vectors: Float32, granularity: int, rng: np.random.Generator) -> Float32:
    """Starting points far from each other, drawn as in k-means++."""
    chosen = [int(rng.integers(len(vectors)))]
    far = 1 - vectors @ vectors[chosen[0]]
    for _ in range(granularity - 1):
        weights = np.clip(far, 0, None).astype(np.float64)
        total = weights.sum()
        weights = weights / total if total > 0 else np.full(len(vectors), 1 / len(vectors))
        chosen.append(int(rng.choice(len(vectors), p=weights)))
        far = np.minimum(far, 1 - vectors @ vectors[chosen[-1]])
    return vectors[chosen].copy()
