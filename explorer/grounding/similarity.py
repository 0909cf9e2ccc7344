"""Similarity maps of any number of phrases from one patch grid: one matrix product."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import Scoring
from explorer.entities import Float32, ModelFrame, PatchGrid, SimilarityMap
from explorer.grounding.geometry import WHOLE, Interpolation, Window, map_to_image


def cosines(grid: PatchGrid, text: NDArray[np.floating]) -> Float32:
    """Cosine (S, h, w) of phrase embeddings (S, D) with every patch, both of unit rows.

    Raises:
        ValueError: Shapes disagree or an embedding is not finite.
    """
    h, w, dimension = grid.values.shape
    if text.ndim != 2 or text.shape[1] != dimension:
        raise ValueError(f"Text embeddings must be (phrases, {dimension}), got {text.shape}.")
    flat = grid.values.reshape(h * w, dimension)
    found = text.astype(np.float32) @ flat.T
    # A patch that is not finite makes its cosine with every phrase so.
    if not (np.isfinite(text).all() and np.isfinite(found[:1]).all()):
        raise ValueError("Embeddings must be finite; the encoder returned NaN or infinity.")
    # Rounding may step over 1 by some 1e-7.
    np.clip(found, -1.0, 1.0, out=found)
    return found.reshape(len(text), h, w)


def similarity_maps(
    similarity: NDArray[np.floating],
    phrases: Sequence[str],
    *,
    frame: ModelFrame,
    scoring: Scoring,
    smoothing_sigma: float = 0.0,
    cosine_range: tuple[float, float] = (-1.0, 1.0),
) -> tuple[SimilarityMap, ...]:
    """Maps of phrases from their similarity with every patch.

    Args:
        similarity: (S, h, w) in [-1, 1], of `cosines` or of `Engine.similarity`.
        phrases: The S texts, in order.
        frame: Places the grid in the original.
        scoring: How a cosine is read as a score.
        smoothing_sigma: Width of a Gaussian over the grid in patches; 0 leaves the map as it is,
            1.5 is what BioViL uses.
        cosine_range: The usual cosines of the checkpoint.

    Returns:
        One map a phrase, in order; empty for no phrase.
    """
    return tuple(
        SimilarityMap(
            phrase=phrase,
            cosine=smooth(values, sigma=smoothing_sigma),
            score_scale=scoring.scale,
            score_bias=scoring.bias,
            frame=frame,
            calibrated=scoring.calibrated,
            cosine_range=cosine_range,
        )
        for phrase, values in zip(phrases, similarity, strict=True)
    )


def smooth(values: NDArray[np.floating], *, sigma: float) -> Float32:
    """Gaussian over the grid, borders reflected, cut at four sigmas; sigma in patches."""
    if sigma < 0:
        raise ValueError(f"smoothing sigma must be 0 or more patches, got {sigma}.")
    if sigma == 0:
        return np.ascontiguousarray(values, dtype=np.float32)
    radius = int(4 * sigma + 0.5)
    blurred = cv2.GaussianBlur(
        np.asarray(values, dtype=np.float64),
        (2 * radius + 1, 2 * radius + 1),
        sigma,
        borderType=cv2.BORDER_REFLECT,
    )
    return np.asarray(blurred, dtype=np.float32)


def cosine_image(map: SimilarityMap, *, interpolation: Interpolation = "linear") -> Float32:
    """(H, W) cosine in [-1, 1] at original pixels, NaN where the model did not look."""
    return map_to_image(map.cosine, map.frame, interpolation=interpolation)


def score_image(map: SimilarityMap, *, window: Window = WHOLE) -> Float32:
    """(H, W) calibrated score in [0, 1] at original pixels, NaN where the model did not look.

    The cosine is interpolated and then scored: a contour of the score is then a contour of the
    cosine, whatever the scale.
    """
    return map.score_of(map_to_image(map.cosine, map.frame, window=window))
