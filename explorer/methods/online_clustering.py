r"""Online clustering: two looks at one examination should fall to the same prototypes.

Paper: F. C. Ghesu, B. Georgescu, A. Mansoor, Y. Yoo, D. Neumann, P. Patel, R. S. Vishwanath, J. M.
Balter, Y. Cao, S. Grbic, D. Comaniciu, "Self-supervised Learning from 100 Million Medical Images",
arXiv 2201.01283, J. Med. Imaging 9(6), 2022. Its mechanism as published by M. Caron et al.,
"Unsupervised Learning of Visual Features by Contrasting Cluster Assignments" (SwAV), NeurIPS 2020.

Equation: $\frac12 [H(q_1, p_2) + H(q_2, p_1)] + \lambda L_{sup}$ with p the softmax of the cosines
with K prototypes over T and q the Sinkhorn codes of the other look, which use all prototypes about
equally, without gradient; L_sup the cross-entropy of known findings.

Intuition: what a radiograph shows decides its group, how it was exposed or turned does not; groups
come out while training, without labels, and labels sharpen them where there are any.

Deviations: SwAV is taken as the mechanism, for the paper's code is not public; two looks, no small
crops; codes are made with the vectors of the last batches; the report is a further look, so that
phrases land in the same space (Wang et al., NeurIPS 2022, do so for radiographs); prototypes are
made unit vectors where they are used.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._banks import VectorQueue
from explorer.methods._base import Method, MethodBatch, MethodCard, MethodOptions, Shapes, option
from explorer.methods._sinkhorn import sinkhorn_codes
from explorer.methods._vectors import at_least_float32, image_vectors, report_vectors

_LOOKS = ("image", "second", "report")


def swapped_prediction(one: Tensor, other: Tensor, *, codes: tuple[Tensor, Tensor]) -> Tensor:
    """Each look predicts the code of the other.

    Args:
        one: Scores of the first look with the prototypes (B, K), temperature applied.
        other: Of the second look.
        codes: Of the first and of the second look (B, K), rows that sum to 1.

    Returns:
        Mean cross-entropy of both directions, in nats.

    >>> certain = torch.tensor([[1.0, 0.0]])
    >>> swapped_prediction(torch.zeros(1, 2), torch.zeros(1, 2), codes=(certain, certain))
    tensor(0.6931)
    """
    first, second = codes
    there = -(first * F.log_softmax(at_least_float32(other), 1)).sum(1)
    back = -(second * F.log_softmax(at_least_float32(one), 1)).sum(1)
    return (there + back).mean() / 2


def known_labels_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of logits (B, L) with labels (B, L) that are 1, 0, or NaN for unknown.

    >>> known_labels_loss(torch.zeros(1, 2), torch.tensor([[1.0, float("nan")]]))
    tensor(0.6931)
    """
    known = ~labels.isnan()
    target = labels.masked_fill(~known, 0.0)
    each = F.binary_cross_entropy_with_logits(at_least_float32(logits), target, reduction="none")
    return each.masked_fill(~known, 0.0).sum() / known.sum().clamp(min=1)


@dataclass(frozen=True)
class OnlineClusteringOptions(MethodOptions):
    """Settings of online clustering; epsilon, rounds and temperature are SwAV's."""

    prototypes: int = option(32, "Prototypes; thousands in SwAV.", min=2)
    epsilon: float = option(0.05, "Softness of the codes.", min=0.005)
    rounds: int = option(3, "Sinkhorn rounds.", min=1)
    temperature: float = option(0.1, "Divisor of the cosine with prototypes.", above=0)
    queue: int = option(256, "Vectors of earlier batches that codes are made with.", min=0)
    frozen: float = option(0.02, "Share of the steps in which prototypes stay.", min=0, max=1)
    images: float = option(1.0, "Weight of two looks at the image.", min=0)
    reports: float = option(1.0, "Weight of image and report.", min=0)
    labels: float = option(0.5, "Weight of known findings (hybrid training).", min=0)


class OnlineClustering(Method):
    """Swapped prediction of codes; owns prototypes, queues and a linear layer for findings."""

    card = MethodCard(
        title="Online clustering",
        paper="F. C. Ghesu, B. Georgescu, A. Mansoor, ... D. Comaniciu, Self-supervised Learning "
        "from 100 Million Medical Images, J. Med. Imaging 9(6) 2022, arXiv 2201.01283",
        year=2022,
        kind="objective",
        equation="(H(q1, p2) + H(q2, p1)) / 2 + lambda * cross-entropy of known findings, p = "
        "softmax(cosine / 0.1), q = Sinkhorn codes",
        intuition="What a radiograph shows decides its group, how it was exposed does not; labels "
        "sharpen the groups where there are any.",
        ours=(
            "The mechanism is SwAV's (Caron et al., NeurIPS 2020): the paper's code is not "
            "public, and its augmentations, sizes and weight of labels were not read.",
            "Two looks of one size, and codes made with a queue, since batches are small.",
            "The report is a third look, so that phrases land in the space of images.",
            "32 prototypes.",
        ),
        needs=frozenset({"second"}),
        uses=frozenset({"labels"}),
        needs_batch=2,
    )
    Options = OnlineClusteringOptions

    def __init__(self, options: OnlineClusteringOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.prototypes = nn.Parameter(
            F.normalize(torch.randn(options.prototypes, shapes.dimension), dim=1)
        )
        self.findings = nn.Linear(shapes.dimension, shapes.labels) if shapes.labels else None
        self.queues = nn.ModuleDict(
            {look: VectorQueue(options.queue, shapes.dimension) for look in _LOOKS}
        )

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Parts `images`, `reports` and `labels`, those that the batch has."""
        looks = self._looks(batch)
        image, _ = looks["image"]
        parts = {}
        for name, look in (("images", "second"), ("reports", "report")):
            if look in looks:
                vectors, there = looks[look]
                loss = self._swapped(batch, image[there], "image", vectors[there], look)
                parts[name] = getattr(self.options, name) * loss
        if self.findings is not None and batch.labels is not None:
            loss = known_labels_loss(self.findings(image), batch.labels)
            parts["labels"] = self.options.labels * loss
        return parts or {"images": image.sum() * 0.0}

    def after_step(self, batch: MethodBatch) -> None:
        """Keep the vectors of this batch for the codes of the next ones."""
        for look, (vectors, there) in self._looks(batch).items():
            self._queue(look).put(vectors[there], batch.study[there])

    def scores(self, vectors: Tensor) -> Tensor:
        """Cosine of unit vectors (..., D) with the prototypes, (..., K)."""
        return vectors @ F.normalize(self.prototypes, dim=1).T

    def _looks(self, batch: MethodBatch) -> dict[str, tuple[Tensor, Tensor]]:
        """Unit vectors (B, D) of each look, and (B,) True for the images that have it."""
        image = image_vectors(batch.patches)
        everyone = torch.ones_like(batch.study, dtype=torch.bool)
        looks = {"image": (image, everyone)}
        if batch.second is not None:
            looks["second"] = (image_vectors(batch.second.patches), everyone)
        use = batch.owner >= 0
        if use.any():
            looks["report"] = report_vectors(batch.phrases, batch.owner, use=use, count=len(image))
        return looks

    def _swapped(
        self, batch: MethodBatch, one: Tensor, first: str, other: Tensor, second: str
    ) -> Tensor:
        moving = batch.step >= self.options.frozen * batch.steps
        prototypes = F.normalize(self.prototypes if moving else self.prototypes.detach(), dim=1)
        scores = one @ prototypes.T, other @ prototypes.T
        codes = self._codes(scores[0], first), self._codes(scores[1], second)
        temperature = self.options.temperature
        return swapped_prediction(scores[0] / temperature, scores[1] / temperature, codes=codes)

    @torch.no_grad()
    def _codes(self, scores: Tensor, look: str) -> Tensor:
        """Codes (B, K) of a batch, balanced together with those of the queue."""
        held, _ = self._queue(look).held()
        together = torch.cat([scores, self.scores(held.to(scores))])
        codes = sinkhorn_codes(
            together, epsilon=self.options.epsilon, iterations=self.options.rounds
        )
        return codes[: len(scores)]

    def _queue(self, look: str) -> VectorQueue:
        queue = self.queues[look]
        assert isinstance(queue, VectorQueue)
        return queue


METHOD = OnlineClustering
