r"""ConVIRT: one vector of the image against one sampled sentence, both ways.

Paper: Y. Zhang, H. Jiang, Y. Miura, C. D. Manning, C. P. Langlotz, "Contrastive Learning of Medical
Visual Representations from Paired Images and Text", MLHC 2022, arXiv 2010.00747 (2020).

Equation: $\mathcal L = \mathrm{mean}_i \, (\lambda \, \ell_i^{v \to u} + (1 - \lambda) \,
\ell_i^{u \to v})$, cross-entropies of the softmax of $\cos(v, u) / \tau$ over the batch;
$\tau = .1$, $\lambda = .75$.

Intuition: an image should pick out its own sentence among those of the batch, and the sentence its
image.

Deviations: the loss is minus the InfoNCE bound, which differs from the paper's by the constant
log K and has its gradient. The image vector is the mean of the projected patches, so that the
checkpoint's map sums to what was trained. Pairs of one study, and a sentence that the image's own
report has as well, are no negatives.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, MethodCard, Shapes, option
from explorer.methods._bounds import infonce
from explorer.methods._critics import DotCritic
from explorer.methods._reports import Estimate, EstimatorOptions, reports_of, starting_bias
from explorer.methods._scores import bag_means
from explorer.methods._vectors import image_vectors


def convirt_bound(
    images: Tensor,
    texts: Tensor,
    *,
    temperature: float = 0.1,
    weight: float = 0.75,
    negative: Tensor | None = None,
) -> Tensor:
    """Minus the published loss, plus log K: a bound in nats, to be maximised.

    Args:
        images: (K, D), not yet of unit length.
        texts: (K, D), row i belongs to image i.
        temperature: Divisor of the cosines.
        weight: Lambda: of finding the text of an image.
        negative: (K, K) True where image and text surely do not match; None = all others.

    >>> import torch
    >>> round(convirt_bound(torch.eye(2), torch.eye(2)).item(), 4)  # log 2, nearly
    0.6931
    """
    scores = F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).mT / temperature
    back = infonce(scores.mT, negative=None if negative is None else negative.mT)
    return weight * infonce(scores, negative=negative) + (1 - weight) * back


@dataclass(frozen=True)
class ConVIRTOptions(EstimatorOptions):
    """Of ConVIRT."""

    temperature: float = option(0.1, "Divisor of the cosines.", above=0)
    both_ways: float = option(
        0.75, "Weight of finding the text of an image; the rest is for the other way.", min=0, max=1
    )
    sentences: int = option(
        1, "Sentences that stand for a report, drawn anew at every step; 0 = all.", min=0
    )


class ConVIRT(Method):
    """See the first lines of this file."""

    card = MethodCard(
        title="ConVIRT",
        paper=(
            "Zhang, Jiang, Miura, Manning, Langlotz: Contrastive Learning of Medical Visual "
            "Representations from Paired Images and Text. MLHC 2022, arXiv 2010.00747"
        ),
        year=2022,
        kind="objective",
        equation=(
            r"\mathrm{mean}_i (\lambda \ell_i^{v \to u} + (1 - \lambda) \ell_i^{u \to v}), \;"
            r" \cos(v, u) / \tau"
        ),
        intuition="A whole image should pick out its own sentence in a batch, and the other way.",
        ours=(
            "The image vector is the mean of the projected patches.",
            "Pairs of one study, and sentences that both reports have, are no negatives.",
            "With another estimator than InfoNCE, scale and bias of the cosine are learned.",
        ),
        needs=frozenset({"sentences"}),
        needs_batch=2,
    )
    Options = ConVIRTOptions
    order_matters = "one sentence of each report is drawn"

    def __init__(self, options: ConVIRTOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        bias = starting_bias(options.estimator, options.temperature)
        self.critic = DotCritic(options.temperature, bias=bias)
        self.critic.requires_grad_(options.estimator != "infonce")  # the paper's is fixed
        self.estimate = Estimate(options)

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        reports = reports_of(batch, name="convirt", sentences=self.options.sentences)
        texts = bag_means(batch.phrases[reports.phrases], reports.place, reports.mask)
        found = self.estimate(
            self.critic(image_vectors(batch.patches), texts),
            positive=reports.positive,
            negative=reports.negative,
            both_ways=self.options.both_ways,
        )
        return {"contrast": -found}


METHOD = ConVIRT
