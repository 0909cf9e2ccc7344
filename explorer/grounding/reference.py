"""How the score of a phrase on a film stands among reference films that look alike.

Films differ in more than findings: a portable film, or a rendered one, raises the scores of
phrases that it has nothing to do with. So every reference film counts by how much its patches look
like those of the film in question, on the whole.

The grade comes from the log-odds over films that show something (`log_odds`): a score that is
usual among them is no sign of this finding, even where it lies above most normal films, on which
a model that was trained with them scores too low. As far as a film looks like a rendered one, they
are read by what they are worth there for this phrase (`explorer.grounding.evidence`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.embeddings import SHOWN_FROM, ReferenceFilms, Scoring
from explorer.entities import Float32, Grade, Standing
from explorer.grounding.alignment import (
    Float64,
    film_logits,
    log_odds,
    phrase_base,
    pooled_logits,
)
from explorer.grounding.evidence import evidence

# Difference of cosine of two mean patches that makes a film count 1 / e as much.
LIKENESS = 0.02
# Log-odds from which a phrase stands out; from which it is shown, the bank says.
STANDS_OUT_FROM = 0.5

_TELLING = 50  # of 100 films; fewer give no reason to doubt

Reading = Callable[[Float64], Float64]


def reference_logits(films: ReferenceFilms, text: Float32, scoring: Scoring) -> Float32:
    """Pooled logits (N, S) float32 of the reference films for phrases (S, D): cache them."""
    found = film_logits(films.patches, films.counts, text @ films.basis, scoring)
    return found.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Line:
    """Logits of one pooling read as those of another."""

    slope: float
    offset: float

    def of(self, logits: Float64) -> Float64:
        """The same in the other pooling's logits."""
        return self.slope * logits + self.offset


def pooling_line(films: ReferenceFilms, text: Float32, scoring: Scoring, *, pooling: str) -> Line:
    """The line from logits of a pooling to those of the checkpoint's own that fits films best.

    Args:
        films: Of the checkpoint; every third is enough for two numbers.
        text: (S, D), of phrases some of which are on the films and some on none.
        scoring: Of the checkpoint.
        pooling: The other one.
    """
    n, k, d = films.patches[::3].shape
    flat = (text @ films.basis) @ films.patches[::3].reshape(n * k, d).T
    cosines, counts = flat.reshape(len(text), n, k), films.counts[::3]
    own = pooled_logits(cosines, scoring, counts=counts).ravel()
    other = pooled_logits(cosines, scoring, counts=counts, pooling=pooling).ravel()
    spread = float(other.std())
    if spread == 0:
        return Line(0.0, float(own.mean()))
    slope = float(((own - own.mean()) * (other - other.mean())).mean()) / spread**2
    return Line(slope, float(own.mean()) - slope * float(other.mean()))


def likeness(films: ReferenceFilms, grid: Float32) -> Float64:
    """(N,) how much each reference film counts for a film with patches (h, w, D); 1 at most."""
    own = grid.reshape(-1, grid.shape[-1]).mean(0) @ films.basis
    cosine = films.means @ own / (np.linalg.norm(own) + 1e-12)
    return np.asarray(np.exp((cosine - cosine.max()) / LIKENESS), dtype=np.float64)


def rendered_share(films: ReferenceFilms, weight: Float64) -> float:
    """How much a film with the weights (N,) of `likeness` looks like a rendered one, in [0, 1]."""
    if films.rendered is None:
        return 0.0
    return float(weight[films.rendered].sum() / weight.sum())


def reading(films: ReferenceFilms, text: Float32, *, weight: Float64) -> Reading | None:
    """How log-odds of phrases (S, D) are read on a film with the weights (N,) of `likeness`."""
    learned, share = films.evidence, rendered_share(films, weight)
    if learned is None or share == 0:
        return None
    return lambda odds: share * evidence(learned, text, odds) + (1 - share) * odds


def standings(
    logits: NDArray[np.floating],
    reference: Float32,
    *,
    weight: Float64,
    normal: NDArray[np.bool_],
    known: Sequence[bool],
    read: Reading | None = None,
    shown_from: float = SHOWN_FROM,
) -> tuple[Standing, ...]:
    """Say for each of S phrases how its logit stands among N reference films.

    Args:
        logits: (S,) pooled logits of the film in question.
        reference: (N, S) of `reference_logits`.
        weight: (N,) of `likeness`.
        normal: (N,) which reference films are normal; there are films of both kinds.
        known: (S,) whether the checkpoint knows what the phrase speaks of.
        read: How log-odds (S,) are read on this film; None takes them as they are.
        shown_from: Log-odds from which a phrase is shown.
    """
    base = phrase_base(reference[~normal], weight=weight[~normal])
    odds = log_odds(logits, base)
    odds = odds if read is None else read(odds)
    lower = reference < logits
    among_normal = _share(lower[normal], weight[normal])
    among_all = _share(lower, weight)
    return tuple(
        _standing(float(a), float(b), float(c), known=k, shown_from=shown_from)
        for a, b, c, k in zip(among_normal, among_all, odds, known, strict=True)
    )


def _share(lower: NDArray[np.bool_], weight: Float64) -> Float64:
    return np.asarray(weight @ lower / weight.sum(), dtype=np.float64)


def _standing(
    among_normal: float, among_all: float, odds: float, *, known: bool, shown_from: float
) -> Standing:
    grade = _grade(odds, shown_from) if known else "unknown phrase"
    return Standing(grade, among_normal, among_all, odds, _reason(grade, among_normal, among_all))


def _grade(odds: float, shown_from: float) -> Grade:
    if odds >= STANDS_OUT_FROM:
        return "stands out"
    return "doubtful" if odds >= shown_from else "not above normal films"


def _reason(grade: Grade, among_normal: float, among_all: float) -> str:
    if grade == "unknown phrase":
        return "The model was not taught what this phrase speaks of, so its map means nothing."
    weaker, stronger = round(100 * (1 - among_normal)), round(100 * among_normal)
    if grade == "stands out":
        return f"Stronger than in {stronger} of 100 normal films."
    if grade == "doubtful":
        return f"Stronger than in {stronger} of 100 normal films, which leaves doubt."
    if weaker >= _TELLING:
        return f"Weaker than in {weaker} of 100 normal films."
    if (others := round(100 * (1 - among_all))) >= _TELLING:
        return f"Weaker than in {others} of 100 films of all kinds."
    return (
        f"Stronger than in {stronger} of 100 normal films, but for this phrase that is not enough."
    )
