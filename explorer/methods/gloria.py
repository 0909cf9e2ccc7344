r"""GLoRIA: every word looks at the regions it speaks of.

Paper: S.-C. Huang, L. Shen, M. P. Lungren, S. Yeung, "GLoRIA: A Multimodal Global-Local
Representation Learning Framework for Label-Efficient Medical Image Recognition", ICCV 2021.

Equation: $a_{wr} = \mathrm{softmax}_r (\tau_1 \, \mathrm{softmax}_w \langle I_r, T_w \rangle)$,
context $c_w = \sum_r a_{wr} I_r$, $Z = \log \sum_w e^{\tau_2 \cos(c_w, T_w)}$; InfoNCE of
$\tau_3 Z$ both ways, plus the same of the cosines of whole image and whole report;
$\tau_1 = 4, \tau_2 = 5, \tau_3 = 10$.

Intuition: as a pooling of regions it is `mil` with attention that each word sets for itself: words
share out the regions first, then each word spreads its attention over the regions.

Deviations: words are word pieces as the text tower reads them (the authors add pieces up to words),
projected like phrases. Regions and words are unit vectors here, so their products get a learned
scale before the softmax over words. Regions are means over an 8 x 8 grid where patches are finer,
and one drawn sentence stands for a report by default, so that the loss stays a small part of a
step. The log of the sum grows with the number of words, as in the released code; scoring by the
maximum over words, which that code does at inference, is not copied. A report of one word attends
everywhere alike, since the softmax over words comes first.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.methods._attention import Asked
from explorer.methods._base import (
    Method,
    MethodBatch,
    MethodCard,
    Shapes,
    View,
    WordBatch,
    option,
)
from explorer.methods._critics import DotCritic
from explorer.methods._reports import (
    Estimate,
    EstimatorOptions,
    Reports,
    reports_of,
    starting_bias,
)
from explorer.methods._scores import bag_means, coarse
from explorer.methods._vectors import image_vectors, phrase_bags

_SHORTEST = 1e-6  # of a context, whose direction means nothing below


def word_attention(
    regions: Tensor, words: Tensor, mask: Tensor, *, sharpness: float = 4.0
) -> Tensor:
    """Attention (B, C, W, R) of the words of every report over the regions of every image.

    Args:
        regions: (B, R, D).
        words: (C, W, D).
        mask: (C, W) False for padding, whose rows are 0.
        sharpness: Tau 1.

    >>> one, two = torch.tensor([[[1.0], [0.0]]]), torch.tensor([[[9.0], [-9.0]]])
    >>> word_attention(one, two, torch.ones(1, 2, dtype=torch.bool))[0, 0].argmax(1)
    tensor([0, 1])
    """
    looked = _looks(_products(regions, words[mask]), mask, sharpness=sharpness)
    return _padded(looked.transpose(0, 1), mask, fill=0)


def _products(regions: Tensor, words: Tensor) -> Tensor:
    """(N, B, R) of words (N, D) with regions (B, R, D)."""
    return (words @ regions.flatten(0, 1).mT).unflatten(1, regions.shape[:2])


def _looks(products: Tensor, mask: Tensor, *, sharpness: float) -> Tensor:
    """Attention (N, B, R) of the N words that exist from their products (N, B, R) with regions.

    Words are in the order of the mask (C, W).
    """
    of_reports = products.flatten(1).split(mask.sum(1).tolist())
    shared = torch.cat([product.softmax(0) for product in of_reports])  # (N, B * R)
    return (sharpness * shared).view_as(products).softmax(2)


def _padded(values: Tensor, mask: Tensor, *, fill: float) -> Tensor:
    """(B, C, W, ...) from values (B, N, ...) of the N words that exist."""
    padded = values.new_full((len(values), *mask.shape, *values.shape[2:]), fill)
    padded[:, mask] = values
    return padded


def word_scores(
    regions: Tensor,
    words: Tensor,
    mask: Tensor,
    *,
    scale: Tensor | float = 1.0,
    sharpness: float = 4.0,
    word_sharpness: float = 5.0,
) -> Tensor:
    """Z (B, C): how well the words of each report find themselves in each image.

    Args:
        regions: (B, R, D).
        words: (C, W, D).
        mask: (C, W) False for padding.
        scale: Of the products before the softmax over words.
        sharpness: Tau 1.
        word_sharpness: Tau 2.
    """
    real = words[mask]
    products = _products(regions, real)
    looked = _looks(products * scale, mask, sharpness=sharpness)
    # Of the context only its product with the word and its length are asked: both follow from
    # products of regions, and no context (B, N, D) is made.
    inner = (looked * products).sum(-1).mT  # (B, N)
    looked = looked.transpose(0, 1)
    square = ((looked @ (regions @ regions.mT)) * looked).sum(-1)
    length = square.clamp(min=_SHORTEST**2).sqrt() * torch.linalg.vector_norm(real, dim=-1)
    alike = word_sharpness * inner / length.clamp(min=_SHORTEST**2)
    lowest = torch.finfo(alike.dtype).min / 4
    return torch.logsumexp(_padded(alike, mask, fill=lowest), -1)


def words_of_reports(words: WordBatch, reports: Reports) -> tuple[Tensor, Tensor]:
    """Words of the sentences of each report in one row, [CLS] and [SEP] left out.

    Returns:
        Projected words (C, W, D) and their mask (C, W).
    """
    phrase = torch.arange(len(words.ids), device=words.ids.device)
    report = torch.full_like(phrase, -1)
    number = torch.arange(len(reports.mask), device=phrase.device)[:, None]
    used = reports.phrases[reports.place][reports.mask]
    report[used] = number.expand_as(reports.place)[reports.mask]
    real = words.mask & (words.ids != words.start) & (words.ids != words.end)
    owner = report[:, None].expand_as(words.ids).flatten()
    index, mask = phrase_bags(owner, use=real.flatten(), count=len(reports.mask))
    return words.project(words.vectors.flatten(0, 1)[index]), mask


@dataclass(frozen=True)
class GLoRIAOptions(EstimatorOptions):
    """Of GLoRIA."""

    sharpness: float = option(4.0, "Tau 1: of the attention over regions.", above=0)
    word_sharpness: float = option(5.0, "Tau 2: of the sum over words.", above=0)
    scale: float = option(10.0, "Tau 3: of the tables; learned unless by InfoNCE.", above=0)
    local_weight: float = option(1.0, "Of the table of words.", min=0)
    global_weight: float = option(1.0, "Of the table of whole images and reports.", min=0)
    side: int = option(8, "Regions along a side of the grid, as means of patches.", min=1)
    sentences: int = option(
        1, "Sentences that stand for a report, drawn anew at every step; 0 = all.", min=0
    )


class GLoRIA(Method):
    """See the first lines of this file."""

    card = MethodCard(
        title="GLoRIA",
        paper=(
            "Huang, Shen, Lungren, Yeung: GLoRIA: A Multimodal Global-Local Representation "
            "Learning Framework for Label-Efficient Medical Image Recognition. ICCV 2021"
        ),
        year=2021,
        kind="objective",
        equation=(
            r"Z = \log \sum_w e^{\tau_2 \cos(c_w, T_w)}, \; c_w = \sum_r \mathrm{softmax}_r"
            r"(\tau_1 \mathrm{softmax}_w \langle I_r, T_w \rangle) I_r"
        ),
        intuition="Every word of a report should find the regions that it speaks of.",
        ours=(
            "Word pieces of the frozen text tower, projected like phrases.",
            "A learned scale before the softmax over words, since our vectors have unit length.",
            "At most 8 x 8 regions, and one drawn sentence for a report unless told otherwise.",
            "Pairs of one study, and reports that say the same, are no negatives.",
        ),
        needs=frozenset({"tokens"}),
        needs_batch=2,
    )
    Options = GLoRIAOptions
    order_matters = "one sentence of each report is drawn"

    def __init__(self, options: GLoRIAOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        bias = starting_bias(options.estimator, 1 / options.scale)
        self.critics = nn.ModuleDict(
            {name: DotCritic(1 / options.scale, bias=bias) for name in ("local", "global")}
        )
        self.critics.requires_grad_(options.estimator != "infonce")  # the paper's are fixed
        self.estimates = nn.ModuleDict({name: Estimate(options) for name in self.critics})

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        options: GLoRIAOptions = self.options
        reports = reports_of(batch, name="gloria", sentences=options.sentences)
        parts = {}
        if options.local_weight:
            table = self.table(batch, reports)
            parts["local"] = -options.local_weight * self.both(table, reports, "local")
        if options.global_weight:
            texts = bag_means(batch.phrases[reports.phrases], reports.place, reports.mask)
            table = image_vectors(batch.patches) @ texts.mT
            parts["global"] = -options.global_weight * self.both(table, reports, "global")
        return parts

    def table(self, batch: MethodBatch, reports: Reports) -> Tensor:
        """Z (B, C) of the images and reports of a step."""
        if batch.words is None:
            raise ValueError("gloria needs word pieces; its card says so.")
        words, mask = words_of_reports(batch.words, reports)
        return word_scores(
            coarse(batch.patches, self.options.side),
            words,
            mask,
            scale=self.log_scale.exp(),
            sharpness=self.options.sharpness,
            word_sharpness=self.options.word_sharpness,
        )

    def attention_map(self, view: View, asked: Asked) -> Tensor:
        """Where the words of each phrase look, on average: (B, P, h, w), sums of 1.

        A phrase of one word looks everywhere alike, since words share out the regions first.
        """
        word = asked.mask & ~asked.special
        regions = view.patches.flatten(1, 2)
        looked = word_attention(
            regions, asked.words * self.log_scale.exp(), word, sharpness=self.options.sharpness
        )
        share = word[None, :, :, None].to(looked.dtype)
        mean = (looked * share).sum(2) / share.sum(2).clamp(min=1)
        return mean.unflatten(2, view.patches.shape[1:3])

    def both(self, table: Tensor, reports: Reports, name: str) -> Tensor:
        """Sum of the bounds of both directions."""
        critic, estimate = self.critics[name], self.estimates[name]
        found: Tensor = estimate(
            critic.scale_products(table),  # type: ignore[operator]
            positive=reports.positive,
            negative=reports.negative,
            both_ways=0.5,
        )
        return 2 * found


METHOD = GLoRIA
