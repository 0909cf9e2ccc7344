"""What every checkpoint family offers: a card that describes it and an engine that embeds.

A family is one module of this package (or of another, see docs/own_family.md) with

    FILES     names of the files that `load` opens, weights among them; each must have its sha256
              on the card before anything is loaded
    WEIGHTS   those of FILES that decide the numbers: their digest names the space
    load(card, *, device, precision) -> Engine

and, where they apply,

    OPTIONAL  names of FILES that need not be there
    layout(folder) -> Layout | None, so that `explorer checkpoints add` can take a folder over as it
              was published; see `explorer.adapters._import`
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from explorer.adapters._licences import licence_of
from explorer.embeddings import ReferenceFilms, Scoring
from explorer.entities import Float32, ImageEmbeddings, ModelFrame


@dataclass(frozen=True, slots=True)
class Calibration:
    """What maps of null phrases on training images ask for.

    Attributes:
        threshold: Calibrated score above which a pixel belongs to a region.
    """

    threshold: float


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """What is known of a checkpoint before its weights are loaded.

    Attributes:
        name: Folder name and id everywhere.
        family: Adapter module that loads it.
        input_size, grid_size: (rows, columns) of the model input in pixels, of the patch grid.
        frame_mode: "letterbox", "squash" or "center crop".
        pooling: How patch scores become the score of an image.
        sha256: Digest of the weights: of the one file, or of the digests of several.
        size_bytes: Size of the folder on disk.
        calibration: None where nobody measured it; scores then say "not calibrated".
        resize: Length of the shorter side before a center crop; None = the longer input side.
        smoothing: Width of the Gaussian over a map in patches, as the family publishes it.
        cosine_range: Between which cosines its maps usually lie; what a colour scale should span.
        licence_accepted: Whether a person accepted a licence that forbids some use.
        source, revision: Where the weights come from, e.g. "hf:owner/name", and which version.
        metrics: Figures measured with a named protocol; empty when none were.
        extra: Everything else the card file says.
    """

    name: str
    title: str
    family: str
    licence: str
    training_data: str
    input_size: tuple[int, int]
    grid_size: tuple[int, int]
    dimension: int
    parameters: int
    frame_mode: str
    pooling: str
    sha256: str
    size_bytes: int
    calibration: Calibration | None
    folder: Path
    resize: int | None = None
    smoothing: float = 0.0
    cosine_range: tuple[float, float] = (-1.0, 1.0)
    source: str = ""
    revision: str = ""
    licence_accepted: bool = False
    metrics: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def allows(self) -> str:
        """What the licence allows, in a sentence."""
        return licence_of(self.licence).allows

    @property
    def restricted(self) -> bool:
        """Whether the licence forbids some use."""
        return licence_of(self.licence).restricts


class Engine(Protocol):
    """A loaded checkpoint, ready to embed. Safe to share between threads.

    `explorer.adapters.DualEngine` gives a family all of it but the two encoders.

    Attributes:
        space_id: Names what decides the numbers: weights, device and precision.
        scoring: How cosines become logits and are pooled; see `explorer.grounding.alignment`.
            None = not calibrated: scores then only order, and say so.
        reads_text: False for an image-only family, whose `embed_text` and `similarity` raise.
        grid_varies: Whether input and grid follow the shape of a film; those on the card are then
            of a square one.
        reads_prior: Whether `embed_pair` takes an earlier film into account.
        reference: Films to read scores against; None where the checkpoint brings none.
    """

    card: AdapterCard
    device: str
    precision: str
    space_id: str
    scoring: Scoring | None
    reads_text: bool
    reads_prior: bool
    grid_varies: bool
    reference: ReferenceFilms | None

    def frame_of(self, rows: int, columns: int) -> ModelFrame:
        """How a radiograph of this shape is placed in the model input."""
        ...

    def model_input(self, pixels: Float32, *, frame: ModelFrame) -> Float32:
        """Resample pixels (H, W) in [0, 1] into the model frame: (rows, columns), NaN = padding."""
        ...

    def network_input(self, images: Sequence[Float32]) -> Float32:
        """What the network sees of images in the model frame: (B, channels, rows, columns)."""
        ...

    def steps(self) -> tuple[str, ...]:
        """What `model_input` and `network_input` do, in words, in order."""
        ...

    def embed_image(self, pixels: Float32, *, frame: ModelFrame) -> ImageEmbeddings:
        """Encode pixels (rows, columns) in [0, 1] already in the model frame, NaN = padding."""
        ...

    def embed_images(
        self, images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        """Encode several in one batch; otherwise as `embed_image`."""
        ...

    def embed_pair(self, current: Float32, prior: Float32, *, frame: ModelFrame) -> ImageEmbeddings:
        """Encode a film beside an earlier one of the same patient, both in the model frame.

        Raises:
            CheckpointError: The family reads one film at a time.
        """
        ...

    def embed_text(self, phrases: Sequence[str]) -> Float32:
        """Encode phrases in one batch: (S, D) float32, unit rows.

        Raises:
            PhraseError: A phrase is empty or too long, or the family is image-only.
        """
        ...

    def ensemble_vector(self, phrases: Sequence[str]) -> Float32:
        """One vector (D,) for several prompts of one finding, averaged as the tower gives them.

        Raises:
            PhraseError: A phrase is empty or too long, or the family is image-only.
        """
        ...

    def text_vectors(self, phrases: Sequence[str]) -> Float32:
        """As `embed_text`, but phrases that were asked before come from memory."""
        ...

    def similarity(self, embeddings: ImageEmbeddings, phrases: Sequence[str]) -> Float32:
        """Similarity (S, h, w) of phrases with each patch, before any smoothing, in [-1, 1].

        The cosine of patch and phrase, unless the family compares words (GLoRIA, LoVT).

        Raises:
            PhraseError: A phrase is empty or too long, or the family is image-only.
        """
        ...


def scoring_of(engine: Engine) -> Scoring:
    """How cosines are read: by the engine's own scoring, or on a plain, uncalibrated scale."""
    card = engine.card
    return engine.scoring or Scoring.plain(card.cosine_range, pooling=card.pooling)


def threshold_of(engine: Engine) -> float:
    """Score from which a patch counts as part of a region; mid-scale where nobody measured it."""
    calibration = engine.card.calibration
    return 0.5 if calibration is None else calibration.threshold
