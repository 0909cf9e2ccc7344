"""THE definition of how well an image and a phrase, and an image and a report, agree.

Badge, retrieval, ranking and benchmarks all call it, so that one number means one thing. NumPy
only: what has been embedded is scored without torch.

* Image and phrase: the logits of all patches, pooled as the checkpoint was trained, are the
  `pooled_logits`. They have a scale of their own for each phrase, so phrases are compared by their
  `log_odds` over what the phrase scores on other films (its `PhraseBase`).
* Image and report: the sum over its sentences, absent findings against it (`report_log_odds`).
* A film that is stored keeps a few vectors, each counted as often as it stands for patches
  (`representatives`); pooling knows the counts.

What an index of films does:

    patches, counts = representatives(embeddings.grid.values)  # (K, D), (K,); stack over films
    logits = film_logits(patches, counts, text, scoring)     # (N, K, D), (S, D) -> (N, S)
    odds = log_odds(logits, phrase_base(other_films_logits)) # (N, S)
    agreement = report_log_odds(odds, assertions)            # (N,)

Shapes: N films, K patches of a film, S phrases, D dimensions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import Scoring
from explorer.entities import Assertion, Float32

Numbers = NDArray[np.floating]
Float64 = NDArray[np.float64]
REPRESENTATIVES = 48  # patches kept of a film


def pooled_logits(
    cosine: Numbers, scoring: Scoring, *, counts: Numbers | None = None, pooling: str | None = None
) -> Float64:
    """Logits of whole images: cosines (..., R) of R patches -> (...).

    Args:
        cosine: Of a phrase with the patches of an image.
        scoring: Of the checkpoint.
        counts: (..., R) how many patches each stands for; one each when None.
        pooling: A name of `POOLING_NAMES`; the checkpoint's own when None.

    Raises:
        ValueError: The pooling is unknown.
    """
    name = pooling or scoring.pooling
    if name not in _POOLS:
        raise ValueError(f"Unknown pooling {name!r}. Available: {', '.join(POOLING_NAMES)}.")
    # Single precision stays as it is: it holds a logit to 1e-5, at half the time.
    scores: Numbers = cosine * cosine.dtype.type(scoring.scale / scoring.temperature)
    scores += scores.dtype.type(scoring.bias / scoring.temperature)
    known = np.ones(scores.shape[-1], scores.dtype) if counts is None else counts
    pooled = scoring.temperature * _POOLS[name](scores, known).astype(np.float64)
    return pooled + scoring.pooled_bias if name == scoring.pooling else pooled


def film_logits(patches: Float32, counts: Numbers, text: Float32, scoring: Scoring) -> Float64:
    """Pooled logits (N, S) of films with patches (N, K, D), counts (N, K), for text (S, D)."""
    films, kept, dimension = patches.shape
    # (D, K * N), films side by side: powers and sums then run over whole rows of films.
    columns = np.ascontiguousarray(patches.transpose(2, 1, 0)).reshape(dimension, kept * films)
    known = np.ascontiguousarray(counts.T).T
    cosines = (text @ columns).reshape(len(text), kept, films)
    found = np.zeros((films, len(text)))
    for k, of_phrase in enumerate(cosines):  # one after the other, each within the cache
        found[:, k] = pooled_logits(of_phrase.T, scoring, counts=known)
    return found


@dataclass(frozen=True, slots=True)
class PhraseBase:
    """What each of S phrases scores on films that know nothing of it: (S,) float64 each."""

    mean: Float64
    spread: Float64


def phrase_base(logits: Numbers, *, weight: Numbers | None = None) -> PhraseBase:
    """Base of S phrases from their pooled logits (N, S) on N other films, at least two.

    Args:
        logits: Of the other films.
        weight: (N,) how much each film counts; one each when None.
    """
    if logits.ndim != 2 or len(logits) < 2:
        raise ValueError(f"A base needs the logits (films >= 2, phrases), got {logits.shape}.")
    values = logits.astype(np.float64)
    share = np.ones(len(values)) if weight is None else weight.astype(np.float64)
    share = share / share.sum()
    mean = share @ values
    spread = np.sqrt(share @ (values - mean) ** 2)
    return PhraseBase(mean, np.maximum(spread, MIN_SPREAD))


# Phrases that hardly vary over films say nothing; without a floor their noise would count most.
MIN_SPREAD = 0.05


def log_odds(logits: Numbers, base: PhraseBase) -> Float64:
    """Natural log odds over the base rate of each phrase: (..., S) -> (..., S).

    One standard deviation above other films is worth one unit: a logistic fit over 14 findings of
    the validation films gives 1.0 and an offset of 0.0 (`benchmarks/score.py`).
    """
    return np.asarray((logits - base.mean) / base.spread, dtype=np.float64)


def statement_gains(odds: Float64, assertions: Sequence[Assertion] | NDArray[np.str_]) -> Float64:
    """What each of S statements adds to an agreement, from its log-odds (..., S): (..., S).

    Present ones add theirs, uncertain ones half of it. Absent ones take away a quarter of the
    softplus, so that a film that shows what is denied loses more the clearer it shows it, and one
    that does not wins next to nothing: most films lack most findings. Those that are not about the
    image add nothing. Halves and quarters were chosen on phantoms of a training seed.
    """
    said = np.asarray(assertions, dtype=np.str_)
    weight = np.zeros(len(said))
    for assertion, value in _WEIGHTS.items():
        weight[said == assertion] = value
    gains = np.asarray(odds * weight, dtype=np.float64)
    absent = np.flatnonzero(said == "absent")
    denied = np.log(2.0) - np.logaddexp(0.0, odds[..., absent])
    gains[..., absent] = denied * _WEIGHTS["absent"]
    return gains


def report_log_odds(odds: Float64, assertions: Sequence[Assertion]) -> Float64:
    """Agreement of images with a report of S sentences, from their log-odds (..., S): (...).

    Sentences are taken as independent: the sum of `statement_gains`.
    """
    return np.asarray(statement_gains(odds, assertions).sum(axis=-1), dtype=np.float64)


_WEIGHTS: dict[Assertion, float] = {
    "present": 1.0,
    "absent": 0.25,
    "uncertain": 0.5,
    "not about the image": 0.0,
}


def representatives(grid: Float32, *, count: int = REPRESENTATIVES) -> tuple[Float32, Float32]:
    """Find a few vectors that stand for all patches of a film.

    The first is near the mean direction, each further one the patch that is least like all chosen
    before, so that what is rare on the film (a nodule) is kept. Then every patch is counted with
    the one it is most like, and each vector becomes the mean of the patches it stands for.

    Args:
        grid: Patch embeddings (h, w, D) or (R, D).
        count: How many to keep, at most R.

    Returns:
        patches: (K, D) float32, not of unit norm; a cosine with one is a mean of cosines.
        counts: (K,) float32, their sum is R.
    """
    rows = grid.reshape(-1, grid.shape[-1]).astype(np.float32)
    chosen = [int(np.argmax(rows @ rows.mean(0)))]
    nearest = rows @ rows[chosen[0]]
    nearest[chosen[0]] = np.inf
    owner = np.zeros(len(rows), dtype=np.int64)
    for number in range(1, min(count, len(rows))):
        chosen.append(int(np.argmin(nearest)))
        cosine = rows @ rows[chosen[-1]]
        owner[cosine > nearest] = number
        nearest = np.maximum(nearest, cosine)
        nearest[chosen[-1]] = np.inf  # never chosen twice, whatever its norm
    owner[chosen] = np.arange(len(chosen))
    counts = np.bincount(owner, minlength=len(chosen)).astype(np.float32)
    sums = np.zeros((len(chosen), rows.shape[1]), dtype=np.float64)
    np.add.at(sums, owner, rows)
    return (sums / counts[:, None]).astype(np.float32), counts


def film_vector(grid: Float32) -> Float32:
    """Mean direction (D,) of patches (h, w, D): what a film looks like as a whole, unit norm."""
    mean = grid.reshape(-1, grid.shape[-1]).mean(0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)


def _max(scores: Numbers, counts: Numbers) -> Numbers:  # noqa: ARG001
    return np.asarray(scores.max(-1))


def _mean(scores: Numbers, counts: Numbers) -> Numbers:
    return np.asarray((scores * counts).sum(-1) / counts.sum(-1))


def _log_sum_exp(scores: Numbers, counts: Numbers) -> Numbers:
    top = scores.max(-1, keepdims=True)
    # Half of the digits for the powers, which take most of the time.
    powers = (scores - top).astype(np.float32, copy=False)
    np.exp(powers, out=powers)
    powers *= counts
    return np.asarray(top[..., 0] + np.log(powers.sum(-1) / counts.sum(-1)))


def _attention(scores: Numbers, counts: Numbers) -> Numbers:
    weight = np.exp(scores - scores.max(-1, keepdims=True)) * counts
    return np.asarray((weight * scores).sum(-1) / weight.sum(-1))


def _noisy_or(scores: Numbers, counts: Numbers) -> Numbers:
    # log(1 - sigmoid(s)) = -log(1 + exp(s)); none at all is the product over patches.
    precise = scores.astype(np.float64)
    log_none = np.minimum(-(np.logaddexp(0.0, precise) * counts).sum(-1), -1e-7)
    return np.asarray(np.log(-np.expm1(log_none)) - log_none)


# The names, formulas and order of `explorer.encoders.pooling`; a test keeps the twins equal.
_POOLS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "max": _max,
    "mean": _mean,
    "log-sum-exp": _log_sum_exp,
    "attention": _attention,
    "noisy-or": _noisy_or,
}
POOLING_NAMES: tuple[str, ...] = tuple(_POOLS)
