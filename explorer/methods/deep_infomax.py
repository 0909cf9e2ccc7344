r"""Deep InfoMax: every place of an image should agree with the image's own summary.

Paper: R. D. Hjelm, A. Fedorov, S. Lavoie-Marchildon, K. Grewal, P. Bachman, A. Trischler, Y.
Bengio, "Learning Deep Representations by Mutual Information Estimation and Maximization", ICLR
2019, arXiv 1808.06670 (2018).

Equation: maximise $\beta \hat I(m; l) $, $u_{ijp} = \langle m_i, l_{jp} \rangle$: matched are the
places p of the image's own map (j = i), mismatched those of others; the Jensen-Shannon bound by
default; plus $\gamma$ times the cost of matching the summary to a uniform prior.

Intuition: a summary that agrees with every place of its image has to hold what the places share,
and nothing of one place's noise. No text is needed.

Deviations: local form and prior alone, the global form (weight 0 in the paper's best local model)
is left out, and so are divergences beside the bounds of `_bounds.py`. The summary is a linear map
of the mean of the tower's features. 128 units for 2048, and means over an 8 x 8 grid where patches
are finer. The released Donsker-Varadhan raises an error and its InfoNCE keeps the image's own
places in the denominator at a logit of -10; neither is copied. Two images of one examination are no
negatives of each other. Phrases are not looked at: the checkpoint's maps of phrases mean nothing
until another objective trains them.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.methods._base import Method, MethodBatch, MethodCard, Shapes, option, require
from explorer.methods._bounds import BOUND_NAMES
from explorer.methods._prior import Discriminator, prior_loss
from explorer.methods._reports import Estimate, EstimatorOptions, starting_bias
from explorer.methods._scores import coarse

_INDIFFERENT = 2 * math.log(2)  # what the bound of a constant critic lacks to 0


def places_table(summaries: Tensor, places: Tensor, study: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Scores of summaries with all places of all images, and which of them match.

    Args:
        summaries: (B, U).
        places: (B, R, U).
        study: (B,) equal numbers = one examination.

    Returns:
        Scores (B, B * R), matched and mismatched pairs of the same shape.

    >>> scores, matched, _ = places_table(torch.eye(2), torch.eye(2)[:, None], torch.arange(2))
    >>> scores[matched]
    tensor([1., 1.])
    """
    regions = places.shape[1]
    scores = summaries @ places.flatten(0, 1).mT
    own = torch.eye(len(summaries), dtype=torch.bool, device=scores.device)
    other = study[:, None] != study
    wide = [mask.repeat_interleave(regions, dim=1) for mask in (own, other)]
    return scores, wide[0], wide[1]


class Block(nn.Module):
    """LayerNorm of two layers beside a shortcut: a 1 x 1 convolution where there are places."""

    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.nonlinear = nn.Sequential(nn.Linear(size, units), nn.ReLU(), nn.Linear(units, units))
        self.shortcut = nn.Linear(size, units)
        self.norm = nn.LayerNorm(units)

    def forward(self, x: Tensor) -> Tensor:
        """(..., units) of x (..., size)."""
        out: Tensor = self.norm(self.nonlinear(x) + self.shortcut(x))
        return out


@dataclass(frozen=True)
class DeepInfoMaxOptions(EstimatorOptions):
    """Of Deep InfoMax."""

    estimator: str = option("jsd", "Bound on the mutual information.", choices=BOUND_NAMES)
    units: int = option(128, "Size of the space in which both sides are compared.", min=1)
    code: int = option(64, "Size of the summary.", min=1)
    side: int = option(
        8, "Places along a side of the grid, as means of patches; 0 = every patch.", min=0
    )
    local_weight: float = option(1.0, "Beta: of places against summaries.", min=0)
    prior: float = option(0.1, "Gamma: of matching the summary to a uniform prior.", min=0)


class DeepInfoMax(Method):
    """See the first lines of this file."""

    card = MethodCard(
        title="Deep InfoMax",
        paper=(
            "Hjelm, Fedorov, Lavoie-Marchildon, Grewal, Bachman, Trischler, Bengio: Learning Deep "
            "Representations by Mutual Information Estimation and Maximization. ICLR 2019, arXiv "
            "1808.06670"
        ),
        year=2019,
        kind="objective",
        equation=(
            r"\beta (\mathrm{mean}\, \mathrm{sp}(-u_{iip}) + \mathrm{mean}\, \mathrm{sp}(u_{ijp}) -"
            r" 2 \log 2) + \gamma \mathcal L_\mathrm{prior}"
        ),
        intuition="Every place of an image should agree with the summary of its own image.",
        ours=(
            "Local form and prior; no global form, and the divergences of our bounds alone.",
            "The summary is a linear map of the mean of the features; 128 units for 2048.",
            "At most 8 x 8 places, as means of patches.",
            "Images of one examination are no negatives of each other.",
            "Phrases are not trained: maps of phrases mean nothing after this alone.",
        ),
        needs_batch=2,
    )
    Options = DeepInfoMaxOptions
    order_matters = ""

    def __init__(self, options: DeepInfoMaxOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.encode = nn.Linear(shapes.features, options.code)
        self.of_places = Block(shapes.features, options.units)
        self.of_summary = Block(options.code, options.units)
        # LayerNorm makes vectors of length sqrt(units): scores start within +-sqrt(units).
        self.bias = nn.Parameter(
            torch.tensor(starting_bias(options.estimator, 1 / math.sqrt(options.units)))
        )
        self.estimate = Estimate(options)
        self.discriminator = Discriminator(options.code) if options.prior else None

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        options: DeepInfoMaxOptions = self.options
        require(
            bool((batch.study != batch.study[0]).any()),
            "deep_infomax needs images of at least two examinations in a batch, got "
            f"{len(batch.study)} of one.",
        )
        features = batch.region_features
        if options.side:
            features = coarse(batch.features, options.side)
        places = self.of_places(features)
        code = torch.sigmoid(self.encode(batch.region_features.mean(1)))
        summary = self.of_summary(code) / math.sqrt(options.units)
        scores, matched, other = places_table(summary, places, batch.study)
        found = self.bounded(scores + self.bias, matched, other, regions=places.shape[1])
        parts = {"local": -options.local_weight * found}
        if self.discriminator is not None:
            drawn = torch.rand(code.shape, generator=batch.generator(salt=2)).to(code)
            parts["prior"] = options.prior * prior_loss(self.discriminator, code, drawn)
        return parts

    def bounded(self, scores: Tensor, matched: Tensor, other: Tensor, *, regions: int) -> Tensor:
        """The bound of the table; a place at a time where a row may hold one match only."""
        if self.options.estimator == "interpolated":
            tables = [t.unflatten(1, (-1, regions)).movedim(2, 0) for t in (scores, matched, other)]
            found: Tensor = self.estimate(tables[0], positive=tables[1], negative=tables[2]).mean()
            return found
        found = self.estimate(scores, positive=matched, negative=other)
        return found + _INDIFFERENT if self.options.estimator == "jsd" else found


METHOD = DeepInfoMax
