r"""Local mutual information: each sentence should be seen in some region.

Paper: R. Liao, D. Moyer, M. Cha, K. Quigley, S. Berkowitz, S. Horng, P. Golland, W. M. Wells,
"Multimodal Representation Learning via Maximization of Local Mutual Information", MICCAI 2021,
arXiv 2103.04537.

Equation: maximise $\sum_m \max_n \hat I(I_n; T_m)$ over regions $I_n$ and sentences $T_m$, here as
$\hat I$ of the table $M_{bc} = \mathrm{mean}_m \max_n f(I_{bn}, T_{cm})$ of images and reports.

Intuition: one region is enough to explain a sentence, and no sentence explains every region, so the
maximum goes one way, over regions.

Deviations: the released code has the global form alone, so the pooled table is ours. Its "infonce"
is the bound of Donsker and Varadhan less a constant (choose `dv` for that gradient); ours has the
matched pair in the denominator and stays below log K. Beside pairs of the same study, which the
released code leaves out, reports that say the same are no negatives either. The map that a
checkpoint shows is a cosine, hence the dot critic by default; the concat critic of the paper is a
network of its own that the checkpoint does not keep. `level="global"` is the same with one region,
the mean of all: the twin to compare with.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, MethodCard, Shapes, option
from explorer.methods._critics import ConcatCritic, DotCritic
from explorer.methods._reports import Estimate, EstimatorOptions, reports_of, starting_bias
from explorer.methods._scores import POOLING_NAMES, bag_scores, coarse, pool, similarities


def image_report_scores(
    scores: Tensor, place: Tensor, mask: Tensor, *, pooling: str = "max", temperature: float = 1.0
) -> Tensor:
    """Table M (B, C) of images and reports: pool regions, then average sentences.

    Args:
        scores: Critic of sentences and regions (B, N, R).
        place: (C, S) sentences of each report, padded.
        mask: (C, S) True where there is one.
        pooling: Over regions; `max` is the paper's.
        temperature: Of that pooling.

    >>> import torch
    >>> critic = torch.tensor([[[0.0, 3.0], [1.0, 1.0]]])  # one image, two sentences, two regions
    >>> image_report_scores(critic, torch.tensor([[0, 1]]), torch.ones(1, 2, dtype=torch.bool))
    tensor([[2.]])
    """
    return bag_scores(pool(scores, pooling, temperature=temperature), place, mask)


@dataclass(frozen=True)
class LocalMIOptions(EstimatorOptions):
    """Of local mutual information."""

    level: str = option(
        "local",
        "Contrast regions, or the mean of all regions as the twin to compare with.",
        choices=("local", "global"),
    )
    critic: str = option(
        "dot", "Scores pairs by a cosine, or by a network of both.", choices=("dot", "concat")
    )
    pooling: str = option("max", "How regions become one score.", choices=POOLING_NAMES)
    pooling_temperature: float = option(1.0, "Of the pooling, in units of the scores.", above=0)
    sentences: int = option(
        1, "Sentences that stand for a report, drawn anew at every step; 0 = all.", min=0
    )
    temperature: float = option(0.1, "Of the dot critic at the start; learned.", above=0)
    side: int = option(
        0, "Regions along a side of the grid, as means of patches; 0 = every patch.", min=0
    )
    hidden: int = option(256, "Units of the concat critic; the second layer has half.", min=2)


class LocalMI(Method):
    """See the first lines of this file."""

    card = MethodCard(
        title="Local mutual information",
        paper=(
            "Liao, Moyer, Cha, Quigley, Berkowitz, Horng, Golland, Wells: Multimodal "
            "Representation Learning via Maximization of Local Mutual Information. MICCAI 2021, "
            "arXiv 2103.04537"
        ),
        year=2021,
        kind="objective",
        equation=r"\max \hat I(M), \; M_{bc} = \mathrm{mean}_m \max_n f(I_{bn}, T_{cm})",
        intuition="Each sentence of a report should be seen in some region of its radiograph.",
        ours=(
            "The table of images and reports; the released code has the global form alone.",
            "The dot critic by default, since the map of a checkpoint is a cosine.",
            "InfoNCE by default, with the matched pair in its denominator.",
            "Reports that say the same are no negatives.",
            "The concat critic has 256 and 128 units for 1024 and 512.",
        ),
        needs=frozenset({"sentences"}),
        needs_batch=2,
    )
    Options = LocalMIOptions
    order_matters = "one sentence of each report is drawn"

    def __init__(self, options: LocalMIOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        size = shapes.dimension
        self.critic: nn.Module = (
            DotCritic(
                options.temperature, bias=starting_bias(options.estimator, options.temperature)
            )
            if options.critic == "dot"
            else ConcatCritic(size, size, (options.hidden, options.hidden // 2))
        )
        self.estimate = Estimate(options)

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        options = self.options
        reports = reports_of(batch, name="local_mi", sentences=options.sentences)
        scores = self.scores(self.regions(batch.patches), batch.phrases[reports.phrases])
        table = image_report_scores(
            scores,
            reports.place,
            reports.mask,
            pooling=options.pooling,
            temperature=options.pooling_temperature,
        )
        found = self.estimate(table, positive=reports.positive, negative=reports.negative)
        return {f"{options.level} mutual information": -found}

    def regions(self, patches: Tensor) -> Tensor:
        """(B, R, D) unit regions of patches (B, h, w, D)."""
        if self.options.level == "global":
            return F.normalize(patches.mean((1, 2)), dim=-1)[:, None]
        if self.options.side == 0:
            return patches.flatten(1, 2)
        return F.normalize(coarse(patches, self.options.side), dim=-1)

    def scores(self, regions: Tensor, phrases: Tensor) -> Tensor:
        """Critic (B, N, R) of regions (B, R, D) and phrases (N, D): the map of a phrase."""
        if isinstance(self.critic, DotCritic):
            return self.critic.scale_products(similarities(regions, phrases))
        flat: Tensor = self.critic(regions.flatten(0, 1), phrases)
        return flat.unflatten(0, regions.shape[:2]).mT


METHOD = LocalMI
