"""All of an engine but its encoders: frames, checks of phrases, kept vectors, cosine maps.

A family with two towers writes `_patches` and `_vectors`; an image-only one sets
`reads_text = False`; one that compares words overrides `similarity`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.adapters._base import AdapterCard, scoring_of
from explorer.adapters._recent import Recent
from explorer.embeddings import ReferenceFilms, Scoring
from explorer.encoders.pooling import pool
from explorer.entities import NOT_CHECKED, Float32, ImageEmbeddings, ModelFrame, PatchGrid
from explorer.errors import CheckpointError, PhraseError
from explorer.grounding.geometry import fit_frame, to_model_input
from explorer.grounding.similarity import cosines

MAX_PHRASE_CHARACTERS = 2_000


class Encoded(NamedTuple):
    """What an image tower gives for B images; any length, they are brought to unit norm here.

    Attributes:
        patches: (B, h, w, D).
        whole: (B, D), what the family compares with a text as a whole; None where it has none.
    """

    patches: Tensor
    whole: Tensor | None = None


class Stage(NamedTuple):
    """The last stage of an image tower, whose channels Grad-CAM weighs.

    Attributes:
        layer: Gives (B, C, h, w), or tokens (B, N, C) of which the last h * w are places.
        grid: (h, w) of the tokens; None for maps.
    """

    layer: torch.nn.Module
    grid: tuple[int, int] | None = None


class DualEngine:
    """A loaded checkpoint with an image tower and, if `reads_text`, a text tower.

    Args:
        card: Of the checkpoint.
        device: Resolved by `choose_device`.
        dtype: Resolved by `choose_precision`; towers run under autocast where it is not float32.
        scoring: None = not calibrated.
        reference: Films to read scores against.
    """

    reads_text = True
    reads_prior = False
    grid_varies = False
    mean: Sequence[float] = (0.0,)  # a channel; one entry = one channel
    std: Sequence[float] = (1.0,)
    pad_value = 0.0  # of the padding in the network input, after mean and std

    def __init__(
        self,
        card: AdapterCard,
        *,
        device: str,
        dtype: torch.dtype,
        scoring: Scoring | None = None,
        reference: ReferenceFilms | None = None,
    ) -> None:
        self.card = card
        self.device = device
        self.dtype = dtype
        self.precision = str(dtype).removeprefix("torch.")
        self.space_id = f"{card.sha256}/{device}/{self.precision}"
        self.scoring = scoring
        self.reference = reference
        self._recent = Recent()

    # --- what a family writes ---------------------------------------------------------------

    def _patches(self, images: Tensor) -> Encoded:
        """Encode network inputs (B, channels, rows, columns) on the device."""
        raise NotImplementedError

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        """Encode checked phrases: (S, D), any length."""
        raise NotImplementedError

    # --- images -----------------------------------------------------------------------------

    def frame_of(self, rows: int, columns: int) -> ModelFrame:
        """How a radiograph of this shape is placed in the model input; see `Engine`."""
        card = self.card
        return fit_frame(
            (rows, columns),
            input_shape=card.input_size,
            grid_shape=card.grid_size,
            mode=card.frame_mode,
            resize=card.resize,
        )

    def model_input(self, pixels: Float32, *, frame: ModelFrame) -> Float32:
        """Resample into the model frame; see `Engine`."""
        return to_model_input(pixels, frame, pad_value=np.nan)

    def network_input(self, images: Sequence[Float32]) -> Float32:
        """Mean and deviation of each channel, then the padding; see `Engine`."""
        stacked = np.stack(images)[:, None]
        mean, std = (np.array(v, np.float32)[:, None, None] for v in (self.mean, self.std))
        values = ((stacked - mean) / std).astype(np.float32)
        return np.where(np.isnan(stacked), np.float32(self.pad_value), values)

    def steps(self) -> tuple[str, ...]:
        """Placement, then mean and deviation; see `Engine`."""
        rows, columns = self.card.input_size
        mean, std = (", ".join(f"{v:g}" for v in values) for values in (self.mean, self.std))
        return (
            f"{self.card.frame_mode} to {rows} x {columns} px, shrunk by areas, grown linearly",
            f"values in [0, 1], less {mean}, divided by {std}; padding {self.pad_value:g}",
        )

    def embed_image(self, pixels: Float32, *, frame: ModelFrame) -> ImageEmbeddings:
        """Encode one image; see `Engine`."""
        return self.embed_images([pixels], frames=[frame])[0]

    def embed_images(
        self, images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        """Encode several in one batch; see `Engine`."""
        if not images:
            return ()
        with torch.inference_mode(), self.autocast():
            encoded = self._patches(self.on_device(images))
        return self.as_embeddings(encoded, frames=frames)

    def embed_pair(
        self,
        current: Float32,  # noqa: ARG002 - the signature of those that read it
        prior: Float32,  # noqa: ARG002
        *,
        frame: ModelFrame,  # noqa: ARG002
    ) -> ImageEmbeddings:
        """Refuse: most families read one film at a time; see `Engine`."""
        raise CheckpointError(
            f"A pair of films needs a checkpoint that reads the prior film, {self.card.name!r} of "
            f"the family {self.card.family!r} reads one at a time. Use one of biovil_t."
        )

    def on_device(self, images: Sequence[Float32]) -> Tensor:
        """Network input (B, channels, rows, columns) on the device."""
        return torch.from_numpy(self.network_input(images)).to(self.device)

    def as_embeddings(
        self, encoded: Encoded, *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        """Records of a batch: unit patches with the lengths that they had."""
        patches = encoded.patches.float()
        lengths = patches.norm(dim=-1, keepdim=True)
        values = (patches / lengths.clamp_min(1e-12)).cpu().numpy()
        whole = None if encoded.whole is None else _unit(encoded.whole).cpu().numpy()
        return tuple(
            ImageEmbeddings(
                PatchGrid(values[i], frame),
                NOT_CHECKED,
                self.space_id,
                lengths=lengths[i, :, :, 0].cpu().numpy(),
                whole=None if whole is None else whole[i],
            )
            for i, frame in enumerate(frames)
        )

    # --- what explanations read -------------------------------------------------------------

    @property
    def lets_gradients_through(self) -> bool:
        """Whether there is an image tower in torch, and phrases that are one vector."""
        own = type(self)
        return (
            own._patches is not DualEngine._patches
            and own.similarity is DualEngine.similarity
            and own.reads_text
        )

    @property
    def lets_gradients_to_words(self) -> bool:
        """Whether the text tower is in torch as well."""
        return self.lets_gradients_through and type(self)._vectors is not DualEngine._vectors

    def patches_with_gradient(self, images: Tensor) -> Tensor:
        """Patches (B, h, w, D) of network inputs before unit norm, in full precision."""
        return self._patches(images).patches.float()

    def last_stage(self) -> Stage | None:
        """The last stage of convolutions, or block but one of a transformer, that patches come of.

        None = the family names none; Grad-CAM then weighs the patches themselves.
        """
        return None

    def turned_back(self, maps: Tensor) -> Tensor:
        """One map (h, w) of a film from those (V, h, w) of the views that the tower sees of it."""
        return maps.sum(0)

    def texts_read(self, phrase: str) -> tuple[str, ...]:
        """The texts that the text tower reads for a phrase, in the order of its batch."""
        return (phrase,)

    def vectors_with_gradient(self, phrases: Sequence[str]) -> Tensor:
        """Vectors (S, D) of phrases that were checked, before unit norm, in full precision."""
        return self._vectors(phrases).float()

    def film_logits(self, patches: Tensor, vector: Tensor) -> Tensor:
        """Logit (B,) of a phrase (D,) for patches (B, h, w, D), with the checkpoint's pooling."""
        scoring = scoring_of(self)
        cosine = torch.nn.functional.normalize(patches, dim=-1) @ vector
        logits = (cosine * scoring.scale + scoring.bias).flatten(1)
        pooled: Tensor = pool(logits, scoring.pooling, temperature=scoring.temperature)
        return pooled + scoring.pooled_bias

    # --- text -------------------------------------------------------------------------------

    def embed_text(self, phrases: Sequence[str]) -> Float32:
        """Encode phrases in one batch: (S, D) float32, unit rows; see `Engine`."""
        self.check_phrases(phrases)
        if not phrases:
            return np.zeros((0, self.card.dimension), dtype=np.float32)
        with torch.inference_mode(), self.autocast():
            vectors = self._vectors(phrases)
        return np.asarray(_unit(vectors).cpu().numpy(), dtype=np.float32)

    def ensemble_vector(self, phrases: Sequence[str]) -> Float32:
        """Mean of phrases before unit norm, then unit norm: (D,); see `Engine`."""
        self.check_phrases(phrases)
        with torch.inference_mode(), self.autocast():
            vectors = self._vectors(phrases)
        return np.asarray(_unit(vectors.float().mean(0)).cpu().numpy(), dtype=np.float32)

    def check_phrases(self, phrases: Sequence[str]) -> None:
        """Refuse phrases that cannot be embedded.

        Raises:
            PhraseError: The family is image-only, or a phrase is empty or too long.
        """
        if not self.reads_text:
            raise PhraseError(
                f"A phrase needs a checkpoint with a text tower, {self.card.name!r} of the family "
                f"{self.card.family!r} learned from images alone. Use it to compare regions and "
                "films, and another checkpoint for phrases."
            )
        for phrase in phrases:
            if not phrase.strip():
                raise PhraseError("A phrase needs at least one word, got none. Type a finding.")
            if len(phrase) > MAX_PHRASE_CHARACTERS:
                raise PhraseError(
                    f"A phrase may have {MAX_PHRASE_CHARACTERS} characters, got {len(phrase)}. "
                    "Ground a long text as a report: it is split into sentences."
                )

    def text_vectors(self, phrases: Sequence[str]) -> Float32:
        """As `embed_text`; those that were asked before come from memory."""
        vectors = self._recent.get(phrases)
        unknown = [phrase for phrase in dict.fromkeys(phrases) if phrase not in vectors]
        if unknown:
            fresh = dict(zip(unknown, self.embed_text(unknown), strict=True))
            self._recent.add(fresh)
            vectors |= fresh
        rows = [vectors[phrase] for phrase in phrases]
        return np.asarray(rows, dtype=np.float32).reshape(len(rows), self.card.dimension)

    def similarity(self, embeddings: ImageEmbeddings, phrases: Sequence[str]) -> Float32:
        """Cosine of each phrase with each patch: (S, h, w); see `Engine`."""
        return cosines(embeddings.grid, self.text_vectors(phrases))

    def autocast(self) -> torch.autocast:
        """The precision of this engine as a context."""
        return torch.autocast(self.device, dtype=self.dtype, enabled=self.dtype != torch.float32)


def _unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors.float(), dim=-1)
