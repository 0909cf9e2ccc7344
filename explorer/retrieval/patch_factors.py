"""A patch grid in some kilobytes: its best approximation of low rank, in whole numbers.

A film's patches differ in few directions. The truncated singular value decomposition (Eckart and
Young, 1936) keeps R of them: values (h * w, D) ~ places (h * w, R) @ directions (R, D), each column
of places and each row of directions as int8 with a scale of its own. With rank 12 a grid of
40 x 40 x 256 takes 22 KB instead of 1.6 MB; docs/retrieval.md has what that does to scores.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from explorer.entities import Float32
from explorer.errors import RetrievalError

RANK = 12
_HEAD = struct.Struct("<4sHHHH")  # magic, h, w, D, R
_MAGIC = b"PF1\0"


@dataclass(frozen=True, slots=True)
class PatchFactors:
    """A packed grid, opened: `places` (h, w, R) and `directions` (R, D) float32."""

    places: Float32
    directions: Float32

    def cosines(self, vectors: Float32) -> Float32:
        """(S, h, w) cosine of unit vectors (S, D) with every patch, but for the approximation."""
        turned = np.asarray(vectors, dtype=np.float32) @ self.directions.T  # (S, R)
        h, w, rank = self.places.shape
        found = np.asarray(turned @ self.places.reshape(h * w, rank).T, dtype=np.float32)
        np.clip(found, -1.0, 1.0, out=found)
        return found.reshape(len(turned), h, w)

    def coarse(self) -> "PatchFactors":
        """The same with the means of 2 x 2 cells; a grid of odd sides stays as it is."""
        h, w, rank = self.places.shape
        if h % 2 or w % 2:
            return self
        means = self.places.reshape(h // 2, 2, w // 2, 2, rank).mean(axis=(1, 3))
        return PatchFactors(means, self.directions)

    def values(self) -> Float32:
        """(h, w, D) patch embeddings, nearly of unit norm."""
        return np.asarray(self.places @ self.directions, dtype=np.float32)


def pack(values: Float32, *, rank: int = RANK) -> bytes:
    """Pack patch embeddings (h, w, D)."""
    h, w, dimension = values.shape
    flat = values.reshape(h * w, dimension).astype(np.float32)
    rank = min(rank, h * w, dimension)
    # Right singular vectors from the Gram matrix, those that are kept alone: quicker than
    # decomposing the tall matrix, and what 32 bits lose is far below the steps of an int8.
    kept = (dimension - rank, dimension - 1)
    _, vectors = eigh(flat.T @ flat, subset_by_index=kept, check_finite=False)
    directions = vectors[:, ::-1].T  # (R, D), strongest first
    places, place_scale = _to_int8(flat @ directions.T, axis=0)
    rows, row_scale = _to_int8(directions, axis=1)
    return b"".join(
        [
            _HEAD.pack(_MAGIC, h, w, dimension, rank),
            place_scale.astype("<f4").tobytes(),
            row_scale.astype("<f4").tobytes(),
            places.tobytes(),
            rows.tobytes(),
        ]
    )


def unpack(data: bytes) -> PatchFactors:
    """Open a packed grid.

    Raises:
        RetrievalError: The bytes are not of a packed grid.
    """
    try:
        magic, h, w, dimension, rank = _HEAD.unpack_from(data)
        wanted = _HEAD.size + 8 * rank + (h * w + dimension) * rank
        if magic != _MAGIC or len(data) != wanted:
            raise ValueError(f"{len(data)} bytes instead of {wanted}")
    except (struct.error, ValueError) as error:
        raise RetrievalError(
            f"A patch grid of the index is damaged ({error}). Build the index again."
        ) from error
    place_scale, row_scale = np.frombuffer(data, "<f4", 2 * rank, _HEAD.size).reshape(2, rank)
    numbers = np.frombuffer(data, np.int8, offset=_HEAD.size + 8 * rank)
    places = numbers[: h * w * rank].reshape(h, w, rank).astype(np.float32) * place_scale
    rows = numbers[h * w * rank :].reshape(rank, dimension).astype(np.float32)
    return PatchFactors(places, rows * row_scale[:, None])


def _to_int8(values: Float32, *, axis: int) -> tuple[NDArray[np.int8], NDArray]:
    """Whole numbers from -127 to 127 and the scale of every column (axis 0) or row (axis 1)."""
    scale = np.abs(values).max(axis=axis, keepdims=True) / 127
    numbers = np.round(values / np.maximum(scale, 1e-12)).astype(np.int8)
    return numbers, scale.ravel()
