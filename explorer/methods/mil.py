r"""Multiple instance learning: bags of regions against bags of sentences, LSE + NL.

Paper: P. Wang, W. M. Wells, S. Berkowitz, S. Horng, P. Golland, "Using Multiple Instance Learning
to Build Multimodal Representations", IPMI 2023, arXiv 2212.05561.

Equation: $L_{bc} = \mathrm{mean}_s \, \frac1g \log \mathrm{mean}_r \, e^{g f(I_{br}, T_{cs})}$ and
$G_{bc} = \cos(\mathrm{mean}_r \, (I + \mathrm{softmax}(I I^\top / \sqrt D) I)_b, \mathrm{mean}_s
T_{cs})$; maximise InfoNCE of both tables, both ways.

Intuition: an image is a bag of regions and a report a bag of sentences; how one pools decides what
a match means. LSE asks for some regions, NL lets regions see one another before they speak for the
image. Max is Liao et al., mean is ConVIRT, attention of words is GLoRIA: choices of the pool.

Deviations: there is no public code; the form is derived from the paper's description, sharpness,
temperature and weights are ours. NL has no maps of query, key and value, but learns one scale,
since the regions are unit vectors. The learned attentions (Ilse et al., ICML 2018) weigh regions
without looking at the sentence.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, MethodCard, Shapes, option
from explorer.methods._critics import DotCritic, RegionAttention
from explorer.methods._reports import (
    Estimate,
    EstimatorOptions,
    Reports,
    reports_of,
    starting_bias,
)
from explorer.methods._scores import (
    POOLING_NAMES,
    bag_means,
    bag_scores,
    coarse,
    pool,
    pool_weighted,
    similarities,
)

LEARNED = ("learned attention", "gated attention")


def non_local(regions: Tensor, *, scale: Tensor | float | None = None) -> Tensor:
    """Unit vectors (B, D) of images whose regions saw one another.

    Args:
        regions: (B, R, D).
        scale: Of the products before the softmax; None = 1 / sqrt(D).

    >>> non_local(torch.tensor([[[3.0, 4.0]]]))  # one region sees itself
    tensor([[0.6000, 0.8000]])
    """
    if scale is None:
        scale = regions.shape[-1] ** -0.5
    seen = torch.softmax(regions @ regions.mT * scale, -1) @ regions
    return F.normalize((regions + seen).mean(1), dim=-1)


@dataclass(frozen=True)
class MILOptions(EstimatorOptions):
    """Of multiple instance learning."""

    pooling: str = option(
        "log-sum-exp", "How regions become one score.", choices=(*POOLING_NAMES, *LEARNED)
    )
    sharpness: float = option(
        5.0, "g: 1 over the temperature of the pooling, for cosines.", above=0
    )
    sentence_pooling: str = option("mean", "How sentences become one score.", choices=POOLING_NAMES)
    sentences: int = option(
        0, "Sentences that stand for a report, drawn anew at every step; 0 = all.", min=0
    )
    temperature: float = option(0.1, "Divisor of the tables at the start; learned.", above=0)
    local_weight: float = option(1.0, "Of the table of pooled regions.", min=0)
    non_local_weight: float = option(1.0, "Of the table of whole images.", min=0)
    side: int = option(
        8, "Regions that see one another, along a side of the grid; means of patches.", min=1
    )
    both_ways: float = option(
        0.5, "Weight of finding the text of an image; the rest is for the other way.", min=0, max=1
    )


class MIL(Method):
    """See the first lines of this file."""

    card = MethodCard(
        title="Multiple instance learning (LSE + NL)",
        paper=(
            "Wang, Wells, Berkowitz, Horng, Golland: Using Multiple Instance Learning to Build "
            "Multimodal Representations. IPMI 2023, arXiv 2212.05561"
        ),
        year=2023,
        kind="objective",
        equation=(
            r"L_{bc} = \mathrm{mean}_s \tfrac1g \log \mathrm{mean}_r e^{g f_{rs}}, \;"
            r" \max \hat I(L) + \hat I(G)"
        ),
        intuition=(
            "An image is a bag of regions, a report a bag of sentences; the pool says what a match "
            "is."
        ),
        ours=(
            "Derived from the paper's description; there is no public code to compare with.",
            "Sharpness 5, temperature .1, equal weights of LSE and NL.",
            "NL attends among at most 8 x 8 regions, without maps of its own; one learned scale.",
            "Reports that say the same are no negatives.",
        ),
        needs=frozenset({"sentences"}),
        needs_batch=2,
    )
    Options = MILOptions

    def __init__(self, options: MILOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        bias = starting_bias(options.estimator, options.temperature)
        self.local = DotCritic(options.temperature, bias=bias)
        self.whole = DotCritic(options.temperature, bias=bias)
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.local_estimate = Estimate(options)
        self.whole_estimate = Estimate(options)
        gated = options.pooling == "gated attention"
        self.attention = (
            RegionAttention(shapes.dimension, gated=gated) if options.pooling in LEARNED else None
        )

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        options: MILOptions = self.options
        reports = reports_of(batch, name="mil", sentences=options.sentences)
        phrases, regions = batch.phrases[reports.phrases], batch.regions
        pairs = {"positive": reports.positive, "negative": reports.negative}
        parts = {}
        if options.local_weight:
            table = self.local.scale_products(self.table(regions, phrases, reports))
            found = self.local_estimate(table, **pairs, both_ways=options.both_ways)
            parts["local"] = -options.local_weight * found
        if options.non_local_weight:
            means = bag_means(phrases, reports.place, reports.mask)
            whole = F.normalize(coarse(batch.patches, options.side), dim=-1)
            table = self.whole(non_local(whole, scale=self.log_scale.exp()), means)
            found = self.whole_estimate(table, **pairs, both_ways=options.both_ways)
            parts["non-local"] = -options.non_local_weight * found
        return parts

    def table(self, regions: Tensor, phrases: Tensor, reports: Reports) -> Tensor:
        """Pooled cosines (B, C) of images and reports, before the temperature."""
        cosines = similarities(regions, phrases)
        temperature = 1 / self.options.sharpness
        if self.attention is not None:
            pooled = pool_weighted(cosines, self.attention(regions)[:, None])
        else:
            pooled = pool(cosines, self.options.pooling, temperature=temperature)
        name = self.options.sentence_pooling
        return bag_scores(pooled, reports.place, reports.mask, name=name, temperature=temperature)


METHOD = MIL
