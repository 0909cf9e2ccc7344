"""Embeddings that say which space they lie in: vectors of two spaces must never be compared.

`space_id` names what decides the numbers: sha256 of the weights, device and precision. D is the
size of the joint space; every vector has unit norm unless a docstring says otherwise.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Box, Float32


def unit(vectors: Float32) -> Float32:
    """Rows of unit norm; a zero row stays zero.

    >>> unit(np.array([[0.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norm, 1e-12), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a checkpoint turns cosines into logits and logits of patches into that of an image.

    Attributes:
        scale, bias: Logit of a patch = cosine * scale + bias.
        pooling: The pooling that the checkpoint was trained with, a name of
            `explorer.grounding.alignment.POOLING_NAMES`.
        temperature: Of the pooling, in logits.
        pooled_bias: Added to the pooled logit when that pooling is used.
        calibrated: Whether the logits were fitted to what films show; if not they only order.
    """

    scale: float
    bias: float
    pooling: str
    temperature: float = 1.0
    pooled_bias: float = 0.0
    calibrated: bool = True

    @classmethod
    def plain(cls, cosine_range: tuple[float, float], *, pooling: str) -> "Scoring":
        """Logits from -4 to 4 over the usual cosines of a family that nobody calibrated.

        >>> Scoring.plain((-1.0, 1.0), pooling="max").scale
        4.0
        """
        low, high = cosine_range
        scale = 8 / (high - low)
        return cls(scale, -scale * (low + high) / 2, pooling, calibrated=False)


@dataclass(frozen=True, slots=True)
class TextEmbeddings:
    """Phrases and their vectors (S, D) float32."""

    space_id: str
    phrases: tuple[str, ...]
    vectors: Float32

    def __post_init__(self) -> None:
        _require_rows(self.vectors, len(self.phrases), "phrases")


@dataclass(frozen=True, slots=True)
class RegionEmbedding:
    """The mean direction (D,) float32 of the patches that a box touches, each by its overlap."""

    space_id: str
    box: Box
    vector: Float32


@dataclass(frozen=True, slots=True)
class StudyEmbeddings:
    """A few vectors that stand for all patches of one radiograph, small enough to store.

    Attributes:
        patches: (K, D) float32, means of patches that are alike; shorter than unit norm where
            they are less alike, so that a cosine with one is the mean of their cosines.
        counts: (K,) float32, how many patches of the grid each stands for.
    """

    space_id: str
    patches: Float32
    counts: Float32

    def __post_init__(self) -> None:
        _require_rows(self.patches, len(self.counts), "counts")


@dataclass(frozen=True, slots=True)
class Taught:
    """Findings (names of `explorer.text.mentions`) and words of a training corpus."""

    findings: tuple[str, ...]
    words: tuple[str, ...]


# Log-odds from which a phrase is shown, where the bank of a checkpoint says nothing else.
SHOWN_FROM = -0.5


@dataclass(frozen=True, slots=True)
class ReferenceFilms:
    """Radiographs that the scores of a checkpoint are read against.

    Their vectors lie in a subspace of d dimensions that holds nearly all of them; `basis` leads
    there.

    Attributes:
        weights_sha256: Digest of the weights that embedded them.
        basis: (D, d) float32, orthonormal columns.
        patches: (N, K, d) float32, otherwise as in `StudyEmbeddings`.
        counts: (N, K) float32.
        normal: (N,) bool, whether nothing abnormal is known of the film.
        taught: What the training corpus taught.
        trust: (D + 1,) float32 of `explorer.grounding.trust`; None where it was not learned.
        rendered: (N,) bool, which films are phantoms; None where it was not written down.
        evidence: (2, D + 1) float32 of `explorer.grounding.evidence`, for films like the rendered
            ones; None where it was not learned.
        shown_from: Log-odds from which a phrase is shown; chosen on validation films.
        means: (N, d) float32, mean direction of each film, unit norm; computed here.
    """

    weights_sha256: str
    basis: Float32
    patches: Float32
    counts: Float32
    normal: NDArray[np.bool_]
    taught: Taught
    trust: Float32 | None = None
    rendered: NDArray[np.bool_] | None = None
    evidence: Float32 | None = None
    shown_from: float = SHOWN_FROM
    means: Float32 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _require_rows(self.patches, len(self.normal), "films")
        if self.counts.shape != self.patches.shape[:2]:
            raise ValueError(
                f"Counts must be (films, patches) = {self.patches.shape[:2]}, "
                f"got {self.counts.shape}."
            )
        # Films side by side in memory, in the same order for readers: as `film_logits` wants them.
        side_by_side = np.ascontiguousarray(self.patches.transpose(2, 1, 0)).transpose(2, 1, 0)
        object.__setattr__(self, "patches", side_by_side)
        means = np.einsum("nk,nkd->nd", self.counts, self.patches)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        object.__setattr__(self, "means", means.astype(np.float32))


def _require_rows(values: Float32, rows: int, what: str) -> None:
    if len(values) != rows:
        raise ValueError(f"There must be one vector for each of {rows} {what}, got {len(values)}.")
