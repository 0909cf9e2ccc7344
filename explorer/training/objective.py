"""What a step minimises: dense phrase supervision, safe negatives, image labels, local MI.

Letters: B images, P phrases, G grid side. Logits are calibrated: sigmoid(logit) is the score.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def dense_loss(logits: Tensor, masks: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy and soft Dice of phrase maps against their masks.

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


def contrast_loss(logits: Tensor, masks: Tensor, weight: Tensor) -> Tensor:
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
    return (F.softplus(logits).mean((2, 3)) * safe).sum() / safe.sum().clamp(min=1e-6)


def nowhere_loss(pooled: Tensor) -> Tensor:
    """Softplus of pooled logits (B, P) of phrases that are in no image: every score should be 0.

    The mean over a map forgives a single bright spot; the pooled logit does not.
    """
    return F.softplus(pooled).mean()


def nonsense_correlation_loss(shown: Tensor, dark: Tensor) -> Tensor:
    """Pearson correlation, where positive, of phrase maps with maps of phrases in no image.

    A map that resembles the map of nonsense says more about the image than about the phrase.

    Args:
        shown: Logits of each placed phrase on its own image (P, G, G).
        dark: Logits of the phrases that are in no image, on the same images (P, Q, G, G).
    """
    a, b = shown.flatten(1), dark.flatten(2)
    a, b = a - a.mean(1, keepdim=True), b - b.mean(2, keepdim=True)
    correlation = F.cosine_similarity(a[:, None], b, dim=2)
    return F.relu(correlation).mean()


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
