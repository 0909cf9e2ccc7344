"""Made-up vectors for the tests of heads: what they share is known."""

from typing import Any

import numpy as np

from explorer.entities import Float32
from explorer.methods._heads import HeadData


def unit(vectors: Any) -> Float32:
    """Rows of unit norm."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def head_data(images: Float32, said: Float32, **changes: Any) -> HeadData:
    """One phrase a film and nothing else known, but for what `changes` says."""
    count, dimension = images.shape
    each = np.arange(count)
    known: dict[str, Any] = {
        "space_id": "toy",
        "images": images,
        "phrases": said,
        "owner": each,
        "regions": np.zeros((0, dimension), np.float32),
        "film": np.zeros(0, np.intp),
        "region": np.full(count, -1),
        "text": each,
        "patches": np.zeros((count, 0, dimension), np.float32),
        "counts": np.zeros((count, 0), np.float32),
        "labels": np.zeros((count, 0), np.float32),
        "names": (),
        "name_vectors": np.zeros((0, dimension), np.float32),
        "scoring": None,
        "ids": tuple(f"film-{k}" for k in each),
        "groups": tuple(f"patient-{k}" for k in each),
    }
    return HeadData(**(known | changes))
