r"""CLIP-Lite: the Jensen-Shannon bound with one negative for each positive.

Paper: A. Shrivastava, R. R. Selvaraju, N. Naik, V. Ordonez, "CLIP-Lite: Information Efficient
Visual Representation Learning with Language Supervision", AISTATS 2023, arXiv 2112.07133.

Equation: $(1 - w) \, [\mathrm{mean}_i \, \mathrm{sp}(-s_{i,i}) + \mathrm{mean}_i \, \mathrm{sp}
(s_{i,i+1})] + w \, \mathcal L_\mathrm{prior}$ with $s = e^t \cos(g(v), h(u))$, sp the softplus,
$t_0 = \log(1 / .07)$, $w = .1$.

Intuition: telling matched from mismatched pairs one by one needs no large batch, and costs memory
in proportion to it.

Deviations: the negative of an image is the next text of the batch that is no match (other study,
other words), not blindly the next. The critic's blocks g and h are the checkpoint's own projections
by default, so that its map is what was trained; `critic="blocks"` has the paper's, which a
checkpoint does not keep. The image vectors are matched to a uniform prior on the sphere, against
the discriminator and not with it (`_prior.py`). The abstract's "better than CLIP" did not reproduce
in our toy: with 8 pairs a batch one negative comes near InfoNCE, with 128 it falls behind.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, MethodCard, Shapes, option
from explorer.methods._bounds import BOUND_NAMES
from explorer.methods._critics import DotCritic
from explorer.methods._prior import Discriminator, prior_loss, uniform_codes
from explorer.methods._reports import Estimate, EstimatorOptions, reports_of, starting_bias
from explorer.methods._scores import bag_means
from explorer.methods._vectors import image_vectors


def next_negative(negative: Tensor) -> tuple[Tensor, Tensor]:
    """For each row, the first column after the diagonal, around the end, that is a negative.

    Args:
        negative: (B, B) bool.

    Returns:
        Column (B,), and (B,) False where the row has none.

    >>> next_negative(torch.tensor([[False, False, True], [True, False, False], [False] * 3]))
    (tensor([2, 0, 0]), tensor([ True,  True, False]))
    """
    count = len(negative)
    steps = torch.arange(1, count + 1, device=negative.device)
    column = (torch.arange(count, device=negative.device)[:, None] + steps) % count
    first = negative.gather(1, column).to(torch.uint8).argmax(1, keepdim=True)
    return column.gather(1, first)[:, 0], negative.any(1)


class Block(nn.Module):
    """`LayerNorm(Lin-BN-ReLU-Lin(x) + Lin(x))`, the shortcut a noisy copy at the start."""

    def __init__(self, size: int, units: int) -> None:
        super().__init__()
        self.nonlinear = nn.Sequential(
            nn.Linear(size, units, bias=False),
            nn.BatchNorm1d(units),
            nn.ReLU(),
            nn.Linear(units, units),
        )
        self.shortcut = nn.Linear(size, units)
        self.norm = nn.LayerNorm(units)
        with torch.no_grad():
            self.shortcut.weight.uniform_(-0.01, 0.01)
            self.shortcut.weight.fill_diagonal_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, units) of x (N, size)."""
        out: Tensor = self.norm(self.nonlinear(x) + self.shortcut(x))
        return out


@dataclass(frozen=True)
class CLIPLiteOptions(EstimatorOptions):
    """Of CLIP-Lite."""

    estimator: str = option("jsd", "Bound on the mutual information.", choices=BOUND_NAMES)
    critic: str = option(
        "projections",
        "What precedes the cosine: the checkpoint's projections, or the paper's blocks.",
        choices=("projections", "blocks"),
    )
    units: int = option(256, "Of the blocks; the paper has 2048.", min=1)
    temperature: float = option(0.07, "Divisor of the cosines at the start; learned.", above=0)
    prior: float = option(0.1, "Weight of the prior; the rest is for the contrast.", min=0, max=1)
    sentences: int = option(
        1, "Sentences that stand for a report, drawn anew at every step; 0 = all.", min=0
    )


class CLIPLite(Method):
    """See the first lines of this file."""

    card = MethodCard(
        title="CLIP-Lite",
        paper=(
            "Shrivastava, Selvaraju, Naik, Ordonez: CLIP-Lite: Information Efficient Visual "
            "Representation Learning with Language Supervision. AISTATS 2023, arXiv 2112.07133"
        ),
        year=2023,
        kind="objective",
        equation=(
            r"(1 - w) (\mathrm{mean}\, \mathrm{sp}(-s_{i,i}) + \mathrm{mean}\, \mathrm{sp}"
            r"(s_{i,i+1})) + w \mathcal L_\mathrm{prior}"
        ),
        intuition="One wrong text for each image is enough, and needs no large batch.",
        ours=(
            "The checkpoint's projections stand for the critic's blocks.",
            "The negative is the next text that is no match.",
            "The image vectors are matched to a uniform prior on the sphere, adversarially.",
            "One sentence stands for a report.",
        ),
        needs=frozenset({"sentences"}),
        needs_batch=2,
    )
    Options = CLIPLiteOptions
    order_matters = "the negative of an image is the next text, and sentences are drawn"

    def __init__(self, options: CLIPLiteOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        bias = starting_bias(options.estimator, options.temperature)
        self.critic = DotCritic(options.temperature, bias=bias)
        if options.estimator == "jsd":
            self.critic.bias.requires_grad = False  # the paper has none
        self.blocks = (
            nn.ModuleList(Block(shapes.dimension, options.units) for _ in range(2))
            if options.critic == "blocks"
            else None
        )
        self.discriminator = Discriminator(shapes.dimension) if options.prior else None
        self.estimate = Estimate(options)

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        options: CLIPLiteOptions = self.options
        reports = reports_of(batch, name="clip_lite", sentences=options.sentences)
        images = image_vectors(batch.patches)
        texts = bag_means(batch.phrases[reports.phrases], reports.place, reports.mask)
        wrong, present = next_negative(reports.negative)
        pairs = torch.stack([reports.positive.diagonal(), present], 1)  # (B, 2)
        found = self.estimate(
            self.pair_scores(images, texts, wrong),
            positive=pairs & pairs.new_tensor([True, False]),
            negative=pairs & pairs.new_tensor([False, True]),
        )
        parts = {"contrast": -(1 - options.prior) * found}
        if self.discriminator is not None:
            drawn = torch.rand(images.shape, generator=batch.generator(salt=2)).to(images)
            cost = prior_loss(self.discriminator, uniform_codes(images), drawn)
            parts["prior"] = options.prior * cost
        return parts

    def pair_scores(self, images: Tensor, texts: Tensor, wrong: Tensor) -> Tensor:
        """Scores (B, 2) of each image with its own text and with a wrong one: memory of order B."""
        if self.blocks is not None:
            images, texts = (
                F.normalize(block(x), dim=-1)
                for block, x in zip(self.blocks, (images, texts), strict=True)
            )
        both = torch.stack([(images * texts).sum(-1), (images * texts[wrong]).sum(-1)], 1)
        return self.critic.scale_products(both)


METHOD = CLIPLite
