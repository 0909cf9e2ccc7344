"""From region-sentence scores to image-report scores: pooling, bags and who is no negative of whom.

Letters: B images, R regions of an image, P phrases of all images in one list, S the most sentences
of a report. An image is a bag of regions and a report a bag of sentences; a score of the two is a
choice of pooling (Wang et al., IPMI 2023): max over regions asks for one region that speaks of a
sentence (Liao et al., MICCAI 2021), mean for all of them, the others lie between.

Poolings take scores (..., N) and a mask (..., N) that is True for what is in the bag, None = all,
and give (...). `temperature` > 0 is in units of the scores; small is sharp. An empty bag gives a
finite number of no meaning, for the masks of the bounds to leave out. Half precision is computed in
float32.
"""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

PoolingName = Literal[
    "max", "mean", "log-sum-exp", "attention", "noisy-or", "generalised mean", "isr"
]
POOLING_NAMES: tuple[str, ...] = get_args(PoolingName)


def similarities(regions: Tensor, phrases: Tensor) -> Tensor:
    """Dot products (B, P, R) of regions (B, R, D) with phrases (P, D)."""
    # One product with the regions of an image in one piece: half the time of einsum and pooling.
    return (phrases @ regions.flatten(0, 1).mT).unflatten(1, regions.shape[:2]).transpose(0, 1)


def coarse(patches: Tensor, side: int) -> Tensor:
    """Regions (B, side * side, D): means over blocks of the patch grid (B, h, w, D).

    A grid that is not finer than `side` stays as it is.
    """
    h, w = patches.shape[1:3]
    if h <= side and w <= side:
        return patches.flatten(1, 2)
    pooled = F.adaptive_avg_pool2d(patches.movedim(-1, 1), (min(h, side), min(w, side)))
    return pooled.flatten(2).mT


# --- poolings -------------------------------------------------------------------------------


def pool_max(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:  # noqa: ARG001
    """The best region."""
    return _inside(scores, mask, _lowest(scores)).amax(-1)


def pool_mean(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:  # noqa: ARG001
    """The average region."""
    return _inside(scores, mask, 0).sum(-1) / _number(mask, scores)


def pool_log_sum_exp(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:
    """`T log mean exp(s / T)`, between mean (T -> infinity) and max (T -> 0)."""
    inside = _inside(scores, mask, _lowest(scores))
    top = inside.detach().amax(-1, keepdim=True)
    # In place and with one exponential, where torch.logsumexp takes another one backwards.
    total = (inside - top).div_(temperature).exp_().sum(-1).log()
    return temperature * (total - torch.log(_number(mask, scores))) + top[..., 0]


def pool_attention(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:
    """The average weighted by the softmax of the scores themselves."""
    weights = _inside(scores / temperature, mask, _lowest(scores)).softmax(-1)
    return (weights * _inside(scores, mask, 0)).sum(-1)


def pool_noisy_or(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:
    """T times the logit of `1 - prod (1 - sigmoid(s / T))`: any region suffices.

    It is the inverse softplus of the sum of softplus, which stays exact for low scores.
    """
    total = _inside(F.softplus(scores / temperature), mask, 0).sum(-1)
    total = total.clamp(min=torch.finfo(total.dtype).tiny)
    return temperature * (total + torch.log(-torch.expm1(-total)))


def pool_generalised_mean(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:
    """The logit of `(mean sigmoid(s)^r)^(1/r)` with r = 1 / T."""
    power = _inside(F.logsigmoid(scores) / temperature, mask, _lowest(scores))
    number = _number(mask, scores)
    far = torch.logsumexp(power, -1) - torch.log(number)
    # Near 1 the logarithm of a sum of powers rounds to 0; the sum of what is missing does not.
    missing = _inside(torch.expm1(power), mask, 0).sum(-1) / number
    near = missing > -0.5
    log_mean = torch.where(near, torch.log1p(torch.where(near, missing, 0.0)), far)
    return _logit_of_log(temperature * log_mean)


def pool_isr(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:
    """T times the logit of the integrated segmentation and recognition rule.

    `v / (1 + v)` with `v = sum p / (1 - p)` and p = sigmoid(s / T): its logit is logsumexp(s / T).
    """
    return temperature * torch.logsumexp(_inside(scores / temperature, mask, _lowest(scores)), -1)


def pool_weighted(scores: Tensor, weights: Tensor, mask: Tensor | None = None) -> Tensor:
    """The average by the softmax of given logits: learned attention (Ilse et al., ICML 2018).

    Args:
        scores: (..., N).
        weights: Logits, broadcast against the scores.
        mask: As above; None = all.

    >>> pool_weighted(torch.tensor([2.0, 4.0]), torch.zeros(2))
    tensor(3.)
    """
    scores, weights = _wide(scores), _wide(weights)
    shares = _inside(weights.expand_as(scores), mask, _lowest(scores)).softmax(-1)
    return (shares * _inside(scores, mask, 0)).sum(-1)


_POOLS: dict[str, Callable[[Tensor, Tensor | None, float], Tensor]] = {
    "max": pool_max,
    "mean": pool_mean,
    "log-sum-exp": pool_log_sum_exp,
    "attention": pool_attention,
    "noisy-or": pool_noisy_or,
    "generalised mean": pool_generalised_mean,
    "isr": pool_isr,
}


def pool(
    scores: Tensor, name: str, *, mask: Tensor | None = None, temperature: float = 1.0
) -> Tensor:
    """Pool scores (..., N) over their last axis by name.

    Args:
        scores: Region-sentence scores.
        name: One of `POOLING_NAMES`.
        mask: True for what is in the bag, broadcast against the scores; None = all.
        temperature: In units of the scores.

    >>> pool(torch.tensor([1.0, 3.0, 9.0]), "mean", mask=torch.tensor([True, True, False]))
    tensor(2.)
    """
    if name not in _POOLS:
        raise ValueError(f"Unknown pooling {name!r}. Available: {', '.join(POOLING_NAMES)}.")
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}.")
    scores = _wide(scores)
    mask = None if mask is None else mask.expand_as(scores)
    return _POOLS[name](scores, mask, temperature)


def _wide(scores: Tensor) -> Tensor:
    return scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores


def _lowest(scores: Tensor) -> float:
    return torch.finfo(scores.dtype).min / 4  # finite: no NaN where a bag is empty


def _inside(values: Tensor, mask: Tensor | None, fill: float) -> Tensor:
    """Values with `fill` for what is not in the bag."""
    return values if mask is None else values.masked_fill(~mask, fill)


def _number(mask: Tensor | None, scores: Tensor) -> Tensor:
    if mask is None:
        return scores.new_tensor(scores.shape[-1]).clamp(min=1)
    return mask.sum(-1).clamp(min=1).to(scores.dtype)


def _logit_of_log(log_p: Tensor) -> Tensor:
    """Logit from log p, exact at both ends."""
    log_p = log_p.clamp(max=-torch.finfo(log_p.dtype).tiny)
    near_one = log_p > -math.log(2)
    # Two forms of log(1 - p), each where it is exact; the other one gets a harmless input.
    small = torch.log1p(-torch.exp(torch.where(near_one, -1.0, log_p)))
    large = torch.log(-torch.expm1(torch.where(near_one, log_p, -1.0)))
    return log_p - torch.where(near_one, large, small)


# --- bags and negatives ---------------------------------------------------------------------


def pick(
    index: Tensor, mask: Tensor, *, count: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Some sentences of each report, drawn without replacement.

    Args:
        index: (B, S) phrase numbers, padded; as `phrase_bags` gives them.
        mask: (B, S) True where there is one.
        count: Sentences to draw; a report that has fewer gives all.
        generator: On the CPU.

    Returns:
        Index and mask (B, min(count, S)), sentences first.

    >>> pick(torch.tensor([[4, 0]]), torch.tensor([[True, False]]), count=1)
    (tensor([[4]]), tensor([[True]]))
    """
    chance = torch.rand(mask.shape, generator=generator).to(mask.device)
    chosen = chance.masked_fill(~mask, -1).topk(min(count, mask.shape[1]), dim=1).indices
    return index.gather(1, chosen), mask.gather(1, chosen)


def bag_scores(
    scores: Tensor, index: Tensor, mask: Tensor, *, name: str = "mean", temperature: float = 1.0
) -> Tensor:
    """Scores (B, C) of images with reports from scores (B, P) of images with phrases.

    Args:
        scores: Already pooled over regions.
        index: (C, S) phrases of each report, padded.
        mask: (C, S) True where there is one.
        name: Pooling over the sentences.
        temperature: Of that pooling.

    >>> bag_scores(torch.tensor([[1.0, 3.0]]), torch.tensor([[0, 1]]), torch.tensor([[True, True]]))
    tensor([[2.]])
    """
    return pool(scores[..., index], name, mask=mask, temperature=temperature)


def bag_means(phrases: Tensor, place: Tensor, mask: Tensor) -> Tensor:
    """Unit means (C, D) of the sentences of each report; zeros for a report without any."""
    total = phrases[place].masked_fill(~mask[..., None], 0).sum(1)
    return F.normalize(total, dim=-1)


def phrase_negatives(owner: Tensor, study: Tensor, text_id: Tensor) -> Tensor:
    """(B, P) True where phrase p surely is another study's: other study, and other words.

    "No pneumothorax" stands in many reports: as a sentence of the image's own report it is no
    negative of it, whoever wrote it. Phrases without an owner are negatives of no image.

    Args:
        owner: (P,) image of each phrase; -1 = of none.
        study: (B,) equal numbers = one examination.
        text_id: (P,) equal for equal text.
    """
    owned = owner >= 0
    of_study = study[owner.clamp(min=0)]  # (P,)
    other = study[:, None] != of_study
    # A text is an image's own if any image of its study has it.
    own = (~other & owned).to(torch.float32)  # (B, P)
    same_words = (text_id[:, None] == text_id).to(torch.float32)
    return other & owned & ((own @ same_words) == 0)


def bag_negatives(negative: Tensor, index: Tensor, mask: Tensor) -> Tensor:
    """(B, C) True where report c is no match of image b: one of its sentences surely is not.

    Args:
        negative: (B, P) of `phrase_negatives`.
        index: (C, S) phrases of each report, padded.
        mask: (C, S) True where there is one.
    """
    return (negative[:, index] & mask).any(-1)
