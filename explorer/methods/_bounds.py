"""Lower bounds on mutual information from critic scores (Poole et al., ICML 2019), in nats.

All are to be maximised and take the same four things:

    scores     (..., K, M); rows are y (images), columns are x (texts)
    positive   which entries are matched pairs; None = the diagonal of a square table
    negative   which entries are mismatched pairs; None = all that are not matched
    ...        what one bound alone asks for, by keyword

Masks are boolean and broadcast against the scores; entries in neither count nowhere, so pairs
that may match by chance (same study, same sentence) and padding are left out. Leading axes are a
batch of tables. Half precision is computed in float32. Where a table has no negative pair, the
bounds that pool negatives are infinite: `require_pairs` says so in words.

What they can and cannot tell, with K pairs and the exact critic: `infonce` stays below log K and
varies least; `nwj` and `tuba` are right on average and vary like e^MI; `dv` on a batch is too high
where the information is high; `interpolated` lies between, `jsd` is no information at all.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.errors import TrainingError

BoundName = Literal["infonce", "dv", "nwj", "tuba", "jsd", "js_nwj", "interpolated", "smile"]
BOUND_NAMES: tuple[str, ...] = get_args(BoundName)

# Beyond, e^x goes on as a straight line: finite also in half precision, and still pulling. A
# marginal term is about 1 where a bound is of use, so nothing that counts is changed.
_LARGEST_EXPONENT = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Scores in at least float32 with their two masks, all of one shape."""

    scores: Tensor
    positive: Tensor
    negative: Tensor

    @classmethod
    def of(cls, scores: Tensor, positive: Tensor | None, negative: Tensor | None) -> "_Pairs":
        rows, columns = scores.shape[-2:]
        if positive is None:
            if rows != columns:
                raise ValueError(
                    f"scores must be square where positive is not given, got {rows} x {columns}."
                )
            positive = torch.eye(rows, dtype=torch.bool, device=scores.device)
        if negative is None:
            negative = ~positive
        scores = _wide(scores)
        return cls(scores, positive.expand_as(scores), negative.expand_as(scores))

    def mean_positive(self, values: Tensor) -> Tensor:
        return _mean(values, self.positive, dim=(-2, -1))

    def mean_negative(self, values: Tensor) -> Tensor:
        return _mean(values, self.negative, dim=(-2, -1))


def infonce(
    scores: Tensor, *, positive: Tensor | None = None, negative: Tensor | None = None
) -> Tensor:
    """`mean_i (log K_i + S_ii - logsumexp_j S_ij)`: is the matched column told from the others?

    K_i counts the matched pair and its negatives in the row, so the bound is at most log K.
    A row without negatives gives 0. (van den Oord et al., 2018; eq. 10 of Poole et al.)

    >>> round(infonce(torch.tensor([[9.0, 0.0], [0.0, 9.0]])).item(), 3)  # log 2 = .693
    0.693
    """
    pairs = _Pairs.of(scores, positive, negative)
    others = _log_sum(pairs.scores, pairs.negative, dim=-1).unsqueeze(-1)  # (..., K, 1)
    number = pairs.negative.sum(-1, keepdim=True)
    # log(1 + e^(others - s)): of one positive against its row's negatives.
    gap = F.softplus(others - pairs.scores)
    return pairs.mean_positive(torch.log1p(number.to(gap.dtype)) - gap)


def dv(scores: Tensor, *, positive: Tensor | None = None, negative: Tensor | None = None) -> Tensor:
    """`mean S+ - log mean exp S-` (Donsker and Varadhan, 1983; MINE without moving average).

    >>> dv(torch.tensor([[3.0, 1.0], [1.0, 3.0]]))
    tensor(2.)
    """
    pairs = _Pairs.of(scores, positive, negative)
    return pairs.mean_positive(pairs.scores) - _log_mean(pairs.scores, pairs.negative)


def tuba(
    scores: Tensor,
    *,
    log_baseline: Tensor | float = 0.0,
    positive: Tensor | None = None,
    negative: Tensor | None = None,
) -> Tensor:
    """`1 + mean (S+ - log a_i) - mean exp(S- - log a_i)` (eq. 6 of Poole et al.).

    Args:
        scores: As above.
        log_baseline: log a(y_i), (..., K) one a row, or one number.
        positive: As above.
        negative: As above.
    """
    rows = torch.as_tensor(log_baseline, device=scores.device)
    if rows.ndim:
        rows = rows.unsqueeze(-1)  # a baseline belongs to a row, not to a column
    pairs = _Pairs.of(scores, positive, negative)
    shifted = pairs.scores - rows
    marginal = _bounded_exp(_log_mean(shifted, pairs.negative))
    return 1 + pairs.mean_positive(shifted) - marginal


def nwj(
    scores: Tensor, *, positive: Tensor | None = None, negative: Tensor | None = None
) -> Tensor:
    """`1 + mean (S+ - 1) - mean exp(S- - 1)` (Nguyen, Wainwright and Jordan, 2010): tuba, a = e.

    >>> nwj(torch.ones(3, 3))  # a critic that tells nothing, with the constant it needs
    tensor(0.)
    """
    return tuba(scores, log_baseline=1.0, positive=positive, negative=negative)


def jsd(
    scores: Tensor, *, positive: Tensor | None = None, negative: Tensor | None = None
) -> Tensor:
    """`-mean softplus(-S+) - mean softplus(S-)`: a bound on 2 JS divergence - log 4, not on MI.

    Its best critic is the log density ratio. 0 at best, -2 log 2 for a constant critic; Deep
    InfoMax adds 2 log 2. (Nowozin et al., 2016)
    """
    pairs = _Pairs.of(scores, positive, negative)
    return -(
        pairs.mean_positive(F.softplus(-pairs.scores))
        + pairs.mean_negative(F.softplus(pairs.scores))
    )


def js_nwj(
    scores: Tensor, *, positive: Tensor | None = None, negative: Tensor | None = None
) -> Tensor:
    """The gradient of `jsd` with the value of `nwj` at S + 1.

    The best critic of `jsd` is the log density ratio r, that of `nwj` is 1 + r. The authors'
    notebook leaves the 1 out, and its value is then 1/e too low for a perfect critic.
    """
    trained = jsd(scores, positive=positive, negative=negative)
    value = nwj(_wide(scores.detach()) + 1, positive=positive, negative=negative)
    return trained + (value - trained).detach()


def smile(
    scores: Tensor,
    *,
    clip: float = 5.0,
    positive: Tensor | None = None,
    negative: Tensor | None = None,
) -> Tensor:
    """`mean S+ - log mean exp clip(S-, -c, c)` with the gradient of `jsd` (Song and Ermon, 2020).

    Clipping bounds the variance of the second term and makes the value one of no bound.
    """
    pairs = _Pairs.of(scores.detach(), positive, negative)
    value = pairs.mean_positive(pairs.scores) - _log_mean(
        pairs.scores.clamp(-clip, clip), pairs.negative
    )
    trained = jsd(scores, positive=positive, negative=negative)
    return trained + (value - trained).detach()


def interpolated(
    scores: Tensor,
    *,
    alpha: float = 0.01,
    log_baseline: Tensor | float = 0.0,
    positive: Tensor | None = None,
    negative: Tensor | None = None,
) -> Tensor:
    """I_alpha: tuba whose baseline is partly made of the batch (eq. 13 of Poole et al.).

    `a(y_i; x without j) = alpha mean_{l != j} e^S_il + (1 - alpha) a(y_i)`. alpha -> 0 is tuba
    with the baseline given (unbiased, wild), alpha -> 1 the leave-one-out InfoNCE (tame, below
    log K); the notebook's docstring has the two the wrong way round. At most
    1 + log((K - 1) / alpha). A row has one matched pair.

    Args:
        scores: As above.
        alpha: From 0 to 1.
        log_baseline: log a(y_i), (..., K) one a row, or one number.
        positive: As above, one a row at most.
        negative: As above.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be from 0 to 1, got {alpha}.")
    pairs = _Pairs.of(scores, positive, negative)
    present = pairs.positive.any(-1, keepdim=True)  # rows without a matched pair count nowhere
    negatives = pairs.negative & present
    members = pairs.positive | negatives
    own = pairs.scores.masked_fill(~pairs.positive, 0).sum(-1, keepdim=True)  # S_ii
    rows = torch.as_tensor(log_baseline, dtype=own.dtype, device=own.device)
    if rows.ndim:
        rows = rows.unsqueeze(-1)
    batch_made = _log_mean_without_each(pairs.scores, members)
    log_a = _log_mix(alpha, batch_made, rows.expand_as(batch_made))  # (..., K, M)
    without_own = log_a.masked_fill(~pairs.positive, 0).sum(-1, keepdim=True)
    joint = _mean(own - log_a, negatives, dim=(-2, -1))
    marginal = _bounded_exp(_log_mean(pairs.scores - without_own, negatives))
    return 1 + joint - marginal


_BOUNDS: dict[str, Callable[..., Tensor]] = {
    "infonce": infonce,
    "dv": dv,
    "nwj": nwj,
    "tuba": tuba,
    "jsd": jsd,
    "js_nwj": js_nwj,
    "interpolated": interpolated,
    "smile": smile,
}


def bound(
    name: str,
    scores: Tensor,
    *,
    positive: Tensor | None = None,
    negative: Tensor | None = None,
    both_ways: float | None = None,
    settings: Mapping[str, Tensor | float] | None = None,
) -> Tensor:
    """A bound by name.

    Args:
        name: One of `BOUND_NAMES`.
        scores: (..., K, M) as above.
        positive: As above.
        negative: As above.
        both_ways: Weight of rows (is the text found for the image?), from 0 to 1; the rest is the
            bound of the transposed table. None = rows alone.
        settings: What the one bound asks for: `alpha`, `clip`, `log_baseline`; None = as it is.
    """
    if name not in _BOUNDS:
        raise ValueError(f"Unknown estimator {name!r}. Available: {', '.join(BOUND_NAMES)}.")
    asked = dict(settings or {})
    found = _BOUNDS[name](scores, positive=positive, negative=negative, **asked)
    if both_ways is None:
        return found
    turned = [None if mask is None else mask.mT for mask in (positive, negative)]
    back = _BOUNDS[name](scores.mT, positive=turned[0], negative=turned[1], **asked)
    return both_ways * found + (1 - both_ways) * back


def require_pairs(negative: Tensor, *, name: str) -> None:
    """Refuse a table without mismatched pairs, of which no bound can be made.

    Raises:
        TrainingError: No entry is True.
    """
    if not negative.any():
        raise TrainingError(
            f"{name} needs pairs that do not match, and this batch of {negative.shape[-2]} has "
            "none: its texts are all of one study or all the same. Make batches larger, or mix "
            "other studies into them."
        )


def _wide(scores: Tensor) -> Tensor:
    return scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores


def _mean(values: Tensor, mask: Tensor, *, dim: tuple[int, ...]) -> Tensor:
    number = mask.sum(dim).clamp(min=1)
    return values.masked_fill(~mask, 0).sum(dim) / number


def _log_sum(values: Tensor, mask: Tensor, *, dim: int | tuple[int, ...]) -> Tensor:
    """Log of the sum of e^x over the mask; very low and without gradient where it is empty."""
    lowest = torch.finfo(values.dtype).min / 4
    return torch.logsumexp(values.masked_fill(~mask, lowest), dim)


def _log_mean(values: Tensor, mask: Tensor) -> Tensor:
    number = mask.sum((-2, -1)).clamp(min=1)
    return _log_sum(values, mask, dim=(-2, -1)) - torch.log(number.to(values.dtype))


def _bounded_exp(values: Tensor) -> Tensor:
    most = _LARGEST_EXPONENT
    return torch.exp(values.clamp(max=most)) * (1 + F.relu(values - most))


def _log_mean_without_each(values: Tensor, mask: Tensor) -> Tensor:
    """(..., K, M): log mean exp of the row's entries in the mask, entry j left out.

    From both ends, and not by subtraction: nothing cancels where one entry dwarfs the others.
    """
    lowest = torch.finfo(values.dtype).min / 4
    kept = values.masked_fill(~mask, lowest)
    edge = torch.full_like(kept[..., :1], lowest)
    before = torch.cat([edge, torch.logcumsumexp(kept, -1)[..., :-1]], -1)
    after = torch.cat([torch.logcumsumexp(kept.flip(-1), -1)[..., :-1].flip(-1), edge], -1)
    number = mask.sum(-1, keepdim=True) - mask.long()
    return torch.logaddexp(before, after) - torch.log(number.clamp(min=1).to(values.dtype))


def _log_mix(alpha: float, a: Tensor, b: Tensor) -> Tensor:
    """log(alpha e^a + (1 - alpha) e^b), at the ends as well."""
    if alpha == 0:
        return b
    if alpha == 1:
        return a
    return torch.logaddexp(a + math.log(alpha), b + math.log1p(-alpha))
