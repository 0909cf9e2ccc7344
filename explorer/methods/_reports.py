"""Which sentences stand for each report of a step, which pairs match, and the bound over them.

What the objectives that contrast images with reports share: bags, masks, and the choice of the
estimator with its settings. Letters: B images (and their reports), S sentences of a report, N
sentences in use.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.methods._base import MethodBatch, MethodOptions, option, require
from explorer.methods._bounds import BOUND_NAMES, bound
from explorer.methods._scores import bag_negatives, phrase_negatives, pick
from explorer.methods._vectors import phrase_bags

_NEED_A_BASELINE = ("tuba", "interpolated")
# Their e^score is tame only where scores start at or below 0.
_START_LOW = ("nwj", "tuba", "interpolated")


@dataclass(frozen=True)
class EstimatorOptions(MethodOptions):
    """Options of every objective that maximises a bound."""

    estimator: str = option("infonce", "Bound on the mutual information.", choices=BOUND_NAMES)
    alpha: float = option(
        0.01, "Share of the batch in the baseline of the interpolated bound.", min=0, max=1
    )
    clip: float = option(5.0, "Largest mismatched score that smile counts.", above=0)


class Estimate(nn.Module):
    """A bound with its settings; tuba and interpolated learn one number as log-baseline.

    Poole et al. learn a network of y as the baseline; one number is our choice. Its best value
    makes tuba the bound of Donsker and Varadhan.
    """

    def __init__(self, options: EstimatorOptions) -> None:
        super().__init__()
        self.name = options.estimator
        self.settings: dict[str, float] = {}
        if self.name == "interpolated":
            self.settings["alpha"] = options.alpha
        if self.name == "smile":
            self.settings["clip"] = options.clip
        learned = self.name in _NEED_A_BASELINE
        self.log_baseline = nn.Parameter(torch.tensor(0.0)) if learned else None

    def forward(
        self,
        scores: Tensor,
        *,
        positive: Tensor | None = None,
        negative: Tensor | None = None,
        both_ways: float | None = None,
    ) -> Tensor:
        """The bound in nats, to be maximised; see `_bounds`."""
        settings: dict[str, Tensor | float] = dict(self.settings)
        if self.log_baseline is not None:
            settings["log_baseline"] = self.log_baseline
        return bound(
            self.name,
            scores,
            positive=positive,
            negative=negative,
            both_ways=both_ways,
            settings=settings,
        )


def starting_bias(estimator: str, temperature: float) -> float:
    """Of a critic of cosines: bounds that exponentiate scores begin with none above 0."""
    return -1 / temperature if estimator in _START_LOW else 0.0


@dataclass(frozen=True, eq=False)
class Reports:
    """The reports of a step.

    Attributes:
        phrases: (N,) numbers of the phrases in use.
        place: (B, S) where in `phrases` the sentences of each report are, padded with 0.
        mask: (B, S) True where there is one.
        positive: (B, B) True for an image and its own report, where it has one.
        negative: (B, B) True for an image and a report that surely is not its own.
    """

    phrases: Tensor
    place: Tensor
    mask: Tensor
    positive: Tensor
    negative: Tensor


def reports_of(batch: MethodBatch, *, name: str, sentences: int, same_text: bool = True) -> Reports:
    """Bags of sentences, and which of them match.

    Args:
        batch: One step.
        name: Of the method, for messages.
        sentences: How many stand for each report, drawn anew at every step; 0 = all.
        same_text: Leave out reports all of whose sentences the image's own report has as well.

    Raises:
        TrainingError: No image has a sentence, or there are no two studies with different texts.
    """
    count = len(batch.patches)
    used = torch.ones_like(batch.owner, dtype=torch.bool)
    index, mask = phrase_bags(batch.owner, use=used, count=count)
    if sentences:
        index, mask = pick(index, mask, count=sentences, generator=batch.generator(salt=1))
    text = batch.text_id if same_text else torch.arange(len(batch.owner), device=used.device)
    negative = phrase_negatives(batch.owner, batch.study, text)
    positive = torch.diag(mask.any(1))
    wrong = bag_negatives(negative, index, mask)
    require(
        bool(positive.any() and wrong.any()),
        f"{name} needs reports of at least two studies that say different things in a batch; this "
        f"one has {count} images and {int(positive.sum())} reports.",
    )
    place = torch.zeros_like(index)
    place[mask] = torch.arange(int(mask.sum()), device=index.device)
    return Reports(index[mask], place, mask, positive, wrong)
