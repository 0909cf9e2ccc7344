r"""CMC: whatever shows the same examination is a view of it, and views should tell of each other.

Paper: Y. Tian, D. Krishnan, P. Isola, "Contrastive Multiview Coding", ECCV 2020, arXiv 1906.05849.

Equation: for every pair of views, both ways, with $P_k = e^{s_k / T} / Z$ of the match (k = 0) and
of K vectors remembered from other examinations,
$-\log\frac{P_0}{P_0 + K/n} - \sum_k \log\frac{K/n}{P_k + K/n}$, n images in all; or the
cross-entropy of the match among K + 1 (softmax).

Intuition: edges, intensities, the lateral film, findings and impression share the disease and
little else, so what all of them tell of is the disease.

Deviations: Z is fixed from the first 16 batches and not from the first alone, on which it depended;
the match is the other view as it is now (the paper: as it was remembered, an epoch ago); vectors of
the anchor's own examination are no negatives; n, and with it K, is that of the training set.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._banks import MemoryBank, match_among
from explorer.methods._base import Method, MethodBatch, MethodCard, MethodOptions, Shapes, option
from explorer.methods._image_views import IMAGE_VIEWS, image_view
from explorer.methods._vectors import at_least_float32, image_vectors, report_vectors

VIEWS = ("image", "band", "lateral", "report", "impression")
IMPRESSION = 2
FRONTAL, LATERAL = 0, 1
_SETTLE = 16  # batches that Z is estimated from
_KEPT = 8  # batches of one update whose views are kept for the banks
_FEW = 16  # times K vectors that are quicker scored all than copied as they are drawn
Views = dict[str, tuple[Tensor, Tensor]]  # unit vectors (B, D), and (B,) which images have it


def log_partition(scores: Tensor, *, images: int, temperature: float) -> Tensor:
    """Logarithm of Z = n mean e^(s / T), from the scores (B, K + 1) of one batch."""
    scaled = at_least_float32(scores) / temperature
    mean = torch.logsumexp(scaled.flatten(), 0) - math.log(scaled.numel())
    return mean + math.log(images)


def bank_nce(
    scores: Tensor,
    *,
    log_z: Tensor | float,
    images: int,
    temperature: float = 0.07,
    mask: Tensor | None = None,
) -> Tensor:
    """Noise-contrastive estimation against remembered vectors (Gutmann and Hyvarinen, 2010).

    Args:
        scores: Cosine of each anchor with its match, then with K negatives (B, K + 1).
        log_z: Logarithm of the constant that makes e^(s / T) a probability.
        images: n, rows the negatives are drawn from.
        temperature: T.
        mask: (B, K) False for negatives to leave out; None = all count.

    Returns:
        (B,) loss in nats.

    >>> bank_nce(torch.zeros(1, 2), log_z=math.log(3), images=3)  # all at odds of one: 2 log 2
    tensor([1.3863])
    """
    log_odds = at_least_float32(scores) / temperature - log_z
    log_odds = log_odds - math.log((scores.shape[1] - 1) / images)
    negatives = F.softplus(log_odds[:, 1:])
    if mask is not None:
        negatives = negatives.masked_fill(~mask, 0.0)
    return F.softplus(-log_odds[:, 0]) + negatives.sum(1)


@dataclass(frozen=True)
class CMCOptions(MethodOptions):
    """Settings of CMC; the defaults are the paper's where not said otherwise."""

    loss: str = option("nce", "How the match is told from the rest.", choices=("nce", "softmax"))
    temperature: float = option(0.07, "Divisor of the cosine.", above=0)
    negatives: int = option(256, "Remembered vectors an anchor; 16384 in the paper.", min=1)
    momentum: float = option(0.5, "Share of the old vector that a bank keeps.", min=0, max=1)
    graph: str = option("full", "Pairs: all, or the image with each.", choices=("full", "core"))
    band: str = option(
        "gradient", "View made from the image's own pixels.", choices=("none", *IMAGE_VIEWS)
    )
    reports: bool = option(True, "Report and impression are views as well.")
    remembered_match: bool = option(False, "Match the other view as remembered, as the paper does.")
    weight: float = option(0.1, "Weight of the sum over pairs; the paper's is 1.", min=0)


class CMC(Method):
    """Every pair of views; owns one memory bank a view and the constants Z of the pairs."""

    card = MethodCard(
        title="CMC",
        paper="Y. Tian, D. Krishnan, P. Isola, Contrastive Multiview Coding, ECCV 2020, "
        "arXiv 1906.05849",
        year=2020,
        kind="objective",
        equation="sum over pairs of views, both ways: -log P0/(P0 + K/n) - sum_k log "
        "(K/n)/(Pk + K/n), P = exp(cosine / 0.07) / Z; or softmax cross-entropy over K + 1",
        intuition="What edges, intensities, lateral film, findings and impression all tell of is "
        "the disease.",
        ours=(
            "Which views a radiograph has: the film, a band of it (edges, a narrow window or a "
            "crop), the lateral film of the same batch, report without impression, impression.",
            "All views share one image tower; the paper has a tower a view.",
            "Z is fixed from the first 16 batches, and not from the first alone.",
            "The match is the other view as it is now, not as remembered an epoch ago.",
            "256 negatives, none of the anchor's own examination; the sum is weighted 0.1.",
        ),
        needs=frozenset({"ids"}),
        needs_batch=2,
    )
    Options = CMCOptions
    order_matters = "which remembered vectors are negatives is drawn by place in the batch"
    log_z: Tensor  # (V, V) sum over the batches counted, anchor in rows
    counted: Tensor  # (V, V) batches in it

    def __init__(self, options: CMCOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.banks = nn.ModuleDict(
            {view: MemoryBank(shapes.images, shapes.dimension) for view in self._kept()}
        )
        self.register_buffer("log_z", torch.zeros(len(VIEWS), len(VIEWS)))
        self.register_buffer("counted", torch.zeros(len(VIEWS), len(VIEWS)))
        self._latest: deque[tuple[Tensor, Views]] = deque(maxlen=_KEPT)

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Parts `image-band`, `image-report`, ...: the pairs of which this batch has any."""
        views = self.views(batch)
        detached = {name: (vectors.detach(), there) for name, (vectors, there) in views.items()}
        self._latest.append((batch.images, detached))  # an encoding saved in after_step
        pools, parts = self._pools(batch, views), {}
        for one, other in self._pairs(views):
            loss = batch.patches.sum() * 0.0
            for anchor, target in ((one, other), (other, one)):
                loss = loss + self._one_way(batch, views, pools, anchor, target)
            parts[f"{one}-{other}"] = self.options.weight * loss
        return parts or {"views": batch.patches.sum() * 0.0}

    @torch.no_grad()
    def after_step(self, batch: MethodBatch) -> None:
        """Estimate Z while it settles, then remember what each view looks like now."""
        at = batch.images.data_ptr()
        seen = (views for images, views in self._latest if images.data_ptr() == at)
        views = next(seen, None) or self.views(batch)
        pools = self._pools(batch, views)
        for one, other in self._pairs(views):
            for anchor, target in ((one, other), (other, one)):
                place = VIEWS.index(anchor), VIEWS.index(target)
                if self.counted[place] < _SETTLE:
                    scores, _, _ = self._scores(batch, views, pools, anchor, target)
                    self.log_z[place] += self._log_z_of(scores).to(self.log_z.dtype)
                    self.counted[place] += 1
        for name, (vectors, present) in views.items():
            self._bank(name).update(
                batch.index[present],
                vectors[present],
                batch.study[present],
                momentum=self.options.momentum,
            )
        self._latest.clear()

    def views(self, batch: MethodBatch) -> Views:
        """Unit vectors (B, D) of each view, and (B,) True for the images that have it."""
        image = image_vectors(batch.patches)
        there = torch.ones_like(batch.study, dtype=torch.bool)
        found = {"image": (image, there)}
        if self.options.band != "none":
            made = image_view(batch.images, self.options.band, generator=batch.generator(salt=2))
            found["band"] = (image_vectors(batch.encode(made).patches), there)
        found["lateral"] = _laterals(image, batch)
        if self.options.reports:
            for name, use in (
                ("report", batch.section != IMPRESSION),
                ("impression", batch.section == IMPRESSION),
            ):
                found[name] = report_vectors(
                    batch.phrases, batch.owner, use=use, count=len(batch.patches)
                )
        return {name: view for name, view in found.items() if view[1].any()}

    def _kept(self) -> tuple[str, ...]:
        without = {"band"} if self.options.band == "none" else set()
        if not self.options.reports:
            without |= {"report", "impression"}
        return tuple(view for view in VIEWS if view not in without)

    def _bank(self, view: str) -> MemoryBank:
        bank = self.banks[view]
        assert isinstance(bank, MemoryBank)
        return bank

    def _pairs(self, views: Views) -> list[tuple[str, str]]:
        pairs = combinations(views, 2)
        return [p for p in pairs if self.options.graph == "full" or p[0] == "image"]

    def _one_way(
        self,
        batch: MethodBatch,
        views: Views,
        pools: Views,
        anchor: str,
        target: str,
    ) -> Tensor:
        """Mean loss of the anchors that have both views."""
        scores, mask, both = self._scores(batch, views, pools, anchor, target)
        if not (both.any() and mask.any()):
            return scores.sum() * 0.0
        shared = {"temperature": self.options.temperature, "mask": mask}
        if self.options.loss == "softmax":
            return match_among(scores, **shared).mean()
        place = VIEWS.index(anchor), VIEWS.index(target)
        number = self.counted[place]
        log_z = self.log_z[place] / number if number else self._log_z_of(scores.detach())
        return bank_nce(scores, log_z=log_z, images=self.shapes.images, **shared).mean()

    def _log_z_of(self, scores: Tensor) -> Tensor:
        temperature = self.options.temperature
        return log_partition(scores, images=self.shapes.images, temperature=temperature)

    def _pools(self, batch: MethodBatch, views: Views) -> Views:
        """Vectors (N, D) negatives of each view are drawn from, and their examinations (N,).

        Those of the bank and of this batch, which fills in for an empty bank.
        """
        pools = {}
        for name, (vectors, there) in views.items():
            bank = self._bank(name)
            held = bank.filled
            pools[name] = (
                torch.cat([bank.vectors[held].to(vectors), vectors[there].detach()]),
                torch.cat([bank.study[held], batch.study[there]]),
            )
        return pools

    def _scores(
        self, batch: MethodBatch, views: Views, pools: Views, anchor: str, target: str
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (A, K + 1) of the A anchors with both views, mask (A, K), and which they are (B,).

        Where the pool is not much larger than K, each pair of anchor and vector is scored once and
        the draws are looked up; else the drawn vectors alone are scored.
        """
        (own, has_own), (other, has_other) = views[anchor], views[target]
        both = has_own & has_other
        own, match, study = own[both], other[both], batch.study[both]
        bank = self._bank(target)
        if self.options.remembered_match:
            known = bank.filled[batch.index[both], None]
            match = torch.where(known, bank.vectors[batch.index[both]].to(match), match.detach())
        pool, of_study = pools[target]
        salt = 10 + VIEWS.index(anchor) * len(VIEWS) + VIEWS.index(target)
        size = (len(own), self.options.negatives)
        rows = torch.randint(len(pool), size, generator=batch.generator(salt=salt)).to(own.device)
        if len(pool) <= _FEW * self.options.negatives:
            negatives = (own @ pool.mT).gather(1, rows)
        else:
            negatives = torch.einsum("ad,akd->ak", own, pool[rows])
        scores = torch.cat([(own * match).sum(1, keepdim=True), negatives], 1)
        return scores, of_study[rows] != study[:, None], both


def _laterals(image: Tensor, batch: MethodBatch) -> tuple[Tensor, Tensor]:
    """For each frontal image the first lateral one of its examination in this batch."""
    together = batch.study[:, None] == batch.study
    pairs = together & (batch.view == FRONTAL)[:, None] & (batch.view == LATERAL)
    return image[pairs.float().argmax(1)], pairs.any(1)


METHOD = CMC
