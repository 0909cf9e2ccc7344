"""Dense grounding: masks, safe negatives, labels and local MI; what the default checkpoint learned.

No single paper: dense cross-entropy with soft Dice on masks of phrases, pulls on pointing and on
the contrast-to-noise ratio, what is surely absent held down, and the local MI term of Liao et al.
(MICCAI 2021) with the bound of van den Oord et al. (2018). Intuition: say of every patch whether
the phrase lies there, and let the calibrated score be what is trained.

Letters: B images, P phrases, G grid side. Logits are calibrated: sigmoid(logit) is the score.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.methods._base import (
    NOWHERE,
    Method,
    MethodBatch,
    MethodCard,
    MethodOptions,
    StatementBatch,
    option,
)

_TEMPERATURE = 0.1  # of cosines between sentences
_SHORTEST = 1e-8  # length of a map around its mean, whose shape means nothing below


def dense_loss(logits: Tensor, masks: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy and soft Dice of phrase maps against their masks.

    >>> dense_loss(torch.zeros(1, 2, 2), torch.ones(1, 2, 2), torch.ones(1))
    tensor(2.1628)

    Args:
        logits: Of each phrase on its own image (P, G, G).
        masks: Share of each cell inside (P, G, G) in [0, 1].
        weight: Trust in each phrase (P,).
    """
    entropy = F.binary_cross_entropy_with_logits(logits, masks, reduction="none").mean((1, 2))
    score = torch.sigmoid(logits)
    overlap = 2 * (score * masks).sum((1, 2)) + 1
    dice = 1 - overlap / (score.square().sum((1, 2)) + masks.square().sum((1, 2)) + 1)
    return ((3 * entropy + 0.5 * dice) * weight).sum() / weight.sum()


def pointing_loss(logits: Tensor, masks: Tensor, weight: Tensor) -> Tensor:
    """Minus log of the softmax mass inside the mask: the maximum should lie inside. (P, G, G)."""
    log_share = F.log_softmax(logits.flatten(1), dim=1)
    inside = torch.logsumexp(log_share + torch.log(masks.flatten(1) + 1e-6), dim=1)
    return -(inside * weight).sum() / weight.sum()


def cnr_loss(logits: Tensor, masks: Tensor, weight: Tensor) -> Tensor:
    """Minus the signed contrast-to-noise ratio of maps, squashed: the measure itself, trained.

    (mean inside - mean outside) / sqrt(variance inside + variance outside), with the share of a
    cell inside the mask as its weight; tanh of a third keeps one easy map from counting for all.

    Args:
        logits: (P, G, G); the ratio is the same for any positive scale and any shift of them.
        masks: Share of each cell inside (P, G, G) in [0, 1].
        weight: Trust in each phrase (P,).
    """
    values, inside = logits.flatten(1), masks.flatten(1)
    mean_in, variance_in = _moments(values, inside)
    mean_out, variance_out = _moments(values, 1 - inside)
    ratio = (mean_in - mean_out) / (variance_in + variance_out + 1e-4).sqrt()
    return -(torch.tanh(ratio / 3) * weight).sum() / weight.sum()


def _moments(values: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    total = share.sum(1).clamp(min=1e-3)
    mean = (values * share).sum(1) / total
    return mean, ((values - mean[:, None]).square() * share).sum(1) / total


def absence_loss(logits: Tensor, safe: Tensor) -> Tensor:
    """Softplus of the logits of phrases that are known not to be in the image.

    Args:
        logits: (B, P, G, G).
        safe: (B, P), above 0 where phrase p is no finding of image b; the value is the weight.
    """
    each = F.softplus(logits).sum((2, 3)) / logits[0, 0].numel()
    return (each * safe).sum() / safe.sum().clamp(min=1e-6)


def nowhere_loss(pooled: Tensor) -> Tensor:
    """Softplus of pooled logits (B, P) of phrases that are in no image: every score should be 0.

    The mean over a map forgives a single bright spot; the pooled logit does not.
    """
    return F.softplus(pooled).mean()


def nonsense_correlation_loss(shown: Tensor, dark: Tensor, image: Tensor) -> Tensor:
    """Pearson correlation, where positive, of phrase maps with maps of phrases in no image.

    A map that resembles the map of nonsense says more about the image than about the phrase.

    Args:
        shown: Logits of each placed phrase on its own image (P, G, G).
        dark: Logits of the phrases that are in no image, on every image (B, Q, G, G).
        image: (P,) image of each placed phrase.
    """
    a, b = shown.flatten(1), dark.flatten(2)
    a = F.normalize(a - a.mean(1, keepdim=True), dim=1, eps=_SHORTEST)
    length = (b.var(2, correction=0) * b.shape[2]).clamp(min=_SHORTEST**2).sqrt()  # (B, Q)
    # All pairs at once are cheaper than a gather; what b adds to all cells alike cancels against a.
    every = (a @ b.flatten(0, 1).mT).unflatten(1, length.shape)  # (P, B, Q)
    own = every[torch.arange(len(image), device=image.device), image]
    return F.relu(own / length[image]).mean()


def label_loss(pooled: Tensor, present: Tensor) -> Tensor:
    """Cross-entropy of pooled logits (N,) with image-level labels (N,) in {0, 1}."""
    return F.binary_cross_entropy_with_logits(pooled, present)


def local_mutual_information_loss(scores: Tensor, owner: Tensor, negative: Tensor) -> Tensor:
    """InfoNCE on pooled region-sentence scores, both ways (Liao et al., 2021; van den Oord, 2018).

    The score of an image and a sentence is pooled over regions, so the bound speaks of the best
    region of each sentence. Pairs that may match are left out of the sum.

    Args:
        scores: Pooled scores, temperature applied (B, P).
        owner: Index of the image each phrase belongs to (P,).
        negative: (B, P) True where image b and phrase p surely do not match.

    Returns:
        Minus the bound, up to log N, in nats.
    """
    matched = F.one_hot(owner, scores.shape[0]).T.bool()
    masked = scores.masked_fill(~(matched | negative), float("-inf"))
    index = torch.arange(len(owner), device=scores.device)
    positive = scores[owner, index]
    to_images = torch.logsumexp(masked, 0) - positive  # which image does this phrase belong to
    others = scores.masked_fill(~negative, float("-inf"))[owner]  # (P, P): phrases not of my image
    to_phrases = torch.logsumexp(torch.cat([positive[:, None], others], 1), 1) - positive
    return (to_images + to_phrases).mean() / 2


def language_loss(task: StatementBatch) -> Tensor:
    """Cross-entropy of the finding among all names, plus that of asserted against denied, in nats.

    A denial is asked only whether it denies, not of what.
    """
    words, names = task.words, task.names
    said = ((names - task.denials)[task.target] * words).sum(-1) / _TEMPERATURE
    loss = F.binary_cross_entropy_with_logits(said, task.present.to(said.dtype))
    if task.present.any():
        asserted = words[task.present] @ names.T / _TEMPERATURE
        loss = loss + F.cross_entropy(asserted, task.target[task.present])
    return loss


@dataclass(frozen=True)
class DenseGroundingOptions(MethodOptions):
    """Weights of the parts; docs/training.md has the table."""

    supervision: float = option(
        1.0, "Of everything that needs a mask; at 0 masks count as image-level labels only.", min=0
    )
    dense: float = option(1.0, "Of cross-entropy and soft Dice against the mask.", min=0)
    pointing: float = option(0.25, "Of the share of the map that lies inside.", min=0)
    cnr: float = option(0.6, "Of the contrast-to-noise ratio.", min=0)
    other_side: float = option(0.25, "Of where a side-swapped phrase should peak.", min=0)
    absence: float = option(0.5, "Of phrases that are surely not in an image.", min=0)
    nowhere: float = option(0.4, "Of whole-image scores of phrases that are in no image.", min=0)
    nonsense: float = option(0.15, "Of likeness to maps of phrases in no image.", min=0)
    labels: float = option(0.3, "Of image-level labels.", min=0)
    local_mi: float = option(0.1, "Of local mutual information.", min=0)
    language: float = option(0.2, "Of naming what sentences claim, without an image.", min=0)


class DenseGrounding(Method):
    """The sum of all parts that a step has something for."""

    card = MethodCard(
        title="Dense grounding",
        paper="This project, 2026; terms of Liao et al. (MICCAI 2021, arXiv 2103.04537) and van "
        "den Oord et al. (2018, arXiv 1807.03748)",
        year=2026,
        kind="objective",
        equation="BCE(z, m) + Dice(s, m) - log sum m softmax(z) - tanh(CNR(z, m) / 3) "
        "+ softplus(z) of what is absent + BCE(pool z, label) + local InfoNCE",
        intuition="Say of every patch whether the phrase lies there; what is absent stays dark.",
        ours=("the choice of terms and all weights", "safe negatives by groups of findings"),
        needs=frozenset({"placed"}),
    )
    Options = DenseGroundingOptions
    trains_scores: ClassVar[bool] = True
    options: DenseGroundingOptions

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        logits = batch.scorer.logits(batch.patches, batch.phrases)  # (B, P, G, G)
        pooled = batch.scorer.pooled(logits)  # (B, P)
        weights = self.options
        nowhere = (batch.written_for == NOWHERE).nonzero()[:, 0]
        parts = {"absence": weights.absence * absence_loss(logits, batch.safe)}
        if len(nowhere):
            parts["nowhere"] = weights.nowhere * nowhere_loss(pooled[:, nowhere])
        if weights.supervision:
            parts |= self._placed(batch, logits, nowhere) | self._led(batch, logits)
        if len(batch.weak):
            image, phrase, present = batch.weak.T
            parts["labels"] = weights.labels * label_loss(
                pooled[image, phrase], present.to(pooled.dtype)
            )
        matched = ((batch.owner != NOWHERE) & (batch.safe.amax(0) > 0)).nonzero()[:, 0]
        if len(matched) > 1:
            parts["local_mi"] = weights.local_mi * local_mutual_information_loss(
                pooled[:, matched], batch.owner[matched], batch.safe[:, matched] > 0
            )
        if batch.statements is not None:
            parts["language"] = weights.language * language_loss(batch.statements)
        return parts

    def _placed(self, batch: MethodBatch, logits: Tensor, nowhere: Tensor) -> dict[str, Tensor]:
        """Parts of the phrases that have a mask."""
        placed = (batch.weight > 0).nonzero()[:, 0]
        if not len(placed):
            return {}
        image = batch.written_for[placed]
        own, masks, weight = logits[image, placed], batch.masks[placed], batch.weight[placed]
        weights, all_masks = self.options, self.options.supervision
        parts = {
            "dense": weights.dense * all_masks * dense_loss(own, masks, weight),
            "pointing": weights.pointing * all_masks * pointing_loss(own, masks, weight),
            "cnr": weights.cnr * all_masks * cnr_loss(own, masks, weight),
        }
        if len(nowhere):
            alike = nonsense_correlation_loss(own, logits.index_select(1, nowhere), image)
            parts["nonsense correlation"] = weights.nonsense * all_masks * alike
        return parts

    def _led(self, batch: MethodBatch, logits: Tensor) -> dict[str, Tensor]:
        """The part of side-swapped phrases: if anywhere, then in the other half."""
        led = (batch.elsewhere > 0).nonzero()[:, 0]
        if not len(led):
            return {}
        own, masks = logits[batch.written_for[led], led], batch.masks[led]
        pulled = pointing_loss(own, masks, batch.elsewhere[led])
        return {"other side": self.options.other_side * self.options.supervision * pulled}


METHOD = DenseGrounding
