r"""LoVT: contrast whole images and reports, and regions with sentences inside each study.

Paper: P. Mueller, G. Kaissis, C. Zou, D. Rueckert, "Joint Learning of Localized Representations
from Medical Images and Reports", ECCV 2022, arXiv 2112.02889.

Equation: .75 l(image -> report) + .25 l(report -> image) + .375 sum of four local terms, each
$\sum_i w_i (\log\sum_j e^{s_{ij}} - \sum_j p_{ij} s_{ij})$ over the positions i, j of one study,
$s = \cos / .3$, where a region is compared with what the regions' cross attention sees in the
report, and a sentence with what it sees in the image.

Intuition: a region and the sentences it attends to should tell the same story, more than the other
regions of the same image do; neighbours in the image are positives as well, the nearer the more.

Deviations: the vectors are those of the joint space, without further projections, so that the
similarity map is what is trained; patches are averaged to at most `side` x `side` regions; images
of one study are no negatives of each other; a sentence that stands twice in a report is a positive
of its copy, where the paper makes them negatives.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.methods._attention import Asked, AttentionPooling, CrossAttention
from explorer.methods._base import (
    Method,
    MethodBatch,
    MethodCard,
    MethodOptions,
    Shapes,
    View,
    option,
)
from explorer.methods._bounds import BOUND_NAMES
from explorer.methods._scores import bag_negatives, phrase_negatives
from explorer.methods._vectors import (
    at_least_float32,
    pair_contrast,
    phrase_bags,
    without_copies,
)


def spatial_positives(height: int, width: int, *, reach: float, decay: float) -> Tensor:
    """How far each region is a positive of each other: rows of e^(-decay d), for d <= reach.

    Distances d are between cells, in units of the grid's diagonal sqrt(h^2 + w^2).

    Returns:
        (R, R) float64 with R = height * width, not normalised.

    >>> spatial_positives(1, 2, reach=0.0, decay=1.0)
    tensor([[1., 0.],
            [0., 1.]], dtype=torch.float64)
    """
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    place = torch.stack([rows, columns], -1).flatten(0, 1).double()
    distance = (place[:, None] - place).square().sum(-1).sqrt() / (height**2 + width**2) ** 0.5
    return torch.exp(-decay * distance) * (distance <= reach)


def local_contrast(
    own: Tensor,
    seen: Tensor,
    *,
    positives: Tensor,
    weights: Tensor,
    mask: Tensor | None = None,
    temperature: float = 0.3,
) -> Tensor:
    """Each position against the other positions of its own study.

    Args:
        own: Vectors (B, N, D), each the anchor of one term.
        seen: Vectors (B, N, D) that stand at the same positions.
        positives: How far j is a positive of i, (N, N) or (B, N, N); rows are normalised here.
        weights: Importance of each anchor (B, N); rows are normalised here.
        mask: (B, N) True for positions that exist; None = all.
        temperature: Divisor of the cosine.

    Returns:
        (B,) one loss a study, in nats; 0 where nothing exists.

    >>> both = torch.eye(2)[None]
    >>> local_contrast(both, both, positives=torch.eye(2), weights=torch.ones(1, 2), temperature=1)
    tensor([0.3133])
    """
    scores = _cosines(own, seen) / temperature
    return _contrast(scores, positives=positives, weights=weights, mask=mask)


def _cosines(own: Tensor, seen: Tensor) -> Tensor:
    own, seen = (F.normalize(at_least_float32(x), dim=-1) for x in (own, seen))
    return own @ seen.mT


def _contrast(scores: Tensor, *, positives: Tensor, weights: Tensor, mask: Tensor | None) -> Tensor:
    """As `local_contrast`, of scores (B, N, N) with the anchors in rows."""
    there = weights.new_ones(weights.shape, dtype=torch.bool) if mask is None else mask
    positives = (positives * there[:, None]).to(scores.dtype)
    positives = positives / positives.sum(-1, keepdim=True).clamp(min=1e-4)
    denominator = scores.masked_fill(~there[:, None], torch.finfo(scores.dtype).min).logsumexp(-1)
    loss = denominator - (positives * scores).sum(-1)  # (B, N)
    weights = (weights * there).to(scores.dtype)
    weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-4)
    return (loss.masked_fill(~there, 0.0) * weights).sum(-1)


@dataclass(frozen=True)
class LoVTOptions(MethodOptions):
    """Settings of LoVT; the defaults are the paper's where not said otherwise."""

    side: int = option(7, "Regions along each side that patches are averaged to.", min=2, max=64)
    temperature: float = option(0.1, "Divisor of the cosine of image and report.", above=0)
    local_temperature: float = option(0.3, "Divisor of the local cosines.", above=0)
    reach: float = option(0.5, "Farthest positive region, in grid diagonals.", min=0, max=1)
    decay: float = option(1.0, "How fast positives fade with distance.", min=0)
    weight: float = option(1.0, "Weight of the contrast of whole images and reports.", min=0)
    image_to_report: float = option(0.75, "Share of it with the image as anchor.", min=0, max=1)
    estimator: str = option("infonce", "Bound of that contrast.", choices=BOUND_NAMES)
    local: float = option(0.375, "Weight of each of the four local terms.", min=0)


class LoVT(Method):
    """Global and local contrast; owns the cross attention and two attention poolings."""

    card = MethodCard(
        title="LoVT",
        paper="P. Mueller, G. Kaissis, C. Zou, D. Rueckert, Joint Learning of Localized "
        "Representations from Medical Images and Reports, ECCV 2022, arXiv 2112.02889",
        year=2022,
        kind="objective",
        equation="0.75 l(image->report) + 0.25 l(report->image) + 0.375 * 4 local terms, each "
        "sum_i w_i (log sum_j e^s_ij - sum_j p_ij s_ij) inside one study, s = cosine / 0.3",
        intuition="A region and the sentences it attends to should agree, more than other regions "
        "of the same image do; neighbouring regions are soft positives.",
        ours=(
            "Vectors of the joint space are compared without further projections, so the "
            "similarity map is what is trained.",
            "Pooling attention has one head and no value projection, for the same reason.",
            "Patches are averaged to 7 x 7 regions, the grid of the paper's image tower.",
            "Images of one study are no negatives of each other; a sentence that stands twice in "
            "a report counts once.",
        ),
        needs=frozenset({"several sentences"}),
        needs_batch=2,
    )
    Options = LoVTOptions

    def __init__(self, options: LoVTOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.attention = CrossAttention(shapes.dimension)
        self.region_pooling = AttentionPooling(shapes.dimension)
        self.sentence_pooling = AttentionPooling(shapes.dimension)

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Parts `global` and `local`."""
        regions, size = self._regions(batch.patches)
        use = without_copies(batch.owner, batch.text_id)
        index, mask = phrase_bags(batch.owner, use=use, count=len(regions))
        sentences = batch.phrases[index]
        everywhere = mask.new_ones(regions.shape[:2])
        image, region_weight = self.region_pooling(regions, everywhere)
        report, sentence_weight = self.sentence_pooling(sentences, mask)
        told = mask.any(1)
        others = phrase_negatives(batch.owner, batch.study, batch.text_id)
        alignment = pair_contrast(
            F.normalize(image, dim=-1),
            F.normalize(report, dim=-1),
            present=told,
            negative=bag_negatives(others, index, mask),
            temperature=self.options.temperature,
            estimator=self.options.estimator,
            both_ways=self.options.image_to_report,
        )
        seen_in_report, _ = self.attention(regions, sentences, mask=mask)
        seen_in_image, _ = self.attention(sentences, regions, mask=everywhere)
        near = spatial_positives(*size, reach=self.options.reach, decay=self.options.decay)
        own_place = torch.eye(mask.shape[1], device=mask.device)
        local = self._both_ways(
            regions, seen_in_report, near.to(regions), region_weight.detach(), None
        ) + self._both_ways(
            sentences, seen_in_image, own_place, sentence_weight.detach(), mask
        )  # (B,)
        return {
            "global": self.options.weight * alignment,
            "local": self.options.local * (local * told).sum() / told.sum().clamp(min=1),
        }

    def attention_map(self, view: View, asked: Asked) -> Tensor:
        """Where each phrase looks in each image: (B, P, h, w), sums of 1."""
        keys = view.patches.flatten(1, 2)
        queries = asked.phrases.expand(len(keys), *asked.phrases.shape)
        _, weights = self.attention(queries, keys, mask=None)
        return weights.unflatten(2, view.patches.shape[1:3])

    def _regions(self, patches: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Unit regions (B, R, D) and the sides of their grid."""
        h, w = (min(self.options.side, n) for n in patches.shape[1:3])
        coarse = F.adaptive_avg_pool2d(patches.permute(0, 3, 1, 2), (h, w))
        return F.normalize(coarse.flatten(2).transpose(1, 2), dim=-1), (h, w)

    def _both_ways(
        self,
        own: Tensor,
        seen: Tensor,
        positives: Tensor,
        weights: Tensor,
        mask: Tensor | None,
    ) -> Tensor:
        """Sum of the local terms with `own` and with `seen` as anchors, (B,)."""
        scores = _cosines(own, seen) / self.options.local_temperature
        anchored = partial(_contrast, positives=positives, weights=weights, mask=mask)
        return anchored(scores) + anchored(scores.mT)


METHOD = LoVT
