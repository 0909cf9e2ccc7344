"""What every checkpoint family offers: a card that describes it and an engine that embeds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from explorer.embeddings import ReferenceFilms, Scoring
from explorer.entities import Float32, ImageEmbeddings, ModelFrame


@dataclass(frozen=True, slots=True)
class Calibration:
    """How maps of null phrases behave, measured on training images.

    Attributes:
        threshold: Calibrated score above which a pixel belongs to a region.
        null_peak_mean, null_peak_std: Mean and deviation of the peak scores of null phrases.
    """

    threshold: float
    null_peak_mean: float
    null_peak_std: float


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """What is known of a checkpoint before its weights are loaded.

    Attributes:
        name: Folder name and id everywhere.
        family: Adapter module that loads it.
        frame_mode: "letterbox", "squash" or "center crop".
        sha256: Digest of the weights file.
        size_bytes: Size of the folder on disk.
        metrics: Figures measured with a named protocol; empty when none were.
        extra: Everything else the card file says.
    """

    name: str
    title: str
    family: str
    licence: str
    training_data: str
    input_size: int
    grid_size: int
    dimension: int
    parameters: int
    frame_mode: str
    pooling: str
    sha256: str
    size_bytes: int
    calibration: Calibration
    folder: Path
    metrics: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class Engine(Protocol):
    """A loaded checkpoint, ready to embed. Safe to share between threads.

    Attributes:
        space_id: Names what decides the numbers: weights, device and precision.
        scoring: How cosines become logits and are pooled; see `explorer.grounding.alignment`.
        reference: Films to read scores against; None where the checkpoint brings none.
    """

    card: AdapterCard
    device: str
    precision: str
    space_id: str
    scoring: Scoring
    reference: ReferenceFilms | None

    def embed_image(self, pixels: Float32, *, frame: ModelFrame) -> ImageEmbeddings:
        """Encode pixels (rows, columns) in [0, 1] already in the model frame, NaN = padding."""
        ...

    def embed_images(
        self, images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        """Encode several in one batch; otherwise as `embed_image`."""
        ...

    def embed_text(self, phrases: Sequence[str]) -> Float32:
        """Encode phrases in one batch: (S, D) float32, unit rows."""
        ...
