"""Grounding as microsoft/hi-ml's published engine does it for BioViL, step by step.

Maps with its rounding and its Gaussian, and its scores: several prompts for one finding are
averaged before they are brought to unit norm, then compared with the image as a whole.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.adapters import Engine
from explorer.entities import Float32, ImageEmbeddings
from explorer.errors import CheckpointError
from explorer.grounding.geometry import Interpolation
from explorer.grounding.hi_ml import SIGMA, published_map
from explorer.pipeline.exports import describe_engine

SCHEMA = "radiograph-hi-ml/1"
FAMILIES = ("biovil", "biovil_t")


@dataclass(frozen=True, slots=True)
class HiMlGrounding:
    """What the preset gives for S phrases.

    Attributes:
        maps: (S, H, W) smoothed cosines in the original, NaN outside the crop.
        scores: (S,) cosine of each phrase with the image as a whole.
        ensemble: Cosine of all phrases as prompts for one finding.
    """

    phrases: tuple[str, ...]
    maps: Float32
    scores: Float32
    ensemble: float
    interpolation: Interpolation

    def document(self, engine: Engine) -> dict[str, Any]:
        """Scores and provenance as plain values."""
        return {
            "schema": SCHEMA,
            "notice": "Research use, not for diagnosis.",
            "checkpoint": describe_engine(engine),
            "interpolation": self.interpolation,
            "sigma_patches": SIGMA,
            "phrases": [
                {"text": text, "score": round(float(score), 6)}
                for text, score in zip(self.phrases, self.scores, strict=True)
            ],
            "ensemble_score": round(self.ensemble, 6),
        }

    def as_npz(self) -> bytes:
        """Maps, phrases and scores as a NumPy archive."""
        file = io.BytesIO()
        np.savez_compressed(
            file, maps=self.maps, phrases=np.array(self.phrases), scores=self.scores
        )
        return file.getvalue()


def ground_as_hi_ml(
    engine: Engine,
    embeddings: ImageEmbeddings,
    phrases: Sequence[str],
    *,
    interpolation: Interpolation = "nearest",
) -> HiMlGrounding:
    """Maps and scores of the published pipeline for an encoded radiograph.

    Args:
        engine: Of BioViL or BioViL-T.
        embeddings: Of the radiograph.
        phrases: One or more; for the ensemble they are prompts for one finding.
        interpolation: "nearest", the default of the published code, or "linear", as its notebook
            shows maps.

    Raises:
        CheckpointError: The checkpoint is of another family.
        PhraseError: A phrase is empty or too long.
    """
    card = engine.card
    if card.family not in FAMILIES or embeddings.whole is None:
        raise CheckpointError(
            f"The preset hi-ml is the published pipeline of BioViL, {card.name!r} is of the family "
            f"{card.family!r}. Use a checkpoint of {' or '.join(FAMILIES)}, or leave the preset "
            "out."
        )
    cosines = engine.similarity(embeddings, phrases)
    resize, crop = card.resize or max(card.input_size), card.input_size[0]
    shape = embeddings.grid.frame.image_shape
    maps = [
        published_map(cosine, shape, resize=resize, crop=crop, interpolation=interpolation)
        for cosine in cosines
    ]
    return HiMlGrounding(
        phrases=tuple(phrases),
        maps=np.stack(maps),
        scores=np.asarray(engine.text_vectors(phrases) @ embeddings.whole, dtype=np.float32),
        ensemble=float(engine.ensemble_vector(phrases) @ embeddings.whole),
        interpolation=interpolation,
    )
