r"""PCL: between two clusterings, pull every examination to its prototype, each as tight as it is.

Paper: J. Li, P. Zhou, C. Xiong, S. C. H. Hoi, "Prototypical Contrastive Learning of Unsupervised
Representations", ICLR 2021, arXiv 2005.04966.

Equation (ProtoNCE): $-\log\frac{e^{q k / T}}{e^{q k / T} + \sum_j e^{q k_j / T}}
- \frac1M \sum_m \log\frac{e^{q c_s / \phi_s}}{\sum_j e^{q c_j / \phi_j}}$ with the other look k of
the same examination, a queue of k_j, M clusterings of all examinations at several sizes, the
prototype c_s of the examination's own cluster, and its concentration
$\phi = \sum_z |z - c| / (n \log(n + 10))$, scaled to a mean of T.

Intuition: expectation-maximisation. E: cluster what is remembered of every examination. M: learn
embeddings that lie near their own look and near the prototype of their cluster.

Deviations: no momentum encoder: the second look goes through the same tower, without gradient, and
what is clustered is a memory bank; every prototype is a negative once. The authors' code samples
negatives and puts the prototype of two members of one cluster in twice, as its own negative. The
report is a further look, drawn to its image and to the image's prototype.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._banks import UNKNOWN, MemoryBank, VectorQueue, match_among
from explorer.methods._base import Method, MethodBatch, MethodCard, MethodOptions, Shapes, option
from explorer.methods._scores import bag_negatives, phrase_negatives
from explorer.methods._vectors import (
    at_least_float32,
    image_vectors,
    pair_contrast,
    phrase_bags,
    report_vectors,
)

_SMOOTHING = 10  # in log(n + 10), so that small clusters are not taken for tight ones
_MEMBERS = 4  # images a prototype, at least; fewer prototypes are made of small training sets


def concentration(
    vectors: Tensor, assignment: Tensor, *, clusters: int, temperature: float
) -> Tensor:
    """How loose each cluster is, as the temperature of its prototype.

    Mean distance to the mean over log(n + 10); clusters of one take the largest; clipped to the
    10th and 90th percentile and scaled so that the mean over clusters is `temperature`.

    Args:
        vectors: (N, D).
        assignment: Cluster of each (N,).
        clusters: Their number K.
        temperature: T.

    Returns:
        (K,).

    >>> two = torch.tensor([[0.0], [2.0], [5.0], [7.0]])
    >>> concentration(two, torch.tensor([0, 0, 1, 1]), clusters=2, temperature=0.2)
    tensor([0.2000, 0.2000])
    """
    number = torch.bincount(assignment, minlength=clusters)
    total = vectors.new_zeros(clusters, vectors.shape[1]).index_add(0, assignment, vectors)
    means = total / number.clamp(min=1)[:, None]
    distance = (vectors - means[assignment]).norm(dim=1)
    spread = distance.new_zeros(clusters).index_add(0, assignment, distance)
    phi = spread / (number.clamp(min=1) * torch.log(number + float(_SMOOTHING)))
    phi = torch.where(number > 1, phi, phi.max())
    low, high = torch.quantile(phi, phi.new_tensor([0.1, 0.9]))
    phi = phi.clamp(low, high)
    mean = phi.mean()
    return temperature * phi / mean if mean > 0 else torch.full_like(phi, temperature)


def prototype_contrast(
    queries: Tensor,
    prototypes: Tensor,
    phi: Tensor,
    assignment: Tensor,
    *,
    among: Tensor | None = None,
) -> Tensor:
    """Cross-entropy of the own prototype; each prototype has its temperature.

    Args:
        queries: Unit vectors (B, D).
        prototypes: Unit vectors (K, D).
        phi: Temperatures (K,).
        assignment: Own prototype of each query (B,).
        among: Prototypes that count, besides the own ones of the batch; None = all. However often
            one is named, it counts once.

    Returns:
        (B,) in nats.

    >>> prototype_contrast(torch.eye(2), torch.eye(2), torch.ones(2), torch.tensor([0, 1]))
    tensor([0.3133, 0.3133])
    """
    logits = at_least_float32(queries @ prototypes.T) / at_least_float32(phi)
    own = logits.gather(1, assignment[:, None])[:, 0]
    if among is not None:
        logits = logits[:, torch.unique(torch.cat([assignment, among]))]
    return torch.logsumexp(logits, 1) - own


class Prototypes(nn.Module):
    """One clustering of the training set: centres, their concentration, who belongs where."""

    centres: Tensor  # (K, D) unit
    phi: Tensor  # (K,)
    assignment: Tensor  # (N,), UNKNOWN before the first clustering and for what was not seen then

    def __init__(self, clusters: int, rows: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("centres", torch.zeros(clusters, dimension))
        self.register_buffer("phi", torch.ones(clusters))
        self.register_buffer("assignment", torch.full((rows,), UNKNOWN))

    @torch.no_grad()
    def cluster(self, bank: MemoryBank, *, temperature: float, seed: int) -> None:
        """The E step: k-means over the filled rows; nothing changes where they are too few."""
        rows = torch.nonzero(bank.filled).flatten()
        clusters = len(self.centres)
        if len(rows) <= clusters:
            return
        vectors = bank.vectors[rows].float()
        found = KMeans(clusters, n_init=1, random_state=seed).fit(vectors.cpu().numpy())
        labels = torch.from_numpy(found.labels_.astype(np.int64)).to(rows.device)
        centres = torch.from_numpy(found.cluster_centers_).to(vectors)
        self.centres.copy_(F.normalize(centres, dim=1))
        self.phi.copy_(concentration(vectors, labels, clusters=clusters, temperature=temperature))
        self.assignment.fill_(UNKNOWN)
        self.assignment[rows] = labels


@dataclass(frozen=True)
class PCLOptions(MethodOptions):
    """Settings of PCL; sizes are ours, for training sets of some hundred to some ten thousand."""

    temperature: float = option(0.2, "Divisor of the cosine, and mean of phi.", above=0)
    queue: int = option(1024, "Looks of earlier batches as negatives; 16384 in the paper.", min=1)
    momentum: float = option(0.5, "Share of the old vector that the bank keeps.", min=0, max=1)
    clusters: int = option(8, "Prototypes of the coarsest clustering; the next has twice.", min=2)
    levels: int = option(3, "Clusterings M.", min=1, max=8)
    warm_up: float = option(0.2, "Share of the steps before the first clustering.", min=0, max=1)
    every: int = option(50, "Steps between two clusterings.", min=1)
    prototypes: float = option(1.0, "Weight of the contrast with prototypes.", min=0)
    reports: float = option(1.0, "Weight of the report as a look.", min=0)


class PCL(Method):
    """ProtoNCE; owns the queue, the memory bank and the clusterings."""

    card = MethodCard(
        title="PCL",
        paper="J. Li, P. Zhou, C. Xiong, S. C. H. Hoi, Prototypical Contrastive Learning of "
        "Unsupervised Representations, ICLR 2021, arXiv 2005.04966",
        year=2021,
        kind="objective",
        equation="InfoNCE(look, other look; queue, T) + mean over clusterings of -log softmax("
        "q . c / phi) at the own prototype, phi = mean distance / log(n + 10), scaled to mean T",
        intuition="Embeddings lie near their other look and near the prototype of their cluster, "
        "the tighter the cluster the nearer.",
        ours=(
            "No momentum encoder: the other look goes through the same tower without gradient, "
            "and a memory bank is clustered.",
            "Every prototype is a negative once; the authors' sampling can make the own one its "
            "own negative.",
            "The report is a look of its image, contrasted within the batch and with the "
            "prototype of the image.",
            "8, 16 and 32 prototypes (25k, 50k and 100k in the paper), a clustering every 50 "
            "steps, a queue of 1024.",
        ),
        needs=frozenset({"second", "ids"}),
        needs_batch=2,
    )
    Options = PCLOptions

    def __init__(self, options: PCLOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        rows, dimension = shapes.images, shapes.dimension
        self.bank = MemoryBank(rows, dimension)
        self.queue = VectorQueue(options.queue, dimension)
        sizes = [options.clusters * 2**level for level in range(options.levels)]
        most = max(2, rows // _MEMBERS)
        self.clusterings = nn.ModuleList(
            Prototypes(min(size, most), rows, dimension) for size in sizes
        )

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Parts `instances`, `prototypes` and `reports`, those that the batch and the step have."""
        query = image_vectors(batch.patches)
        parts = {}
        if batch.second is not None:
            parts["instances"] = self._instance_loss(batch, query)
        known = self.options.prototypes * self._prototype_loss(batch, query)
        parts["prototypes"] = known
        use = batch.owner >= 0
        if use.any():
            report, told = report_vectors(batch.phrases, batch.owner, use=use, count=len(query))
            others = phrase_negatives(batch.owner, batch.study, batch.text_id)
            bags = phrase_bags(batch.owner, use=use, count=len(query))
            matching = pair_contrast(
                query,
                report,
                present=told,
                negative=bag_negatives(others, *bags),
                temperature=self.options.temperature,
            )
            drawn = self.options.prototypes * self._prototype_loss(batch, report, told)
            parts["reports"] = self.options.reports * (matching + drawn)
        return parts

    @torch.no_grad()
    def after_step(self, batch: MethodBatch) -> None:
        """Remember this batch; every so often, cluster all that is remembered."""
        vectors = image_vectors(batch.patches)
        self.bank.update(batch.index, vectors, batch.study, momentum=self.options.momentum)
        if batch.second is not None:
            self.queue.put(image_vectors(batch.second.patches), batch.study)
        begun = batch.step + 1 >= self.options.warm_up * batch.steps
        if begun and ((batch.step + 1) % self.options.every == 0 or not self._clustered()):
            for clustering in self.levels():
                clustering.cluster(
                    self.bank, temperature=self.options.temperature, seed=batch.seed % 2**32
                )

    def levels(self) -> Sequence[Prototypes]:
        """The clusterings, the coarsest first."""
        return [c for c in self.clusterings if isinstance(c, Prototypes)]

    def _instance_loss(self, batch: MethodBatch, query: Tensor) -> Tensor:
        """Against the queue and, which fills in while it is short, the other looks of the batch."""
        assert batch.second is not None
        key = image_vectors(batch.second.patches).detach()
        held, study = self.queue.held()
        others = torch.cat([held.to(key), key])
        mask = torch.cat([study, batch.study]) != batch.study[:, None]
        scores = torch.cat([(query * key).sum(1, keepdim=True), query @ others.T], 1)
        return match_among(scores, temperature=self.options.temperature, mask=mask).mean()

    def _prototype_loss(
        self, batch: MethodBatch, vectors: Tensor, there: Tensor | None = None
    ) -> Tensor:
        """Mean over clusterings, and over the examinations that have a prototype."""
        total = vectors.sum() * 0.0
        for clustering in self.levels():
            own = clustering.assignment[batch.index]
            known = own != UNKNOWN if there is None else (own != UNKNOWN) & there
            if known.any():
                each = prototype_contrast(
                    vectors[known],
                    clustering.centres.to(vectors),
                    clustering.phi.to(vectors),
                    own[known],
                )
                total = total + each.mean() / len(self.clusterings)
        return total

    def _clustered(self) -> bool:
        return all(bool((c.assignment != UNKNOWN).any()) for c in self.levels())


METHOD = PCL
