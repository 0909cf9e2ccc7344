"""Similarity maps of any number of phrases from one patch grid: one matrix product."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32, PatchGrid, SimilarityMap
from explorer.grounding.geometry import Interpolation, map_to_image


def similarity_maps(
    grid: PatchGrid,
    text: NDArray[np.floating],
    phrases: Sequence[str],
    *,
    score_scale: float,
    score_bias: float,
    smoothing_sigma: float = 0.0,
) -> tuple[SimilarityMap, ...]:
    """Cosine of every phrase with every patch.

    Args:
        grid: Patch embeddings (h, w, D), unit rows.
        text: Phrase embeddings (S, D), unit rows, in the order of `phrases`.
        phrases: The S texts that were embedded.
        score_scale: Calibrated score = sigmoid(cosine * score_scale + score_bias).
        score_bias: See `score_scale`.
        smoothing_sigma: Width of a Gaussian over the grid in patches; 0 leaves the map as it is,
            1.5 is what BioViL uses.

    Returns:
        One map a phrase, in order; empty for no phrase.

    Raises:
        ValueError: Shapes disagree or an embedding is not finite.
    """
    h, w, dimension = grid.values.shape
    text = np.asarray(text, dtype=np.float32).reshape(-1, dimension) if len(phrases) == 0 else text
    if text.shape != (len(phrases), dimension):
        raise ValueError(
            f"Text embeddings must be (phrases, D) = {(len(phrases), dimension)}, got {text.shape}."
        )
    if not (np.isfinite(text).all() and np.isfinite(grid.values).all()):
        raise ValueError("Embeddings must be finite; the encoder returned NaN or infinity.")
    flat = grid.values.reshape(h * w, dimension)
    # (S, h * w); rounding may step over 1 by some 1e-7.
    cosines = np.clip(text.astype(np.float32) @ flat.T, -1.0, 1.0)
    return tuple(
        SimilarityMap(
            phrase=phrase,
            cosine=smooth(cosine.reshape(h, w), sigma=smoothing_sigma),
            score_scale=score_scale,
            score_bias=score_bias,
            frame=grid.frame,
        )
        for phrase, cosine in zip(phrases, cosines, strict=True)
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


def score_image(map: SimilarityMap, *, interpolation: Interpolation = "linear") -> Float32:
    """(H, W) calibrated score in [0, 1] at original pixels, NaN where the model did not look.

    The cosine is interpolated and then scored: a contour of the score is then a contour of the
    cosine, whatever the scale.
    """
    return map.score_of(cosine_image(map, interpolation=interpolation))
