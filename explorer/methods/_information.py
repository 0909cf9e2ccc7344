"""How much regions and sentences tell of each other, by every bound, on held-out pairs.

The critic is the checkpoint's own cosine with a scale and a bias, fitted for each estimator on
pairs that are not measured, so each value is a bound that held-out pairs obey. Three questions:

* local: the cosine of a sentence with its best region (max, as in Liao et al., MICCAI 2021);
* global: with the vector of the whole film;
* sum: the bounds of all single regions, added. Liao et al. call it "typically" a lower bound of the
  global information. It is one where regions add up, and not where they repeat each other: so it is
  shown beside the global bound and may fail.

Plain arrays in, plain numbers out; torch stays inside.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from explorer.entities import Float32
from explorer.methods._bounds import BOUND_NAMES, bound, require_pairs

LEVELS = ("local", "global", "sum")
_FIT_STEPS = 150
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Films and what is said of them, unit vectors of one space.

    Attributes:
        films: (N, D) one vector a film.
        regions: (N, R, D) in rows of a grid.
        sentences: (P, D).
        owner: (P,) film of each sentence; every film has one.
        text: (P,) equal numbers for equal words.
        patient: (N,) equal numbers for one patient.
    """

    films: Float32
    regions: Float32
    sentences: Float32
    owner: NDArray[np.intp]
    text: NDArray[np.intp]
    patient: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Estimates:
    """What an estimator says, in nats: (N batches,) each; `jsd` is no information."""

    local: NDArray[np.float64]
    whole: NDArray[np.float64]
    summed: NDArray[np.float64]

    def levels(self) -> dict[str, NDArray[np.float64]]:
        """By the names of `LEVELS`."""
        return dict(zip(LEVELS, (self.local, self.whole, self.summed), strict=True))


@dataclass(frozen=True, slots=True)
class Claim:
    """Is the sum of local bounds below the global one?

    Attributes:
        verdict: "holds" or "fails" where the difference is beyond two standard errors, else
            "undecided".
        excess: Mean of sum - global, in nats.
        error: Its standard error over batches.
    """

    verdict: str
    excess: float
    error: float


def measure(
    learned: Pairs,
    held_out: Pairs,
    *,
    estimators: Sequence[str] = BOUND_NAMES,
    size: int = 32,
    batches: int = 50,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> dict[str, Estimates]:
    """Estimates by name, over the same batches of held-out films.

    Args:
        learned: Pairs on which scale and bias are fitted.
        held_out: Pairs that are measured.
        estimators: Names of bounds.
        size: K, films of a batch; each with one sentence drawn at random.
        batches: How many are drawn.
        seed: Of all draws.
        progress: Told how many estimators are done.
    """
    steps = [_Step(learned, rows) for rows in _draws(learned, size, 20, seed=seed)]
    asked = [_Step(held_out, rows) for rows in _draws(held_out, size, batches, seed=seed + 1)]
    found = {}
    for done, name in enumerate(estimators):
        progress(done, len(estimators))
        values = {}
        for level in LEVELS:
            critic = _fit(name, level, steps)
            with torch.no_grad():
                told = [_told(name, critic, step, level).item() for step in asked]
            values[level] = np.array(told)
        found[name] = Estimates(values["local"], values["global"], values["sum"])
    progress(len(estimators), len(estimators))
    return found


def claim(summed: NDArray[np.float64], whole: NDArray[np.float64]) -> Claim:
    """Compare the sum of local bounds with the global bound of the same batches.

    >>> claim(np.array([3.0, 3.1]), np.array([1.0, 1.0])).verdict
    'fails'
    """
    gap = summed - whole
    error = float(gap.std(ddof=1) / math.sqrt(len(gap))) if len(gap) > 1 else math.inf
    excess = float(gap.mean())
    if abs(excess) <= 2 * error:
        return Claim("undecided", excess, error)
    return Claim("fails" if excess > 0 else "holds", excess, error)


class _Step:
    """Cosine tables of one batch: rows are films, columns their drawn sentences."""

    def __init__(self, pairs: Pairs, chosen: tuple[NDArray[np.intp], NDArray[np.intp]]) -> None:
        films, said = chosen
        text = torch.from_numpy(pairs.sentences[said]).float()
        regions = torch.from_numpy(pairs.regions[films]).float()
        slots = torch.einsum("brd,cd->rbc", regions, text)
        self.tables = {
            "local": slots.amax(0, keepdim=True),
            "global": (torch.from_numpy(pairs.films[films]).float() @ text.T)[None],
            "sum": slots,
        }
        patient = pairs.patient[films]
        own = [set(pairs.text[pairs.owner == film]) for film in films]
        same = np.array([[t in mine for t in pairs.text[said]] for mine in own])
        other = (patient[:, None] != patient) & ~same
        self.negative = torch.from_numpy(other)
        require_pairs(self.negative, name="An estimate of information")


class _Critic(nn.Module):
    """Scale and bias of each of some tables, around the mean cosine of what they are fitted on."""

    def __init__(self, centre: Tensor) -> None:
        super().__init__()
        self.centre = centre  # (tables, 1, 1)
        self.log_scale = nn.Parameter(torch.full_like(centre, math.log(5.0)))
        self.bias = nn.Parameter(torch.zeros_like(centre))

    def forward(self, cosines: Tensor) -> Tensor:
        return self.log_scale.exp() * (cosines - self.centre) + self.bias


def _fit(name: str, level: str, steps: Sequence[_Step]) -> _Critic:
    """Scale and bias by which the estimator says most on the pairs that may be learned from."""
    seen = torch.stack([step.tables[level] for step in steps])
    critic = _Critic(seen.mean((0, 2, 3))[:, None, None])
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.1)
    for number in range(_FIT_STEPS):
        optimizer.zero_grad()
        (-_told(name, critic, steps[number % len(steps)], level)).backward()
        optimizer.step()
    return critic


def _told(name: str, critic: _Critic, step: _Step, level: str) -> Tensor:
    """The bound of a batch, in nats; the sum of those of all its tables."""
    return bound(name, critic(step.tables[level]), negative=step.negative).sum()


def _draws(
    pairs: Pairs, size: int, count: int, *, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Films of each batch, and one sentence of each."""
    rng = np.random.default_rng([seed, 2019])
    said = [np.flatnonzero(pairs.owner == film) for film in range(len(pairs.films))]
    for _ in range(count):
        films = rng.choice(len(pairs.films), size, replace=False)
        yield films, np.array([rng.choice(said[film]) for film in films])
