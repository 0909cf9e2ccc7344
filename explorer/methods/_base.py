"""What every method provides: a card for people, options, and named parts of a loss.

A method file is: docstring (paper, equation, intuition, deviations), pure functions of the maths
with a doctest, the class, `METHOD = ...`. It imports shared `_` files, never another method.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from torch import Tensor, nn

from explorer.errors import TrainingError
from explorer.methods._batch import (
    NOWHERE,
    MethodBatch,
    Scorer,
    StatementBatch,
    View,
    WordBatch,
)
from explorer.methods._options import MethodOptions, option, read_options

__all__ = [
    "KINDS",
    "NEEDS",
    "NOWHERE",
    "Kind",
    "Method",
    "MethodBatch",
    "MethodCard",
    "MethodOptions",
    "Scorer",
    "Shapes",
    "StatementBatch",
    "View",
    "WordBatch",
    "option",
    "read_options",
    "require",
]

Kind = Literal["objective", "estimator", "head", "protocol"]
KINDS: tuple[str, ...] = get_args(Kind)

# What a method may ask of a training set -> in words, "12 of 300 studies have them".
NEEDS: Mapping[str, str] = {
    "placed": "findings with a place (boxes or masks)",
    "sentences": "reports with at least one sentence",
    "several sentences": "reports with at least two sentences",
    "tokens": "reports with at least one sentence",
    "sections": "reports with findings and impression",
    "second": "radiographs",
    "laterals": "a frontal and a lateral radiograph",
    "labels": "known findings",
    "ids": "radiographs",
}


@dataclass(frozen=True, kw_only=True)
class MethodCard:
    """What people read about a method.

    Attributes:
        title: Of the method, as people call it.
        paper: Authors, title, venue, arXiv id.
        year: Of publication.
        kind: objective (trains a checkpoint), estimator, head (on a frozen checkpoint), protocol.
        equation: What is minimised, in plain text or LaTeX.
        intuition: One sentence.
        ours: What is our choice and not the paper's, or could not be checked against it.
        needs: Of the training set, names of `NEEDS`.
        uses: What it takes where a training set has it, and does without elsewhere.
        frozen: Towers and projections stay as they are; only the method's own parameters learn.
        needs_batch: Fewest images of different examinations in a batch.
    """

    title: str
    paper: str
    year: int
    kind: Kind
    equation: str
    intuition: str
    ours: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    frozen: bool = False
    needs_batch: int = 1

    def __post_init__(self) -> None:
        if unknown := (self.needs | self.uses) - NEEDS.keys():
            raise ValueError(f"needs must be among {', '.join(NEEDS)}, got {sorted(unknown)}.")
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}.")


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Sizes a method may build its parameters and memories from.

    Attributes:
        dimension: D of the joint space.
        features: C of the image tower before the projection.
        text_features: Ct of the text tower.
        grid: (h, w) of the patch grid at the end of the training.
        images: Rows of the training set; `MethodBatch.index` is below it.
        vocabulary: Word pieces of the text tower.
        labels: L, columns of `MethodBatch.labels`.
    """

    dimension: int = 64
    features: int = 64
    text_features: int = 384
    grid: tuple[int, int] = (16, 16)
    images: int = 1
    vocabulary: int = 1
    labels: int = 0


class Method(nn.Module):
    """One published way to learn; its parameters and buffers are saved with the run.

    Attributes:
        card: For people.
        Options: Frozen dataclass of `option` fields.
        order_matters: Why the order of a batch changes the loss, e.g. a drawn negative; "" = it
            does not.
        trains_scores: Whether the loss trains scale and biases of `MethodBatch.scorer`, so that
            scores mean something without a fit after the training.
    """

    card: ClassVar[MethodCard]
    Options: ClassVar[type[MethodOptions]] = MethodOptions
    order_matters: ClassVar[str] = ""
    trains_scores: ClassVar[bool] = False

    def __init__(self, options: Any, shapes: Shapes) -> None:
        super().__init__()
        self.options = options
        self.shapes = shapes

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Named parts of the loss, each already weighted; the loop adds them.

        Raises:
            TrainingError: The batch lacks what the loss is made of, e.g. negatives.
        """
        raise NotImplementedError

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Groups for the optimiser: matrices decay, scales and biases do not.

        "rate" multiplies the learning rate of the run and is 1 where it is not given.
        """
        learned = [p for p in self.parameters() if p.requires_grad]
        matrices = [p for p in learned if p.ndim > 1]
        others = [p for p in learned if p.ndim <= 1]
        groups: list[dict[str, Any]] = []
        if matrices:
            groups.append({"params": matrices})
        if others:
            groups.append({"params": others, "weight_decay": 0.0})
        return groups

    def after_step(self, batch: MethodBatch) -> None:
        """Queues, memory banks and moving averages, after each update; `batch` has no gradient."""


def require(present: bool, rule: str) -> None:
    """Refuse a batch that a loss cannot be made of.

    Raises:
        TrainingError: `present` is False; the message is `rule` and the remedy.
    """
    if not present:
        raise TrainingError(f"{rule} Make batches larger, or mix other studies into them.")
