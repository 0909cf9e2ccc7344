"""What a method sees of one step: embeddings and who belongs to whom, built once by the loop."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

NOWHERE = -1  # owner of a phrase that is true of no image


class Scorer(Protocol):
    """What the checkpoint will answer: calibrated logits of patches, and of whole images."""

    def logits(self, patches: Tensor, phrases: Tensor) -> Tensor:
        """Logits (B, P, h, w) of patches (B, h, w, D) for phrases (P, D)."""

    def pooled(self, logits: Tensor) -> Tensor:
        """Logits (B, P) of whole images from those of their patches."""


@dataclass(frozen=True, eq=False)
class View:
    """Images as the image tower sees them.

    Attributes:
        patches: (B, h, w, D) unit patch embeddings.
        features: (B, h, w, C) before the projection.
    """

    patches: Tensor
    features: Tensor


@dataclass(frozen=True, eq=False)
class WordBatch:
    """Word pieces of all phrases, special ones included.

    Attributes:
        vectors: (P, T, Ct) of the text tower, frozen.
        ids: (P, T) of its vocabulary.
        mask: (P, T) bool, True for word pieces, False for padding.
        read: (ids, mask) -> vectors (P, T, Ct): the tower's answer to other ids, e.g. masked ones.
        project: (..., Ct) -> (..., D) unit: the trained projection of phrases, for words.
        pad, start, end, blank: Ids of [PAD], [CLS], [SEP] and [MASK].
    """

    vectors: Tensor
    ids: Tensor
    mask: Tensor
    read: Callable[[Tensor, Tensor], Tensor]
    project: Callable[[Tensor], Tensor]
    pad: int = 0
    start: int = 2
    end: int = 3
    blank: int = 4


@dataclass(frozen=True, eq=False)
class StatementBatch:
    """Sentences to name, without an image: N sentences, F findings.

    Attributes:
        words: (N, D) unit embeddings of the sentences.
        names, denials: (F, D) of the plain name of each finding, and of its denial.
        target: (N,) the finding that each speaks of.
        present: (N,) bool, whether it asserts it.
    """

    words: Tensor
    names: Tensor
    denials: Tensor
    target: Tensor
    present: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodBatch:
    """One step: B images, P phrases (flat; `owner` says whose), a grid of h x w, D dimensions.

    Attributes:
        patches, features: (B, h, w, D) unit, and (B, h, w, C) before the projection.
        phrases: (P, D) unit phrase embeddings.
        phrase_features: (P, Ct) of the text tower, frozen.
        owner: (P,) image of which the phrase is true; -1 = it is true of none here.
        written_for: (P,) image for which it was written, also where it is false there (another
            side, a denied finding); -1 = for none.
        safe: (B, P) weight of "p is surely not in b"; 0 where that is not known.
        study: (B,) equal numbers = one examination; their reports are no negatives of each other.
        text_id: (P,) equal for equal normalised text.
        section: (P,) 0 other or unknown, 1 findings, 2 impression.
        index: (B,) row in the training set, for memory banks.
        view: (B,) 0 frontal, 1 lateral.
        scorer: The checkpoint's own scores, whose scale and biases are trained by who uses them.
        encode: Images (B, 1, S, S) -> View, with gradient: for views of the method's own making. B
            is that of the batch: several processes share the work.
        images: (B, 1, S, S) standardised.
        masks: (P, h, w) share of each cell inside the place of the phrase.
        weight: (P,) trust in the mask; 0 where the phrase has none.
        elsewhere: (P,) weight of "if it were anywhere, it would be in the mask".
        weak: (K, 3) image, phrase, and 1 or 0: image-level labels.
        words: Word pieces; None unless the card needs "tokens".
        second: The same images, augmented anew; None unless the card needs "second".
        labels: (B, L) 1, 0 or NaN = unknown; None unless the card needs "labels".
        statements: Sentences to name; None = none in this step.
        step, steps: Number of this step, and of all.
        seed: Of this step: `generator()` draws the same in a resumed run.
    """

    patches: Tensor
    features: Tensor
    phrases: Tensor
    phrase_features: Tensor
    owner: Tensor
    written_for: Tensor
    safe: Tensor
    study: Tensor
    text_id: Tensor
    section: Tensor
    index: Tensor
    view: Tensor
    scorer: Scorer
    encode: Callable[[Tensor], View]
    images: Tensor
    masks: Tensor
    weight: Tensor
    elsewhere: Tensor
    weak: Tensor
    words: WordBatch | None = None
    second: View | None = None
    labels: Tensor | None = None
    statements: StatementBatch | None = None
    step: int = 0
    steps: int = 1
    seed: int = 0

    @property
    def regions(self) -> Tensor:
        """(B, R, D) unit patch embeddings in rows of the grid, R = h * w."""
        return self.patches.flatten(1, 2)

    @property
    def region_features(self) -> Tensor:
        """(B, R, C) features in rows of the grid."""
        return self.features.flatten(1, 2)

    @property
    def owned(self) -> Tensor:
        """(P',) indices of the phrases that are true of an image of this batch."""
        return (self.owner != NOWHERE).nonzero()[:, 0]

    def generator(self, *, salt: int = 0) -> torch.Generator:
        """A generator on the CPU for the draws of this step; `salt` parts several uses."""
        return torch.Generator().manual_seed(self.seed * 1_009 + salt)

    def map(self, change: Callable[[Tensor], Tensor]) -> "MethodBatch":
        """The batch with every tensor changed, e.g. moved or cast."""
        changed: MethodBatch = _map(self, change)
        return changed

    def to(self, dtype: torch.dtype) -> "MethodBatch":
        """Floating-point tensors in another precision."""
        return self.map(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def detach(self) -> "MethodBatch":
        """Without gradient, for what is remembered over steps."""
        return self.map(Tensor.detach)


def _map(record: Any, change: Callable[[Tensor], Tensor]) -> Any:
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Tensor):
            changes[field.name] = change(value)
        elif isinstance(value, View | WordBatch | StatementBatch):
            changes[field.name] = _map(value, change)
    return dataclasses.replace(record, **changes)
