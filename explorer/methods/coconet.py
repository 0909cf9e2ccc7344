r"""CoCoNet: views agree in distribution, and a factor made of all of them guides their contrast.

Paper: J. Li, W. Qiang, C. Zheng, B. Su, F. Razzak, J.-R. Wen, H. Xiong, "Modeling Multiple Views
via Implicitly Preserving Global Consistency and Local Complementarity", IEEE TKDE 2022,
arXiv 2209.07811. Slices: S. Kolouri et al., "Generalized Sliced Wasserstein Distances", NeurIPS
2019.

Equation: $.1 \sum_{a<b} l(v_a, v_b) + .1 \sum_a l(v_a, f) + .2 \sum_{a<b} GSW(v_a, v_b)$ with l the
contrast both ways, f the factor, a network of the features of all views before and after the
projection, and $GSW = \sqrt{\frac{1}{N L} \sum_{n, l} (sort_n g_l(x) - sort_n g_l(y))^2}$ over L
slices $g_l$.

Intuition: contrast says which image and report belong together, the distance of the two clouds says
how far images as such lie from reports as such (the modality gap), and the factor keeps what only
one view tells.

Deviations: in the authors' code a copy cuts the gradient of the distance off, so it trains nothing
there; here it reaches the towers. Divided by N and L as in the paper of the slices, so that it does
not grow with the batch. The slices that part the views most are found by gradient reversal in the
same step, and not by 50 steps of their own; the default are random lines. Contrast is within the
batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import Function
from torch.func import functional_call
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, MethodCard, MethodOptions, Shapes, option
from explorer.methods._bounds import BOUND_NAMES
from explorer.methods._scores import bag_negatives, phrase_negatives
from explorer.methods._vectors import (
    at_least_float32,
    image_vectors,
    pair_contrast,
    phrase_bags,
    report_vectors,
)

SLICES = ("linear", "circular", "polynomial", "network")


def linear_slices(x: Tensor, directions: Tensor) -> Tensor:
    """Products (N, L) of vectors (N, D) with directions (L, D)."""
    return x @ directions.T


def circular_slices(x: Tensor, directions: Tensor, *, radius: float = 2.0) -> Tensor:
    """Distances (N, L) of vectors (N, D) from points at `radius` along directions (L, D)."""
    return (x[:, None] - radius * directions).square().sum(-1).clamp(min=1e-12).sqrt()


def polynomial_slices(x: Tensor, weights: Tensor) -> Tensor:
    """Homogeneous quadratic forms (N, L) of vectors (N, D) with weights (L, D (D + 1) / 2).

    Squares and products from the last coordinate on: of (x, y) they are y y, x y, x x.
    """
    last = x.shape[1] - 1
    pairs = [(d, e) for d in range(last, -1, -1) for e in range(last, d - 1, -1)]
    one, other = (torch.tensor(side, device=x.device) for side in zip(*pairs, strict=True))
    return (x[:, one] * x[:, other]) @ weights.T


def sliced_distance(x: Tensor, y: Tensor) -> Tensor:
    """Wasserstein-2 distance of two clouds of equal size from their slices (N, L).

    Root mean square over samples and slices. The gradient is 0 where the clouds are equal.

    >>> sliced_distance(torch.tensor([[0.0], [1.0]]), torch.tensor([[4.0], [3.0]]))
    tensor(3.)
    """
    one, other = (at_least_float32(s).sort(dim=0).values for s in (x, y))
    return (one - other).square().mean().clamp(min=1e-12).sqrt()


def slicing_network(dimension: int, *, width: int, slices: int) -> nn.Sequential:
    """Three hidden layers with leaky ReLU, then one number a slice."""
    sizes = (dimension, width, width, width)
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), nn.LeakyReLU()]
    return nn.Sequential(*layers, nn.Linear(width, slices))


class _Reverse(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ARG004
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        return -gradients[0]


def adversarial(network: nn.Module, x: Tensor) -> Tensor:
    """Output for x of a network whose own parameters climb the loss that x descends."""
    reversed_: dict[str, Tensor] = {n: _Reverse.apply(p) for n, p in network.named_parameters()}
    out: Tensor = functional_call(network, reversed_, (x,))
    return out


@dataclass(frozen=True)
class CoCoNetOptions(MethodOptions):
    """Settings of CoCoNet; the three weights are the paper's."""

    consistency: float = option(0.1, "Weight of the contrast of every two views.", min=0)
    complementarity: float = option(0.1, "Weight of the contrast of views and factor.", min=0)
    distance: float = option(0.2, "Weight of the sliced Wasserstein distance.", min=0)
    slices: str = option("linear", "What clouds are compared along.", choices=SLICES)
    number: int = option(64, "Slices of a step.", min=1)
    temperature: float = option(0.07, "Divisor of the cosine.", above=0)
    estimator: str = option("infonce", "Bound of the contrasts.", choices=BOUND_NAMES)
    hidden: int = option(128, "Units of the factor's network and of the slicing network.", min=1)


@dataclass(frozen=True)
class _View:
    vectors: Tensor  # (B, D) unit
    features: Tensor  # (B, C or Ct) before the projection, unit
    present: Tensor  # (B,) bool


class CoCoNet(Method):
    """Consistency, complementarity, distance; owns the factor's network, and the slicing one."""

    card = MethodCard(
        title="CoCoNet",
        paper="J. Li, W. Qiang, C. Zheng, B. Su, F. Razzak, J.-R. Wen, H. Xiong, Modeling Multiple "
        "Views via Implicitly Preserving Global Consistency and Local Complementarity, IEEE TKDE "
        "2022, arXiv 2209.07811",
        year=2022,
        kind="objective",
        equation="0.1 sum l(view, view) + 0.1 sum l(view, factor) + 0.2 sum GSW(view, view), GSW = "
        "root mean square difference of sorted slices",
        intuition="Contrast says what belongs together, the distance of the clouds closes the gap "
        "of images and reports, the factor keeps what one view alone tells.",
        ours=(
            "Views are the image, a second look at it, and its report.",
            "The gradient of the distance reaches the towers; in the published code it does not.",
            "Random lines as slices, divided by their number; a slicing network, if chosen, is "
            "trained by gradient reversal and not by 50 steps of its own.",
            "Contrast within the batch instead of with a memory.",
        ),
        needs=frozenset({"second", "sentences"}),
        needs_batch=2,
    )
    Options = CoCoNetOptions

    def __init__(self, options: CoCoNetOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        inputs = 2 * shapes.features + shapes.text_features + 3 * shapes.dimension
        self.factor = nn.Sequential(
            nn.Linear(inputs, options.hidden),
            nn.ReLU(),
            nn.Linear(options.hidden, shapes.dimension),
        )
        self.slicing = (
            slicing_network(shapes.dimension, width=options.hidden, slices=options.number)
            if options.slices == "network"
            else None
        )

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Parts `consistency`, `complementarity` and `distance`."""
        views = self._views(batch)
        use = batch.owner >= 0
        bags = phrase_bags(batch.owner, use=use, count=len(batch.patches))
        others = bag_negatives(phrase_negatives(batch.owner, batch.study, batch.text_id), *bags)
        other_study = batch.study[:, None] != batch.study
        factor = F.normalize(self.factor(_joined(views)), dim=1)
        zero = batch.patches.sum() * 0.0
        consistency, complementarity, distance = zero, zero, zero
        for one, other in combinations(range(len(views)), 2):
            a, b = views[one], views[other]
            both = a.present & b.present
            negative = others if other == len(views) - 1 else other_study
            consistency = consistency + self._contrast(a.vectors, b.vectors, both, negative)
            if both.any():
                distance = distance + self._distance(batch, a.vectors[both], b.vectors[both])
        for view in views:
            close = self._contrast(view.vectors, factor, view.present, other_study)
            complementarity = complementarity + close
        return {
            "consistency": self.options.consistency * consistency,
            "complementarity": self.options.complementarity * complementarity,
            "distance": self.options.distance * distance,
        }

    def _views(self, batch: MethodBatch) -> Sequence[_View]:
        """The image, the second look (itself again where there is none) and the report."""
        everyone = torch.ones_like(batch.study, dtype=torch.bool)
        second = batch.second
        count, use = len(batch.patches), batch.owner >= 0
        report, told = report_vectors(batch.phrases, batch.owner, use=use, count=count)
        words, _ = report_vectors(batch.phrase_features, batch.owner, use=use, count=count)
        looks = [
            (batch.patches, batch.features, everyone),
            (batch.patches, batch.features, ~everyone)
            if second is None
            else (second.patches, second.features, everyone),
        ]
        images = [_View(image_vectors(p), image_vectors(f), there) for p, f, there in looks]
        return [*images, _View(report, words, told)]

    def _contrast(self, x: Tensor, y: Tensor, present: Tensor, negative: Tensor) -> Tensor:
        return pair_contrast(
            x,
            y,
            present=present,
            negative=negative,
            temperature=self.options.temperature,
            estimator=self.options.estimator,
        )

    def _distance(self, batch: MethodBatch, x: Tensor, y: Tensor) -> Tensor:
        if self.slicing is not None:
            return sliced_distance(adversarial(self.slicing, x), adversarial(self.slicing, y))
        size = x.shape[1]
        if self.options.slices == "polynomial":
            size = size * (size + 1) // 2
        draws = torch.randn(self.options.number, size, generator=batch.generator(salt=3))
        directions = F.normalize(draws.to(x), dim=1)
        slices = {
            "linear": linear_slices,
            "circular": circular_slices,
            "polynomial": polynomial_slices,
        }[self.options.slices]
        return sliced_distance(slices(x, directions), slices(y, directions))


def _joined(views: Sequence[_View]) -> Tensor:
    """All that is known of each examination, zeros for a view it lacks."""
    parts = [part for view in views for part in (view.features, view.vectors)]
    there = [view.present for view in views for _ in range(2)]
    return torch.cat([p * t[:, None] for p, t in zip(parts, there, strict=True)], 1)


METHOD = CoCoNet
